/** The safetensors file format: u64 header length, JSON header, row-major little-endian tensors
 *  without holes. */

import { FedError } from '../errors.ts'
import { float16 } from './float16.ts'
import { leftInstead } from './text.ts'

const BYTES_OF = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
  U16: 2,
  I16: 2,
  F16: 2,
  BF16: 2,
  U32: 4,
  I32: 4,
  F32: 4,
  U64: 8,
  I64: 8,
  F64: 8,
} as const

export type Dtype = keyof typeof BYTES_OF
/** data: the tensor's bytes as they lie in the file. */
export type RawTensor = {
  readonly dtype: Dtype
  readonly shape: number[]
  readonly data: Uint8Array
}
/** start and end: bytes from dataStart. */
export type TensorEntry = {
  readonly dtype: Dtype
  readonly shape: number[]
  readonly start: number
  readonly end: number
}
export type SafetensorsHeader = {
  readonly tensors: Map<string, TensorEntry>
  /** Byte of the file at which the tensors begin. */
  readonly dataStart: number
  readonly metadata: Record<string, string>
}
export type Tensor = { readonly shape: number[]; readonly data: Float32Array }

/** The reference implementation's bound. */
const MAX_HEADER_BYTES = 100_000_000

/** How many bytes of a file parseSafetensorsHeader needs, from its first 8. E_MODEL_FILE when that
 *  is out of bounds. */
export const safetensorsHeaderEnd = (firstBytes: Uint8Array): number => {
  if (firstBytes.length < 8) throw bad(`expected at least 8 bytes, got ${firstBytes.length}`)
  const view = new DataView(firstBytes.buffer, firstBytes.byteOffset)
  const length = Number(view.getBigUint64(0, true))
  const instead = leftInstead(firstBytes)
  if (instead !== '') throw bad(`not such a file${instead}`)
  if (length < 2 || length > MAX_HEADER_BYTES)
    throw bad(`header length must be 2 to ${MAX_HEADER_BYTES}, got ${length}`)
  return 8 + length
}

/** bytes: the whole file, or its beginning up to the end of the header. Fails with E_MODEL_FILE. */
export const parseSafetensorsHeader = (bytes: Uint8Array): SafetensorsHeader => {
  const dataStart = safetensorsHeaderEnd(bytes)
  if (bytes.length < dataStart)
    throw bad(`header of ${dataStart - 8} bytes is cut off at ${bytes.length - 8}`)
  const json = parseJson(bytes.subarray(8, dataStart))
  const tensors = new Map<string, TensorEntry>()
  let metadata: Record<string, string> = {}
  for (const [name, value] of Object.entries(json)) {
    if (name === '__metadata__') metadata = readMetadata(value)
    else tensors.set(name, readEntry(name, value))
  }
  checkNoHoles(tensors)
  return { tensors, dataStart, metadata }
}

/** Every tensor as float32. Fails with E_MODEL_FILE on a bad file or another dtype than F32, F16,
 *  BF16. */
export const decodeSafetensors = (bytes: Uint8Array): Map<string, Tensor> => {
  const { tensors, read } = readSafetensors(bytes)
  return new Map([...tensors.keys()].map((name) => [name, read(name)]))
}

/** The table of a whole file, and its tensors as float32, each when it is asked for. Fails as
 *  decodeSafetensors; TypeError for a name that the table lacks. */
export const readSafetensors = (
  bytes: Uint8Array,
): SafetensorsHeader & { read(name: string): Tensor } => {
  const header = parseSafetensorsHeader(bytes)
  const { tensors, dataStart } = header
  const total = [...tensors.values()].reduce((end, t) => Math.max(end, t.end), 0)
  if (bytes.length !== dataStart + total)
    throw bad(`expected ${dataStart + total} bytes, got ${bytes.length}`)
  const read = (name: string): Tensor => {
    const entry = tensors.get(name)
    if (!entry) throw new TypeError(`no tensor is called ${name}`)
    const { dtype, shape, start, end } = entry
    if (dtype !== 'F32' && dtype !== 'F16' && dtype !== 'BF16')
      throw bad(`tensor ${name}: expected dtype F32, F16 or BF16, got ${dtype}`)
    const data = bytes.subarray(dataStart + start, dataStart + end)
    return { shape, data: toFloat32({ dtype, shape, data }) }
  }
  return { ...header, read }
}

