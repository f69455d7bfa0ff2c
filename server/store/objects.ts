/**
 * Content-addressed bytes as an interface: updates and releases by the SHA-256 of their bytes. In a
 * folder: folder-objects.ts. The contract is test/server/store/objects-contract.ts.
 */
import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'
import { FedError } from '../../adapters/errors.ts'

/** Bytes that arrive piece by piece, and how many there will be. */
export type ByteStream = { readonly size: number; readonly stream: ReadableStream<Uint8Array> }

/** Of an object's bytes, from start up to, but without, end. */
export type ByteRange = { readonly start?: number; readonly end?: number }

export type Objects = {
  /**
   * Kept, and safe from a crash, before this resolves; half of an object is never seen. Again is
   * fine. A stream is checked: E_CHECKSUM when its bytes are not those of the hash, or not as many
   * as it said.
   */
  put(hash: string, bytes: Uint8Array | ByteStream): Promise<void>
  get(hash: string): Promise<Uint8Array | undefined>
  /** The bytes of the range as they are read; size is that of the whole object. */
  read(hash: string, range?: ByteRange): Promise<ByteStream | null>
  has(hash: string): Promise<boolean>
  /** Hashes of all objects, in no order. */
  list(): Promise<string[]>
  /** Forgetting what is not there is fine. */
  drop(hash: string): Promise<void>
}

/** Of a process, for tests. */
export const memoryObjects = (): Objects => {
  const objects = new Map<string, Uint8Array>()
  return {
    async put(hash, given) {
      if (given instanceof Uint8Array) objects.set(hash, given.slice())
      else objects.set(hash, await joined(checkedBytes(hash, given)))
    },
    get: async (hash) => objects.get(hash)?.slice(),
    async read(hash, range) {
      const bytes = objects.get(hash)
      if (!bytes) return null
      const { start, end } = withinSize(bytes.length, range)
      return { size: bytes.length, stream: new Blob([bytes.slice(start, end)]).stream() }
    },
    has: async (hash) => objects.has(hash),
    list: async () => [...objects.keys()],
    drop: async (hash) => void objects.delete(hash),
  }
}

/**
 * The bytes of a stream. The last piece comes only when all are known to be those of the hash; else
 * this fails with E_CHECKSUM.
 */
export async function* checkedBytes(
  hash: string,
  { size, stream }: ByteStream,
): AsyncGenerator<Uint8Array> {
  const digest = createHash('sha256')
  let seen = 0
  let last: Uint8Array | undefined
  for await (const piece of stream) {
    if (last) yield last
    last = piece
    seen += piece.length
    if (seen > size) break
    digest.update(piece)
  }
  const got = digest.digest('hex')
  if (seen !== size || got !== hash)
    throw new FedError(
      'E_CHECKSUM',
      `expected ${size} bytes of ${hash}, got ${seen > size ? 'more' : `${seen} of ${got}`}`,
    )
  if (last) yield last
}

/**
 * Piece by piece, as they are asked for; giving it up destroys the readable. Not Readable.toWeb: on
 * Node 20 it throws, where nobody can catch it, when a stream is given up while bytes arrive.
 */
export const webStreamOf = (readable: Readable): ReadableStream<Uint8Array> => {
  // Whoever reads is told by the iterator; after that nobody listens.
  readable.on('error', () => {})
  const pieces: AsyncIterator<Uint8Array> = readable[Symbol.asyncIterator]()
  return new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = await pieces.next()
        if (done) controller.close()
        else controller.enqueue(value)
      },
      cancel: () => void readable.destroy(),
    },
    { highWaterMark: 0 },
  )
}

/** A range with both ends, neither beyond the object. */
export const withinSize = (size: number, { start = 0, end = size }: ByteRange = {}) => ({
  start: Math.min(start, end, size),
  end: Math.min(end, size),
})

const joined = async (pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> => {
  const all: Uint8Array[] = []
  for await (const piece of pieces) all.push(piece)
  return new Uint8Array(Buffer.concat(all))
}
