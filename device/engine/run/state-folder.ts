/** Cached states on disk, one file a text, readable by its owner alone since they derive from
 *  private text.
 *  A file is its SHA-256 and the numbers, written under another name and renamed. A file whose
 *  digest differs is not used, so nothing here waits for the disk. Several processes may share a
 *  folder. */
import { createHash } from 'node:crypto'
import { readFileSync, utimesSync } from 'node:fs'
import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { replaceFile } from '../../../adapters/node/replace-file.ts'

/** generation: names everything but the text that decides the numbers. */
export type StateKey = { readonly generation: string; readonly text: string }

export type StateFolder = {
  /** undefined when it is missing, damaged or of another length. */
  read(key: StateKey, length: number): Float32Array | undefined
  /** Writes in the background; waits only beyond BACKLOG_BYTES. A full disk is no error. */
  write(key: StateKey, states: Float32Array): Promise<void>
  /** Deletes other generations, and files that a killed process left half written. */
  begin(generations: readonly string[]): Promise<void>
  flush(): Promise<void>
}

type StateFolderOptions = {
  readonly folder: string
  /** Names the weights and whatever else changes every number: part of each generation. */
  readonly base: string
  /** Beyond this, files are deleted, the least recently read first. */
  readonly maxBytes: number
}

export const openStateFolder = ({ folder, base, maxBytes }: StateFolderOptions): StateFolder => {
  const names = new Map<string, string>()
  const folderOf = (generation: string): string => {
    const known = names.get(generation) ?? join(folder, sha256(base, generation).slice(0, 24))
    names.set(generation, known)
    return known
  }
  const pathOf = ({ generation, text }: StateKey) =>
    join(folderOf(generation), `${sha256(base, generation, text)}.states`)

  let unchecked = maxBytes
  const save = async (path: string, file: Uint8Array): Promise<void> => {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    await replaceFile(path, file, { mode: 0o600, isFlushed: false })
    unchecked += file.length
    if (unchecked <= maxBytes) return
    unchecked = 0
    unchecked = await evict(folder, maxBytes)
  }
  const writes = backlog(save)
  return {
    read: (key, length) => readChecked(pathOf(key), length),
    write(key, states) {
      const data = new Uint8Array(states.buffer, states.byteOffset, states.byteLength)
      return writes.add(pathOf(key), Buffer.concat([checksum(pathOf(key), data), data]))
    },
    begin: (generations) => keepOnly(folder, new Set(generations.map(folderOf))),
    flush: writes.flush,
  }
}

/** Files that are being written. A failure is no error: the numbers can be computed again. */
const backlog = (save: (path: string, file: Uint8Array) => Promise<void>) => {
  const pending = new Set<Promise<void>>()
  let pendingBytes = 0
  return {
    async add(path: string, file: Uint8Array): Promise<void> {
      pendingBytes += file.length
      const writing = save(path, file)
        .catch(() => undefined)
        .finally(() => {
          pending.delete(writing)
          pendingBytes -= file.length
        })
      pending.add(writing)
      // ONNX holds the thread for whole runs, so earlier writes can only continue in this turn.
      await new Promise(setImmediate)
      while (pendingBytes > BACKLOG_BYTES) await Promise.race(pending)
    },
    async flush(): Promise<void> {
      await Promise.all(pending)
    },
  }
}

const readChecked = (path: string, length: number): Float32Array | undefined => {
  let file: Buffer
  try {
    file = readFileSync(path)
  } catch {
    return undefined
  }
  if (file.length !== CHECKSUM_BYTES + 4 * length) return undefined
  const data = file.subarray(CHECKSUM_BYTES)
  if (!checksum(path, data).equals(file.subarray(0, CHECKSUM_BYTES))) return undefined
  touch(path)
  // A copy: a Buffer's offset need not be a multiple of 4.
  return new Float32Array(new Uint8Array(data).buffer)
}

const keepOnly = async (folder: string, kept: ReadonlySet<string>): Promise<void> => {
  for (const name of await list(folder)) {
    const path = join(folder, name)
    if (!kept.has(path)) await rm(path, { recursive: true, force: true })
    else
      for (const file of await list(path))
        if (file.endsWith('.tmp')) await rm(join(path, file), { force: true })
  }
}

const CHECKSUM_BYTES = 32
/** Bytes that may wait in memory to be written: a few dozen texts. */
const BACKLOG_BYTES = 64 * 2 ** 20
/** Eviction goes this far below the bound, so that it is rare. */
const KEPT_SHARE = 0.9

/** Over the numbers and the file's name, so that a file under another's name is refused. */
const checksum = (path: string, data: Uint8Array): Buffer =>
  createHash('sha256').update(basename(path)).update(data).digest()

const sha256 = (...parts: readonly string[]): string =>
  createHash('sha256').update(parts.join('\n')).digest('hex')

/** Deletes the least recently read files beyond the limit; returns the bytes left. */
const evict = async (folder: string, maxBytes: number): Promise<number> => {
  const files: { path: string; size: number; at: number }[] = []
  for (const generation of await list(folder))
    for (const name of await list(join(folder, generation))) {
      const path = join(folder, generation, name)
      const found = await stat(path).catch(() => undefined)
      if (found) files.push({ path, size: found.size, at: found.mtimeMs })
    }
  let bytes = files.reduce((sum, { size }) => sum + size, 0)
  if (bytes <= maxBytes) return bytes
  for (const { path, size } of files.sort((a, b) => a.at - b.at)) {
    if (bytes <= KEPT_SHARE * maxBytes) break
    await rm(path, { force: true })
    bytes -= size
  }
  return bytes
}

const list = (folder: string): Promise<string[]> => readdir(folder).catch(() => [])

const touch = (path: string): void => {
  const now = new Date()
  try {
    utimesSync(path, now, now)
  } catch {
    // Another process has deleted it meanwhile; the numbers that were read are good.
  }
}
