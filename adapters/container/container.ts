/**
 * The binary envelope of updates and releases; byte layout in adapters/README.md. Numbers are
 * little-endian.
 */

import { FedError } from '../errors.ts'
import type { Encoding } from '../formats/encoding.ts'
import { type Segment, sequentialSegments } from '../lora/layout.ts'
import { sha256 } from '../node/sha256.ts'
import { MAX_JSON_BYTES } from '../wire/primitives.ts'
import { placesOf, readPayload, writePayload } from './encoded-payload.ts'

export type Container<Header> = { readonly header: Header; readonly payload: Float32Array }
/** A named matrix, before it has its place in the payload. */
export type Part = {
  readonly name: string
  readonly shape: readonly number[]
  /** As it is decoded, where it is encoded. */
  readonly data: ArrayLike<number>
  readonly encoded?: { readonly encoding: Encoding; readonly bytes: Uint8Array }
}

const MAGIC = 'LRWV'
const VERSION = 1
/** With encoded segments. */
const ENCODED_VERSION = 2
const FIXED_BYTES = 10
const DIGEST_BYTES = 32

/**
 * header: anything JSON can hold. encoded: bytes of the segments that the header says are encoded.
 * RangeError when its JSON is over 1 MiB.
 */
export const encodeContainer = (
  header: object,
  payload: Float32Array,
  encoded: ReadonlyMap<string, Uint8Array> = new Map(),
): Uint8Array => {
  const json = new TextEncoder().encode(JSON.stringify(header))
  if (json.length > MAX_JSON_BYTES)
    throw new RangeError(`header must be at most ${MAX_JSON_BYTES} bytes, got ${json.length}`)
  const start = payloadStart(json.length)
  const body =
    encoded.size > 0
      ? writePayload((header as { segments: readonly Segment[] }).segments, payload, encoded)
      : new Uint8Array(payload.buffer, payload.byteOffset, payload.byteLength)
  const end = start + body.length
  const bytes = new Uint8Array(end + DIGEST_BYTES)
  const view = new DataView(bytes.buffer)
  for (let i = 0; i < MAGIC.length; i++) bytes[i] = MAGIC.charCodeAt(i)
  view.setUint16(4, encoded.size > 0 ? ENCODED_VERSION : VERSION, true)
  view.setUint32(6, json.length, true)
  bytes.set(json, FIXED_BYTES)
  bytes.set(body, start)
  bytes.set(sha256(bytes.subarray(0, end)), end)
  return bytes
}

/** As viewContainer; the payload is a copy. */
export const decodeContainer = (bytes: Uint8Array): Container<unknown> => {
  const { header, payload } = viewContainer(bytes)
  return { header, payload: payload.buffer === bytes.buffer ? payload.slice() : payload }
}

/**
 * Fails with E_CONTAINER on bad magic, version, lengths, padding, digest or JSON. The payload is a
 * view of the bytes, or a copy where they are not aligned.
 */
