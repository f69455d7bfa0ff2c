/** The payload of a container some of whose segments are encoded (version 2). */
import { z } from 'zod'
import { FedError } from '../errors.ts'
import { decodeValues, Encoding, encodedBytes } from '../formats/encoding.ts'
import type { Segment } from '../lora/layout.ts'
import { MAX_BINARY_BYTES } from '../wire/primitives.ts'

/** Where a segment of a container lies in its payload's bytes. */
export type Place = { readonly name: string; readonly start: number; readonly end: number }

/** What of a header says how its payload is read. */
const Coded = z.looseObject({
  segments: z.array(
    z.looseObject({
      name: z.string(),
      size: z
        .int()
        .min(0)
        .max(MAX_BINARY_BYTES / 4),
      encoding: Encoding.optional(),
    }),
  ),
})

type Sized = Pick<Segment, 'name' | 'size' | 'encoding'>

/** One after the other. */
export const placesOf = (segments: readonly Sized[]): Place[] => {
  let end = 0
  return segments.map(({ name, size, encoding }) => {
    const start = end
    end += encodedBytes(encoding, size)
    return { name, start, end }
  })
}

/** encoded: bytes of the segments that have an encoding, by name. */
export const writePayload = (
  segments: readonly Segment[],
  payload: Float32Array,
  encoded: ReadonlyMap<string, Uint8Array>,
): Uint8Array => {
  const places = placesOf(segments)
  const bytes = new Uint8Array(places.at(-1)?.end ?? 0)
  for (const [i, { name, offset, size }] of segments.entries()) {
    const plain = payload.subarray(offset, offset + size)
    const own =
      encoded.get(name) ?? new Uint8Array(plain.buffer, plain.byteOffset, plain.byteLength)
    bytes.set(own, places[i]!.start)
  }
  return bytes
}

/** Every number as float32. Fails with E_CONTAINER. */
export const readPayload = (header: unknown, bytes: Uint8Array): Float32Array => {
  const parsed = Coded.safeParse(header)
  if (!parsed.success) throw bad('encoded segments need a list of segments')
  const { segments } = parsed.data
  const count = segments.reduce((sum, { size }) => sum + size, 0)
  if (4 * count > MAX_BINARY_BYTES) throw bad(`its segments hold ${count} numbers`)
  const places = placesOf(segments)
  if ((places.at(-1)?.end ?? 0) !== bytes.length)
    throw bad(`its segments take ${places.at(-1)?.end ?? 0} bytes, the payload ${bytes.length}`)
  const payload = new Float32Array(count)
  let at = 0
  for (const [i, { size, encoding }] of segments.entries()) {
    const { start, end } = places[i]!
    decodeValues(encoding, bytes.subarray(start, end), payload.subarray(at, at + size))
    at += size
  }
  return payload
}

const bad = (message: string) => new FedError('E_CONTAINER', `container: ${message}`)
