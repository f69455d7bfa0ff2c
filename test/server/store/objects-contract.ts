/** What every place for objects keeps to. open: gives an empty one. */
import { expect, test } from 'vitest'
import { sha256Hex } from '../../../adapters/node/sha256.ts'
import type { ByteStream, Objects } from '../../../server/store/objects.ts'

const bytes = Uint8Array.from({ length: 200_000 }, (_, i) => (i * 7 + (i >> 8)) & 255)
const hash = sha256Hex(bytes)

/** In pieces of n bytes; size is what is claimed. */
const piecesOf = (all: Uint8Array, n: number, size = all.length): ByteStream => {
  let at = 0
  return {
    size,
    stream: new ReadableStream({
      pull(controller) {
        if (at < all.length) controller.enqueue(all.slice(at, at + n))
        else controller.close()
        at += n
      },
    }),
  }
}

const readAll = async (read: ByteStream | null): Promise<Uint8Array> => {
  const pieces: Uint8Array[] = []
  for await (const piece of read!.stream) pieces.push(piece)
  return new Uint8Array(Buffer.concat(pieces))
}

/** An equality of large arrays takes a second. */
const expectBytes = (got: Uint8Array | undefined, expected: Uint8Array) =>
  expect([got?.length, got && sha256Hex(got)]).toEqual([expected.length, sha256Hex(expected)])

export const objectsContract = (open: () => Objects | Promise<Objects>): void => {
  test('objects come back byte for byte, and putting or dropping twice is fine', async () => {
    const objects = await open()
    expect(await objects.get(hash)).toBeUndefined()
    expect(await objects.has(hash)).toBe(false)
    await objects.put(hash, bytes)
    await objects.put(hash, bytes)
    expectBytes(await objects.get(hash), bytes)
    expect(await objects.has(hash)).toBe(true)
    expect(await objects.list()).toEqual([hash])
    await objects.drop(hash)
    await objects.drop(hash)
    expect(await objects.get(hash)).toBeUndefined()
    expect(await objects.list()).toEqual([])
  })

  test.each([1000, 65_536, 200_000])('a stream of pieces of %i bytes is kept', async (n) => {
    const objects = await open()
    await objects.put(hash, piecesOf(bytes, n))
    await objects.put(hash, piecesOf(bytes, n))
    expectBytes(await objects.get(hash), bytes)
  })

  test('an object without bytes is one', async () => {
    const objects = await open()
    const empty = new Uint8Array()
    await objects.put(sha256Hex(empty), piecesOf(empty, 1))
    expect((await objects.get(sha256Hex(empty)))?.length).toBe(0)
    expectBytes(await readAll(await objects.read(sha256Hex(empty))), empty)
  })

  test.each([
    ['other bytes', () => piecesOf(bytes.slice().reverse(), 5000)],
    ['fewer bytes', () => piecesOf(bytes.slice(0, -1), 5000, bytes.length)],
    ['more bytes', () => piecesOf(bytes, 5000, bytes.length - 1)],
  ])('a stream of %s is refused with E_CHECKSUM, and nothing of it is seen', async (_, stream) => {
    const objects = await open()
    await expect(objects.put(hash, stream())).rejects.toMatchObject({ code: 'E_CHECKSUM' })
    expect(await objects.has(hash)).toBe(false)
    expect(await objects.list()).toEqual([])
  })

  test('a stream that breaks off leaves nothing behind, and the object that was there', async () => {
    const objects = await open()
    const broken = () => {
      const { size } = piecesOf(bytes, 1)
      let isFirst = true
      const stream = new ReadableStream({
        pull(controller) {
          if (isFirst) controller.enqueue(bytes.slice(0, 1000))
          else controller.error(new Error('the line went dead'))
          isFirst = false
        },
      })
      return { size, stream }
    }
    await expect(objects.put(hash, broken())).rejects.toThrow()
    expect(await objects.list()).toEqual([])
    await objects.put(hash, bytes)
    await expect(objects.put(hash, broken())).rejects.toThrow()
    expectBytes(await objects.get(hash), bytes)
  })

  test.each([
    [undefined, 0, 200_000],
    [{ start: 0, end: 1 }, 0, 1],
    [{ start: 70_000 }, 70_000, 200_000],
    [{ end: 70_001 }, 0, 70_001],
    [{ start: 199_999, end: 300_000 }, 199_999, 200_000],
    [{ start: 200_000 }, 0, 0],
    [{ start: 5, end: 5 }, 0, 0],
  ])('the range %j is read as a stream', async (range, start, end) => {
    const objects = await open()
    await objects.put(hash, bytes)
    const read = await objects.read(hash, range)
    expect(read?.size).toBe(200_000)
    expectBytes(await readAll(read), bytes.slice(start, end))
  })

  test('a stream can be given up, and what is missing has none', async () => {
    const objects = await open()
    await objects.put(hash, bytes)
    for (let pieces = 0; pieces < 3; pieces++) {
      const reader = (await objects.read(hash))!.stream.getReader()
      for (let i = 0; i < pieces; i++) await reader.read()
      await reader.cancel()
    }
    // What a stream would still do, it does now.
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(await objects.read('0'.repeat(64))).toBeNull()
  })
}
