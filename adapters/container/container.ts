/** The binary envelope of updates and releases; byte layout in adapters/README.md. Numbers are little-endian. */
import type { z } from 'zod'
import { sha256 } from '../digest.ts'
import { FedError } from '../errors.ts'
import { sequentialSegments } from '../lora/layout.ts'
import { ReleaseHeader, UpdateHeader } from '../wire/containers.ts'
import { MAX_JSON_BYTES, PROTOCOL_VERSION } from '../wire/primitives.ts'
import { checkReleaseParts, checkSegments, checkUpdateParts } from './segments.ts'

export type Container<Header> = { readonly header: Header; readonly payload: Float32Array }
/** A named matrix, before it has its place in the payload. */
export type Part = {
  readonly name: string
  readonly shape: readonly number[]
  readonly data: ArrayLike<number>
}

const MAGIC = 'LRWV'
const VERSION = 1
const FIXED_BYTES = 10
const DIGEST_BYTES = 32

/** header: anything JSON can hold. RangeError when its JSON is over 1 MiB. */
export const encodeContainer = (header: object, payload: Float32Array): Uint8Array => {
  const json = new TextEncoder().encode(JSON.stringify(header))
  if (json.length > MAX_JSON_BYTES)
    throw new RangeError(`header must be at most ${MAX_JSON_BYTES} bytes, got ${json.length}`)
  const start = payloadStart(json.length)
  const end = start + payload.byteLength
  const bytes = new Uint8Array(end + DIGEST_BYTES)
  const view = new DataView(bytes.buffer)
  for (let i = 0; i < MAGIC.length; i++) bytes[i] = MAGIC.charCodeAt(i)
  view.setUint16(4, VERSION, true)
  view.setUint32(6, json.length, true)
  bytes.set(json, FIXED_BYTES)
  bytes.set(new Uint8Array(payload.buffer, payload.byteOffset, payload.byteLength), start)
  bytes.set(sha256(bytes.subarray(0, end)), end)
  return bytes
}

/** Fails with E_CONTAINER on bad magic, version, lengths, padding, digest or JSON. The payload is a copy. */
export const decodeContainer = (bytes: Uint8Array): Container<unknown> => {
  const least = FIXED_BYTES + DIGEST_BYTES
  if (bytes.length < least) throw bad(`expected at least ${least} bytes, got ${bytes.length}`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (String.fromCharCode(...bytes.subarray(0, 4)) !== MAGIC) throw bad(`expected magic ${MAGIC}`)
  const version = view.getUint16(4, true)
  if (version !== VERSION) throw bad(`expected version ${VERSION}, got ${version}`)
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
  // A copy is aligned; slice would not copy a node Buffer.
  return { header, payload: new Float32Array(new Uint8Array(bytes.subarray(start, end)).buffer) }
}

/**
 * parts in the order that wire/containers.ts names; offsets are filled in.
 * Fails with the same codes as decodeUpdate, so that nothing is sent that would be refused.
 */
export const encodeUpdate = (
  header: Omit<UpdateHeader, 'segments'>,
  parts: readonly Part[],
): Uint8Array => {
  const { segments, payload } = join(parts)
  const full = checkHeader(UpdateHeader, { ...header, segments }, payload)
  checkUpdateParts(full)
  return encodeContainer(full, payload)
}

/** As encodeUpdate, for a release. */
export const encodeRelease = (
  header: Omit<ReleaseHeader, 'segments'>,
  parts: readonly Part[],
): Uint8Array => {
  const { segments, payload } = join(parts)
  const full = checkHeader(ReleaseHeader, { ...header, segments }, payload)
  checkReleaseParts(full)
  return encodeContainer(full, payload)
}

/**
 * Fails with E_CONTAINER (bytes or header), E_PROTOCOL (another protocol version), E_SHAPE (segments that are not
 * contiguous, or not those of the header's adapter and feature space) or E_NOT_FINITE.
 */
export const decodeUpdate = (bytes: Uint8Array): Container<UpdateHeader> => {
  const { header, payload } = decodeContainer(bytes)
  const checked = checkHeader(UpdateHeader, header, payload)
  checkUpdateParts(checked)
  return { header: checked, payload }
}

/** As decodeUpdate, for a release. */
export const decodeRelease = (bytes: Uint8Array): Container<ReleaseHeader> => {
  const { header, payload } = decodeContainer(bytes)
  const checked = checkHeader(ReleaseHeader, header, payload)
  checkReleaseParts(checked)
  return { header: checked, payload }
}

/** The release's parts again: what encodeRelease and encodeUpdate take. Views, no copies. */
export const partsOf = (container: Container<UpdateHeader | ReleaseHeader>): Part[] =>
  container.header.segments.map(({ name, shape, offset, size }) => ({
    name,
    shape,
    data: container.payload.subarray(offset, offset + size),
  }))

/** A view of one part, undefined when the container has none of that name. */
export const findPart = (
  container: Container<UpdateHeader | ReleaseHeader>,
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

const join = (parts: readonly Part[]) => {
  const segments = sequentialSegments(parts)
  const payload = new Float32Array(parts.reduce((sum, part) => sum + part.data.length, 0))
  for (const [i, { name, data }] of parts.entries()) {
    const { offset, size } = segments[i]!
    if (data.length !== size)
      throw new FedError('E_SHAPE', `part ${name}: expected ${size} numbers, got ${data.length}`)
    payload.set(data, offset)
  }
  return { segments, payload }
}

const checkHeader = <Schema extends typeof UpdateHeader | typeof ReleaseHeader>(
  schema: Schema,
  header: unknown,
  payload: Float32Array,
): z.output<Schema> => {
  const protocol = (header as { protocol?: unknown }).protocol
  if (typeof protocol === 'number' && protocol !== PROTOCOL_VERSION)
    throw new FedError('E_PROTOCOL', `expected protocol ${PROTOCOL_VERSION}, got ${protocol}`)
  const result = schema.safeParse(header)
  if (!result.success) {
    const issue = result.error.issues[0]
    throw bad(`header ${issue?.path.join('.') || 'object'}: ${issue?.message ?? 'is not valid'}`)
  }
  checkSegments(result.data.segments, payload.length)
  const wrong = payload.findIndex((x) => !Number.isFinite(x))
  if (wrong >= 0) throw new FedError('E_NOT_FINITE', `number ${wrong} of the payload is not finite`)
  return result.data as z.output<Schema>
}

const bad = (message: string, cause?: unknown) =>
  new FedError('E_CONTAINER', `container: ${message}`, { cause })
