/** The GGUF file format, versions 2 and 3: header, typed metadata, tensor table, aligned data.
 *  Little-endian only. Files come from strangers: every count and length is held against the bytes
 *  that are there. */
import { FedError } from '../errors.ts'
import { leftInstead } from './text.ts'

/** Number formats of tensors that are read: ggml's number of each, numbers and bytes of a block. */
export const GGUF_TYPES = {
  F32: { code: 0, numbers: 1, bytes: 4 },
  F16: { code: 1, numbers: 1, bytes: 2 },
  BF16: { code: 30, numbers: 1, bytes: 2 },
  Q4_0: { code: 2, numbers: 32, bytes: 18 },
  Q4_1: { code: 3, numbers: 32, bytes: 20 },
  Q5_0: { code: 6, numbers: 32, bytes: 22 },
  Q5_1: { code: 7, numbers: 32, bytes: 24 },
  Q8_0: { code: 8, numbers: 32, bytes: 34 },
  Q2_K: { code: 10, numbers: 256, bytes: 84 },
  Q3_K: { code: 11, numbers: 256, bytes: 110 },
  Q4_K: { code: 12, numbers: 256, bytes: 144 },
  Q5_K: { code: 13, numbers: 256, bytes: 176 },
  Q6_K: { code: 14, numbers: 256, bytes: 210 },
  IQ4_NL: { code: 20, numbers: 32, bytes: 18 },
  IQ4_XS: { code: 23, numbers: 256, bytes: 136 },
} as const

export type GgufType = keyof typeof GGUF_TYPES

type GgufValue = number | bigint | boolean | string | GgufValue[]
/** shape: slowest axis first, as in Hugging Face files (GGUF lists the fastest first). start: byte
 *  of the file. */
export type GgufTensor = {
  readonly name: string
  readonly type: GgufType
  readonly shape: number[]
  readonly start: number
  readonly bytes: number
}
export type GgufHeader = {
  readonly metadata: Map<string, GgufValue>
  readonly tensors: Map<string, GgufTensor>
}

/** The letters GGUF as a number. */
const MAGIC = 0x46554747
const TYPE_NAMES = Object.keys(GGUF_TYPES) as GgufType[]
const UTF8 = new TextDecoder('utf-8', { ignoreBOM: true })
const DEFAULT_ALIGNMENT = 32
const MAX_ENTRIES = 65_536
const MAX_STRING_BYTES = 16 * 1024 * 1024
const MAX_ARRAY = 4_000_000

/** bytes: the file or its beginning; fileBytes: the size of the whole file. Returns undefined when
 *  bytes end inside the header and the file goes on. Fails with E_MODEL_FILE,
 *  E_MODEL_UNSUPPORTED. */
export const parseGguf = (bytes: Uint8Array, fileBytes: number): GgufHeader | undefined => {
  const cursor = cursorOver(bytes, fileBytes)
  const instead = leftInstead(bytes)
  if (instead !== '') throw bad(`not such a file${instead}`)
  try {
    return parseHeader(cursor, fileBytes)
  } catch (error) {
    if (error === NEED_MORE) return undefined
    throw error
  }
}

/** One metadata entry to write. */
export type GgufEntry =
  | readonly [key: string, type: 'text', value: string]
  | readonly [key: string, type: 'u32' | 'f32', value: number]

/** A file of version 3: entries and tensors in the given order, F32, aligned to 32 bytes.
 *  TypeError when a shape and its data disagree. */
export const encodeGguf = (
  metadata: readonly GgufEntry[],
  tensors: ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: Float32Array }>,
): Uint8Array => {
  const head = [u32(MAGIC), u32(3), u64(tensors.size), u64(metadata.length)]
  for (const [key, type, value] of metadata) {
    head.push(text(key), u32(VALUE_CODES[type]))
    head.push(type === 'text' ? text(value) : type === 'u32' ? u32(value) : f32(value))
  }
  let offset = 0
  for (const [name, { shape, data }] of tensors) {
    if (shape.reduce((a, b) => a * b, 1) !== data.length)
      throw new TypeError(`tensor ${name}: shape [${shape}] does not hold ${data.length} numbers`)
    head.push(text(name), u32(shape.length), ...[...shape].reverse().map(u64))
    head.push(u32(GGUF_TYPES.F32.code), u64(offset))
    offset = aligned(offset + data.byteLength)
  }
  const dataStart = aligned(head.reduce((sum, part) => sum + part.length, 0))
  const out = new Uint8Array(dataStart + offset)
  let at = 0
  for (const part of head) {
    out.set(part, at)
    at += part.length
  }
  at = dataStart
  for (const { data } of tensors.values()) {
    out.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at)
    at += aligned(data.byteLength)
  }
  return out
}

