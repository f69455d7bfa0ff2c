/**
 * Updates as they arrive, in a folder: a file each, which stays when the connection breaks, so that
 * the upload can go on where it was. A crash may lose them; whole pieces are in shared-parts.ts as
 * well, and what is whole goes to the objects.
 */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, mkdir, open, readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { FedError, isFedError } from '../../adapters/errors.ts'
import { orMissing } from '../../adapters/node/or-missing.ts'
import { isDiskFailure } from '../store/disk-failure.ts'
import { type Body, bodyChunks, type SenderPace } from './paced.ts'

/** owner: of one upload at a time: a round and a device. digest: SHA-256 of the whole update. */
type UploadName = { readonly owner: string; readonly digest: string }

type Piece = {
  readonly body: Body
  /** Where it begins. */
  readonly offset: number
  /** Of the whole update. */
  readonly maxBytes: number
  /** Throws when these are not the bytes that were sent. digest: SHA-256 of the piece. */
  readonly check: (digest: Uint8Array) => void
}

export type PartialUploads = {
  /** How many bytes of it are here. */
  size(name: UploadName): Promise<number>
  /**
   * Writes a piece, where one from 0 on begins anew, then calls `then` with how many bytes are here.
   * The next piece of the same update waits for that, but a piece that is still arriving is given
   * up for it; other updates of the owner that broke off are dropped. Fails with E_CONFLICT when
   * the bytes before are not here, E_TOO_LARGE, E_TOO_SLOW, and the codes of `check` and `then`.
   * What came of a piece whose connection broke stays.
   */
  write<T>(name: UploadName, piece: Piece, then: (size: number) => Promise<T>): Promise<T>
  /** From `start` on. */
  read(name: UploadName, start?: number): Promise<Uint8Array>
  drop(name: UploadName): Promise<void>
  /** Drops what was last written before then. */
  sweep(before: number): Promise<void>
}

/** The folder is made (0700) when it is needed. Owners must be file names. */
export const partialUploads = (folder: string, pace: SenderPace): PartialUploads => {
  const arriving = new Map<string, { stop: AbortController; ended: Promise<unknown> }>()
  const newest = new Map<string, string>()
  const fileOf = ({ owner, digest }: UploadName) => join(folder, `${owner}.${digest}`)
  const sizeOf = (file: string) =>
    orMissing(
      stat(file).then(({ size }) => size),
      0,
    )

  const writeTo = async (file: string, piece: Piece, signal: AbortSignal): Promise<number> => {
    const size = await sizeOf(file)
    if (piece.offset > size)
      throw new FedError('E_CONFLICT', `expected the upload to go on at byte ${size}`)
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const handle = await open(file, piece.offset === 0 ? 'w' : 'r+', 0o600)
    try {
      await handle.truncate(piece.offset)
      return await writePiece(handle, piece, pace, signal)
    } finally {
      await handle.close()
    }
  }

  /** One broken update an owner, so that nobody can fill the disk with them. */
  const dropOlder = async ({ owner }: UploadName, file: string) => {
    const older = newest.get(owner)
    newest.set(owner, file)
    if (older && older !== file && !arriving.has(older)) await rm(older, { force: true })
  }

  return {
    size: (name) => sizeOf(fileOf(name)),
    async write(name, piece, then) {
      const file = fileOf(name)
      const earlier = arriving.get(file)
      const stop = new AbortController()
      const ended = (async () => {
        earlier?.stop.abort(new FedError('E_UNAVAILABLE', 'the upload was begun again'))
        await earlier?.ended.catch(() => {})
        await dropOlder(name, file)
        return then(await writeTo(file, piece, stop.signal))
      })()
      const own = { stop, ended }
      arriving.set(file, own)
      try {
        return await ended
      } finally {
        if (arriving.get(file) === own) arriving.delete(file)
      }
    },
    async read(name, start = 0) {
      if (start === 0) return new Uint8Array(await readFile(fileOf(name)))
      const pieces: Uint8Array[] = []
      for await (const piece of createReadStream(fileOf(name), { start })) pieces.push(piece)
      return new Uint8Array(Buffer.concat(pieces))
    },
    async drop(name) {
      const file = fileOf(name)
      if (newest.get(name.owner) === file) newest.delete(name.owner)
      await rm(file, { force: true })
    },
    async sweep(before) {
      for (const name of await orMissing(readdir(folder), [])) {
        const file = join(folder, name)
        if (arriving.has(file)) continue
        const found = await orMissing(stat(file), null)
        if (found && found.mtimeMs < before) await rm(file, { force: true })
      }
    },
  }
}

const writePiece = async (
  handle: FileHandle,
  { body, offset, maxBytes, check }: Piece,
  pace: SenderPace,
  signal: AbortSignal,
): Promise<number> => {
  const digest = createHash('sha256')
  let end = offset
  try {
    for await (const chunk of bodyChunks(body, { maxBytes: maxBytes - offset, pace, signal })) {
      digest.update(chunk)
      await handle.write(chunk, 0, chunk.length, end)
      end += chunk.length
    }
    check(new Uint8Array(digest.digest()))
    return end
  } catch (error) {
    // Only what came before a connection broke is as good as it was.
    if (isFedError(error) && !BROKEN.has(error.code)) await handle.truncate(offset)
    throw isFedError(error) ? error : broken(error)
  }
}

const BROKEN: ReadonlySet<string> = new Set(['E_TOO_SLOW', 'E_UNAVAILABLE'])

/** Nobody reads the answer to a body that broke off. */
const broken = (cause: unknown): unknown =>
  isDiskFailure(cause) || (cause as NodeJS.ErrnoException).code === 'EACCES'
    ? cause
    : new FedError('E_UNAVAILABLE', 'the body broke off', { cause })
