/** A home folder whose disk can be full, locked or read-only for a while. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openSqlite } from '../../adapters/node/sqlite.ts'

type Trouble = 'locked' | 'full' | 'read-only'

export type Disk = {
  readonly folder: string
  /** False where this computer does not let us: the disk then stays as it is. */
  readonly begin: (trouble: Trouble) => boolean
  readonly end: () => void
  readonly close: () => void
}

/** Enough for a home and little more. */
const SIZE_MEGABYTES = 96
const FILLER = 'filler'

/** A file system of its own if root on Linux can make one: only that can be full or read-only. */
export const openDisk = (folder: string): Disk => {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const isOwn = isMounted(folder)
  let release = (): void => {}
  const end = (): void => {
    release()
    release = () => {}
  }
  return {
    folder,
    begin: (trouble) => {
      end()
      const made = trouble === 'locked' ? lock(folder) : isOwn && DISK_TROUBLES[trouble](folder)
      if (made) release = made
      return Boolean(made)
    },
    end,
    close: () => {
      end()
      if (isOwn) tried('umount', '-l', folder)
    },
  }
}

const isMounted = (folder: string): boolean =>
  process.platform === 'linux' &&
  process.getuid?.() === 0 &&
  tried('mount', '-t', 'tmpfs', '-o', `size=${SIZE_MEGABYTES}m,mode=700`, 'tmpfs', folder)

/** Another program is in the middle of writing, as a database browser is. */
const lock = (folder: string): (() => void) | false => {
  const db = openSqlite(join(folder, 'home', 'loreweave.db'), { timeout: 3000 })
  try {
    db.exec('BEGIN IMMEDIATE')
    return () => void db.close()
  } catch {
    db.close()
    return false
  }
}

const DISK_TROUBLES = {
  full: (folder: string): (() => void) | false => {
    const path = join(folder, FILLER)
    try {
      for (;;) writeFileSync(path, Buffer.alloc(65_536), { flag: 'a' })
    } catch {
      return () => rmSync(path, { force: true })
    }
  },
  'read-only': (folder: string): (() => void) | false =>
    tried('mount', '-o', 'remount,ro', folder) &&
    (() => void tried('mount', '-o', 'remount,rw', folder)),
}

const tried = (command: string, ...args: string[]): boolean => {
  try {
    execFileSync(command, args, { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** Sum over all files below a folder. */
export const bytesIn = (folder: string): number =>
  filesIn(folder).reduce((sum, path) => sum + sizeOf(path), 0)

/** Those of the words that any file below a folder holds, as text in UTF-8. */
export const wordsIn = (folder: string, words: readonly string[]): string[] => {
  const found = new Set<string>()
  for (const path of filesIn(folder)) {
    const bytes = contentOf(path)
    for (const word of words) if (bytes.includes(word)) found.add(word)
  }
  return [...found]
}

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))

const sizeOf = (path: string): number => {
  try {
    return statSync(path).size
  } catch {
    return 0
  }
}

const contentOf = (path: string): Buffer => {
  try {
    return readFileSync(path)
  } catch {
    return Buffer.alloc(0)
  }
}
