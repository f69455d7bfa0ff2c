/** Replaces a file whole: after a crash, or a power cut, its name leads to the old bytes or to the new ones. */
import {
  chmodSync,
  closeSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { type FileHandle, open, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'

type Bytes = string | Uint8Array | AsyncIterable<Uint8Array>

export type ReplaceOptions = {
  /** Permissions of the new file; without them it has those of any new file. */
  readonly mode?: number
  /** Where the bytes are written first: another name in the same folder. */
  readonly temporary?: string
  /** false: for what can be made again. A power cut may leave it empty, and it is written sooner. */
  readonly isFlushed?: boolean
}

/**
 * The bytes are on the disk before the name says so, and the name before this resolves. If they come
 * in pieces and reading one fails, the old file stays.
 */
export const replaceFile = async (
  path: string,
  bytes: Bytes,
  { mode = 0o666, temporary = temporaryName(path), isFlushed = true }: ReplaceOptions = {},
): Promise<void> => {
  try {
    if (isFlushed) await writeFlushed(temporary, bytes, mode)
    else await writeFile(temporary, bytes, { mode })
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  if (isFlushed && opensFolders) await closing(await open(dirname(path), 'r'), (it) => it.sync())
}

/** The same, before this thread does anything else. */
export const replaceFileSync = (
  path: string,
  bytes: string | Uint8Array,
  { mode, temporary = temporaryName(path), isFlushed = true }: ReplaceOptions = {},
): void => {
  try {
    writeFileSync(temporary, bytes, { mode, flush: isFlushed })
    if (mode !== undefined) chmodSync(temporary, mode)
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
  if (!isFlushed || !opensFolders) return
  const folder = openSync(dirname(path), 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}

const temporaryName = (path: string): string => `${path}.${process.pid}.tmp`

/** Windows opens no folders, and renames durably by itself. */
const opensFolders = process.platform !== 'win32'

const writeFlushed = async (path: string, bytes: Bytes, mode: number) => {
  await closing(await open(path, 'w', mode), async (file) => {
    await writeFile(file, bytes)
    await file.sync()
  })
}

const closing = async (file: FileHandle, work: (file: FileHandle) => Promise<void>) => {
  try {
    await work(file)
  } finally {
    await file.close()
  }
}