const parseHeader = (cursor: Cursor, fileBytes: number): GgufHeader => {
  if (cursor.u32('magic') !== MAGIC) throw bad('the file does not begin with GGUF')
  const version = cursor.u32('version')
  if (version !== 2 && version !== 3)
    throw new FedError(
      'E_MODEL_UNSUPPORTED',
      version === 0x03000000 ? 'big-endian GGUF' : `GGUF version ${version}, expected 2 or 3`,
    )
  const tensorCount = cursor.count('tensor count', MAX_ENTRIES)
  const entryCount = cursor.count('metadata count', MAX_ENTRIES)
  const metadata = new Map<string, GgufValue>()
  for (let i = 0; i < entryCount; i++) {
    const key = cursor.string(`metadata key ${i}`)
    if (metadata.has(key)) throw bad(`metadata key ${shown(key)} appears twice`)
    metadata.set(key, readValue(cursor, cursor.u32(`type of ${shown(key)}`), shown(key), 0))
  }
  const alignment = metadata.get('general.alignment') ?? DEFAULT_ALIGNMENT
  if (typeof alignment !== 'number' || !(alignment >= 1) || !Number.isInteger(Math.log2(alignment)))
    throw bad(`general.alignment must be a power of two, got ${shown(String(alignment))}`)
  const infos = Array.from({ length: tensorCount }, (_, i) => readInfo(cursor, i))
  const dataStart = Math.ceil(cursor.at() / alignment) * alignment
  const tensors = new Map<string, GgufTensor>()
  for (const info of infos) {
    if (tensors.has(info.name)) throw bad(`tensor ${shown(info.name)} appears twice`)
    tensors.set(info.name, placed(info, dataStart, alignment, fileBytes))
  }
  return { metadata, tensors }
}

type TensorInfo = { name: string; type: GgufType; shape: number[]; offset: number }

const readInfo = (cursor: Cursor, index: number): TensorInfo => {
  const name = cursor.string(`name of tensor ${index}`)
  const axes = cursor.u32(`axes of tensor ${shown(name)}`)
  if (axes < 1 || axes > 4) throw bad(`tensor ${shown(name)} has ${axes} axes, expected 1 to 4`)
  const dims: number[] = []
  for (let a = 0; a < axes; a++) dims.push(cursor.count(`size of tensor ${shown(name)}`, 2 ** 32))
  const code = cursor.u32(`type of tensor ${shown(name)}`)
  const type = TYPE_NAMES.find((t) => GGUF_TYPES[t].code === code)
  if (!type)
    throw new FedError(
      'E_MODEL_UNSUPPORTED',
      `tensor ${shown(name)} has type ${typeName(code)}; readable are ${TYPE_NAMES.join(', ')}`,
    )
  const offset = cursor.count(`offset of tensor ${shown(name)}`, Number.MAX_SAFE_INTEGER)
  return { name, type, shape: dims.reverse(), offset }
}

const placed = (
  { name, type, shape, offset }: TensorInfo,
  dataStart: number,
  alignment: number,
  fileBytes: number,
): GgufTensor => {
  const block = GGUF_TYPES[type]
  const numbers = shape.reduce((a, b) => a * b, 1)
  if (numbers < 1 || shape.at(-1)! % block.numbers !== 0)
    throw bad(`tensor ${shown(name)}: rows of ${shape.at(-1)} do not divide into ${type} blocks`)
  if (offset % alignment !== 0) throw bad(`tensor ${shown(name)} is not aligned to ${alignment}`)
  const bytes = (numbers / block.numbers) * block.bytes
  const start = dataStart + offset
  if (!(start + bytes <= fileBytes))
    throw bad(`tensor ${shown(name)} ends at byte ${start + bytes} of a file of ${fileBytes}`)
  return { name, type, shape, start, bytes }
}

const VALUE_CODES = { text: 8, u32: 4, f32: 6 } as const
const aligned = (bytes: number): number => Math.ceil(bytes / DEFAULT_ALIGNMENT) * DEFAULT_ALIGNMENT

const fixed = (bytes: number, write: (view: DataView) => void): Uint8Array => {
  const out = new Uint8Array(bytes)
  write(new DataView(out.buffer))
  return out
}
const u32 = (value: number) => fixed(4, (view) => view.setUint32(0, value, true))
const f32 = (value: number) => fixed(4, (view) => view.setFloat32(0, value, true))
const u64 = (value: number) => fixed(8, (view) => view.setBigUint64(0, BigInt(value), true))
const text = (value: string): Uint8Array => {
  const bytes = new TextEncoder().encode(value)
  return fixed(8 + bytes.length, (view) => {
    view.setBigUint64(0, BigInt(bytes.length), true)
    new Uint8Array(view.buffer).set(bytes, 8)
  })
}

/** Metadata value types by number: size in bytes (8 is text, 9 is a list) and how to read one. */
const SCALARS: Readonly<
  Record<number, { size: number; read: (cursor: Cursor, what: string) => GgufValue }>