export const viewContainer = (bytes: Uint8Array): Container<unknown> => {
  const least = FIXED_BYTES + DIGEST_BYTES
  if (bytes.length < least) throw bad(`expected at least ${least} bytes, got ${bytes.length}`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (String.fromCharCode(...bytes.subarray(0, 4)) !== MAGIC) throw bad(`expected magic ${MAGIC}`)
  const version = view.getUint16(4, true)
  if (version !== VERSION && version !== ENCODED_VERSION)
    throw bad(`expected version ${VERSION} or ${ENCODED_VERSION}, got ${version}`)
  const jsonLength = view.getUint32(6, true)
  if (jsonLength > MAX_JSON_BYTES)
    throw bad(`header must be at most ${MAX_JSON_BYTES} bytes, got ${jsonLength}`)
  const start = payloadStart(jsonLength)
  const end = bytes.length - DIGEST_BYTES
  if (start > end || (end - start) % 4 !== 0)
    throw bad(`a header of ${jsonLength} bytes does not fit a container of ${bytes.length}`)
  const digest = sha256(bytes.subarray(0, end))
  if (!digest.every((byte, i) => byte === bytes[end + i])) throw bad('digest does not match')
  if (bytes.subarray(FIXED_BYTES + jsonLength, start).some((byte) => byte !== 0))
    throw bad('padding must be zero')
  const header = parseJson(bytes.subarray(FIXED_BYTES, FIXED_BYTES + jsonLength))
  if (version === ENCODED_VERSION)
    return { header, payload: readPayload(header, bytes.subarray(start, end)) }
  const at = bytes.byteOffset + start
  if (at % 4 === 0)
    return { header, payload: new Float32Array(bytes.buffer, at, (end - start) / 4) }
  // slice would not copy a node Buffer.
  return { header, payload: new Float32Array(new Uint8Array(bytes.subarray(start, end)).buffer) }
}

/** What its header calls itself, unchecked: whoever reads it on checks all of it. '' where it is none. */
export const kindOf = (bytes: Uint8Array): string => {
  if (bytes.length < FIXED_BYTES) return ''
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(6, true)
  if (length > MAX_JSON_BYTES) return ''
  try {
    const { kind } = parseJson(bytes.subarray(FIXED_BYTES, FIXED_BYTES + length)) as {
      kind?: unknown
    }
    return typeof kind === 'string' ? kind : ''
  } catch {
    return ''
  }
}

/** Where a container's pieces lie in its bytes: what is before the payload, each segment, the digest. */
export const pieces = (
  bytes: Uint8Array,
): readonly { readonly name: string; readonly start: number; readonly end: number }[] => {
  const { header } = viewContainer(bytes)
  const end = bytes.length - DIGEST_BYTES
  const { segments = [] } = header as { segments?: readonly Segment[] }
  const jsonLength = new DataView(bytes.buffer, bytes.byteOffset).getUint32(6, true)
  const start = payloadStart(jsonLength)
  const named = placesOf(segments).map((place) => ({
    name: place.name,
    start: start + place.start,
    end: start + place.end,
  }))
  const all = [{ name: '', start: 0, end: start }, ...named]
  if (all.some((piece, i) => piece.end !== (all[i + 1]?.start ?? end)))
    throw bad('its segments are not one after the other')
  return [...all, { name: '#digest', start: end, end: bytes.length }]
}

/** Bytes of the parts that are encoded, by name. */
export const encodedOf = (parts: readonly Part[]): Map<string, Uint8Array> =>
  new Map(parts.flatMap(({ name, encoded }) => (encoded ? [[name, encoded.bytes]] : [])))

/** Parts laid one after the other. Fails with E_SHAPE when data and shape disagree. */
export const joinParts = (
  parts: readonly Part[],
): { readonly segments: Segment[]; readonly payload: Float32Array } => {
  const segments = sequentialSegments(parts).map((segment, i) => {
    const { encoded } = parts[i]!
    return encoded ? { ...segment, encoding: encoded.encoding } : segment
  })
  const payload = new Float32Array(parts.reduce((sum, part) => sum + part.data.length, 0))
  for (const [i, { name, data }] of parts.entries()) {
    const { offset, size } = segments[i]!
    if (data.length !== size)
      throw new FedError('E_SHAPE', `part ${name}: expected ${size} numbers, got ${data.length}`)
    payload.set(data, offset)
  }
  return { segments, payload }
}

/** A message's parts again. Views, no copies. */
export const partsOf = (container: Container<{ readonly segments: readonly Segment[] }>): Part[] =>
  container.header.segments.map(({ name, shape, offset, size }) => ({
    name,
    shape,
    data: container.payload.subarray(offset, offset + size),
  }))

/** A view of one part, undefined when the container has none of that name. */
export const findPart = (
  container: Container<{ readonly segments: readonly Segment[] }>,
  name: string,
): Float32Array | undefined => {
  const segment = container.header.segments.find((s) => s.name === name)
  return segment && container.payload.subarray(segment.offset, segment.offset + segment.size)
}

const payloadStart = (jsonLength: number): number => Math.ceil((FIXED_BYTES + jsonLength) / 8) * 8

const parseJson = (bytes: Uint8Array): unknown => {
  let json: unknown
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw bad('header is not JSON', cause)
  }
  if (typeof json !== 'object' || json === null) throw bad('header must be a JSON object')
  return json
}

const bad = (message: string, cause?: unknown) =>
  new FedError('E_CONTAINER', `container: ${message}`, { cause })
