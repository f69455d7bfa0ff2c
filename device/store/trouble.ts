/**
 * Trouble of the database that has nothing to do with what is written: it passes, or the user can
 * fix it. SQLite's result codes: sqlite.org/rescode.html.
 */
import { accessSync, constants, existsSync, statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import { FedError } from '../../adapters/errors.ts'
import type { StoreCause } from './health.ts'

/** By the beginning of the code, of SQLite or of the operating system. */
const CAUSES: readonly (readonly [begin: string, cause: StoreCause])[] = [
  ['SQLITE_FULL', 'full'],
  ['SQLITE_BUSY', 'locked'],
  ['SQLITE_LOCKED', 'locked'],
  ['SQLITE_PROTOCOL', 'locked'],
  ['SQLITE_READONLY', 'read_only'],
  ['SQLITE_CORRUPT', 'damaged'],
  ['SQLITE_NOTADB', 'damaged'],
  ['SQLITE_CANTOPEN', 'unreadable'],
  ['SQLITE_PERM', 'unreadable'],
  ['SQLITE_AUTH', 'unreadable'],
  ['SQLITE_NOLFS', 'full'],
  ['SQLITE_IOERR', 'failing'],
  ['SQLITE_NOMEM', 'failing'],
  ['JOURNAL', 'behind'],
  ['ENOSPC', 'full'],
  ['EDQUOT', 'full'],
  ['EFBIG', 'full'],
  ['EROFS', 'read_only'],
  ['EACCES', 'unreadable'],
  ['EPERM', 'unreadable'],
  ['ENOENT', 'unreadable'],
  ['EIO', 'failing'],
  ['EMFILE', 'failing'],
  ['ENFILE', 'failing'],
]

/** null: the fault lies in what was to be written, and retrying cannot help. */
export const causeOf = (error: unknown): StoreCause | null => {
  const { code } = Object(error) as { code?: unknown }
  if (typeof code !== 'string') return null
  return CAUSES.find(([begin]) => code.startsWith(begin))?.[1] ?? null
}

/** With less, the next write may fail. */
const MIN_FREE_BYTES = 256e3

/** What is visibly wrong with the folder or file of a database; null: nothing. */
export const troubleAt = (path: string): StoreCause | null => {
  const folder = dirname(path)
  for (const place of [folder, path]) {
    if (place === path && !existsSync(path)) continue
    try {
      accessSync(place, constants.W_OK)
    } catch (error) {
      return causeOf(error)
    }
  }
  return freeBytesOn(folder) < MIN_FREE_BYTES ? 'full' : null
}

export const freeBytesOn = (folder: string): number => {
  const { bavail, bsize } = statfsSync(folder)
  return bavail * bsize
}

/** The error with the code of its cause: SQLite does not say why it cannot create a file. */
export const explained = (error: unknown, path: string): unknown => {
  const cause = causeOf(error)
  if (cause !== 'unreadable' && cause !== 'failing') return error
  const behind = troubleAt(path)
  const code = behind === 'full' ? 'ENOSPC' : behind === 'read_only' ? 'EROFS' : null
  return code ? Object.assign(new Error(code, { cause: error }), { code }) : error
}

/** For people: what is wrong, and what to do. */
export const TROUBLE: Readonly<
  Record<StoreCause, { readonly what: string; readonly mend: string }>
> = {
  full: {
    what: "the disk of the device's home is full",
    mend: 'free some space, or remove the folder `states` of the home',
  },
  locked: {
    what: 'another program holds loreweave.db locked',
    mend: 'close it: a database browser, a backup or another loreweave command',
  },
  read_only: {
    what: "the device's home cannot be written to",
    mend: 'mount its disk writable again, and give the home back to its user',
  },
  damaged: {
    what: 'loreweave.db is damaged',
    mend: 'loreweave doctor says how to recover it',
  },
  unreadable: {
    what: 'loreweave.db cannot be opened',
    mend: 'see who owns the home, and whether its disk is there',
  },
  failing: {
    what: "the disk of the device's home fails",
    mend: 'look at the log of this computer for errors of the disk',
  },
  behind: {
    what: 'another program reads loreweave.db and does not end, so that its journal only grows',
    mend: 'close it: a database browser or a backup',
  },
}

/** E_STORE: nothing of the write was stored. */
export const notKept = (cause: StoreCause, error?: unknown): FedError => {
  const { what, mend } = TROUBLE[cause]
  return new FedError('E_STORE', `nothing was kept: ${what}. To mend it: ${mend}; then try again`, {
    cause: error,
  })
}