/** Numbers of one tensor; a copy. E_MODEL_FILE for another dtype than F32, F16, BF16. */
export const toFloat32 = ({ dtype, data }: RawTensor): Float32Array => {
  // A copy is aligned, a view into the file may not be; slice would not copy a node Buffer.
  const { buffer } = new Uint8Array(data)
  if (dtype === 'F32') return new Float32Array(buffer)
  if (dtype === 'BF16') {
    const halves = new Uint16Array(buffer)
    const words = new Uint32Array(halves.length)
    for (let i = 0; i < words.length; i++) words[i] = halves[i]! << 16
    return new Float32Array(words.buffer)
  }
  if (dtype === 'F16') return Float32Array.from(new Uint16Array(buffer), float16)
  throw bad(`expected dtype F32, F16 or BF16, got ${dtype}`)
}

/** Tensors in the given order, F32, header padded with spaces to 8 bytes. TypeError when a shape
 *  and its data disagree. */
export const encodeSafetensors = (
  tensors: ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: Float32Array }>,
  metadata?: Record<string, string>,
): Uint8Array => {
  const header: Record<string, unknown> = metadata ? { __metadata__: metadata } : {}
  let offset = 0
  for (const [name, { shape, data }] of tensors) {
    if (product(shape) !== data.length)
      throw new TypeError(`tensor ${name}: shape [${shape}] does not hold ${data.length} numbers`)
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, offset + data.byteLength] }
    offset += data.byteLength
  }
  let text = JSON.stringify(header)
  const jsonBytes = new TextEncoder().encode(text).length
  text += ' '.repeat((8 - (jsonBytes % 8)) % 8)
  const json = new TextEncoder().encode(text)
  const out = new Uint8Array(8 + json.length + offset)
  new DataView(out.buffer).setBigUint64(0, BigInt(json.length), true)
  out.set(json, 8)
  let at = 8 + json.length
  for (const { data } of tensors.values()) {
    out.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at)
    at += data.byteLength
  }
  return out
}

const parseJson = (bytes: Uint8Array): object => {
  let json: unknown
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw bad('header is not JSON', cause)
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw bad('header must be a JSON object')
  return json
}

/** mlx writes null where there is none. */
const readMetadata = (value: unknown): Record<string, string> => {
  if (value === null) return {}
  const isTable = typeof value === 'object' && value !== null && !Array.isArray(value)
  if (!isTable || !Object.values(value).every((v) => typeof v === 'string'))
    throw bad('__metadata__ must map text to text')
  return value as Record<string, string>
}

const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0

const readEntry = (name: string, value: unknown): TensorEntry => {
  const { dtype, shape, data_offsets: range } = (value ?? {}) as Record<string, unknown>
  if (typeof dtype !== 'string' || !Object.hasOwn(BYTES_OF, dtype))
    throw bad(`tensor ${name}: unknown dtype`)
  if (!Array.isArray(shape) || !shape.every(isCount))
    throw bad(`tensor ${name}: shape must be a list of counts`)
  if (!Array.isArray(range) || range.length !== 2 || !range.every(isCount))
    throw bad(`tensor ${name}: data_offsets must be two counts`)
  const [start, end] = range as [number, number]
  const expected = product(shape) * BYTES_OF[dtype as Dtype]
  if (end - start !== expected)
    throw bad(`tensor ${name}: expected ${expected} bytes, got ${end - start}`)
  return { dtype: dtype as Dtype, shape, start, end }
}

const checkNoHoles = (tensors: ReadonlyMap<string, TensorEntry>): void => {
  let end = 0
  for (const entry of [...tensors.values()].sort((a, b) => a.start - b.start || a.end - b.end)) {
    if (entry.start !== end) throw bad(`expected a tensor at byte ${end}, got ${entry.start}`)
    end = entry.end
  }
}

const product = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1)

const bad = (message: string, cause?: unknown) =>
  new FedError('E_MODEL_FILE', `safetensors: ${message}`, { cause })