> = {
  0: { size: 1, read: (c, what) => c.view(1, what).getUint8(0) },
  1: { size: 1, read: (c, what) => c.view(1, what).getInt8(0) },
  2: { size: 2, read: (c, what) => c.view(2, what).getUint16(0, true) },
  3: { size: 2, read: (c, what) => c.view(2, what).getInt16(0, true) },
  4: { size: 4, read: (c, what) => c.u32(what) },
  5: { size: 4, read: (c, what) => c.view(4, what).getInt32(0, true) },
  6: { size: 4, read: (c, what) => c.view(4, what).getFloat32(0, true) },
  7: { size: 1, read: (c, what) => c.view(1, what).getUint8(0) !== 0 },
  8: { size: 8, read: (c, what) => c.string(what) },
  10: { size: 8, read: (c, what) => safeNumber(c.view(8, what).getBigUint64(0, true)) },
  11: { size: 8, read: (c, what) => safeNumber(c.view(8, what).getBigInt64(0, true)) },
  12: { size: 8, read: (c, what) => c.view(8, what).getFloat64(0, true) },
}

const readValue = (cursor: Cursor, type: number, what: string, depth: number): GgufValue => {
  const scalar = Object.hasOwn(SCALARS, type) ? SCALARS[type] : undefined
  if (scalar) return scalar.read(cursor, what)
  if (type !== 9) throw bad(`metadata ${what} has the unknown type ${type}`)
  if (depth >= 2) throw bad(`metadata ${what} nests lists more than 2 deep`)
  const itemType = cursor.u32(`item type of ${what}`)
  const count = cursor.count(`length of ${what}`, MAX_ARRAY)
  const itemBytes = Object.hasOwn(SCALARS, itemType) ? SCALARS[itemType]!.size : 12
  cursor.mustFit(count * itemBytes, what)
  const items: GgufValue[] = []
  for (let i = 0; i < count; i++) items.push(readValue(cursor, itemType, what, depth + 1))
  return items
}

type Cursor = ReturnType<typeof cursorOver>
const NEED_MORE = Symbol('the buffer ends before the file does')

/** Reads forward; a length past the end of the file is E_MODEL_FILE, past the end of the buffer
 *  only is NEED_MORE. */
const cursorOver = (data: Uint8Array, fileBytes: number) => {
  let position = 0
  const mustFit = (length: number, what: string) => {
    if (position + length > fileBytes)
      throw bad(`the file ends at byte ${fileBytes}, inside ${what}`)
  }
  const take = (length: number, what: string): number => {
    mustFit(length, what)
    if (position + length > data.length) throw NEED_MORE
    position += length
    return position - length
  }
  const view = (length: number, what: string) =>
    new DataView(data.buffer, data.byteOffset + take(length, what), length)
  const count = (what: string, max: number): number => {
    const value = view(8, what).getBigUint64(0, true)
    if (value > BigInt(max)) throw bad(`${what} is ${value}, at most ${max}`)
    return Number(value)
  }
  return {
    mustFit,
    view,
    count,
    at: () => position,
    u32: (what: string) => view(4, what).getUint32(0, true),
    string: (what: string) => {
      const length = count(`length of ${what}`, MAX_STRING_BYTES)
      const start = take(length, what)
      return UTF8.decode(data.subarray(start, start + length))
    },
  }
}

const safeNumber = (value: bigint): number | bigint =>
  BigInt(Number(value)) === value && Number.isSafeInteger(Number(value)) ? Number(value) : value

/** ggml's names of types that are known but not read. */
const OTHER_TYPES: Readonly<Record<number, string>> = {
  4: 'Q4_2',
  5: 'Q4_3',
  9: 'Q8_1',
  15: 'Q8_K',
  16: 'IQ2_XXS',
  17: 'IQ2_XS',
  18: 'IQ3_XXS',
  19: 'IQ1_S',
  21: 'IQ3_S',
  22: 'IQ2_S',
  24: 'I8',
  25: 'I16',
  26: 'I32',
  27: 'I64',
  28: 'F64',
  29: 'IQ1_M',
  31: 'Q4_0_4_4',
  32: 'Q4_0_4_8',
  33: 'Q4_0_8_8',
  34: 'TQ1_0',
  35: 'TQ2_0',
  36: 'IQ4_NL_4_4',
  37: 'IQ4_NL_4_8',
  38: 'IQ4_NL_8_8',
  39: 'MXFP4',
  40: 'NVFP4',
  41: 'Q1_0',
  42: 'Q2_0',
}
const typeName = (code: number): string =>
  Object.hasOwn(OTHER_TYPES, code) ? OTHER_TYPES[code]! : `number ${code}`

/** A name out of the file, short and printable. */
const shown = (name: string): string => JSON.stringify(name.slice(0, 80)).slice(1, -1)

const bad = (what: string) => new FedError('E_MODEL_FILE', `GGUF: ${what}`)
