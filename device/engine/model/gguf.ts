/** The GGUF file format, versions 2 and 3: header, typed metadata, tensor table, aligned data. Little-endian only.
 *  Files come from strangers: every count and length is held against the bytes that are there. */
import { type FileHandle, open } from 'node:fs/promises'
import { FedError } from '../../../adapters/errors.ts'
import { BLOCKS, dequantize, QUANT_TYPES, type QuantType } from './dequantize.ts'
import { readBytes } from './read-bytes.ts'

export type GgufValue = number | bigint | boolean | string | GgufValue[]
/** shape: slowest axis first, as in Hugging Face files (GGUF lists the fastest first). start: byte of the file. */
export type GgufTensor = {
  readonly name: string
  readonly type: QuantType
  readonly shape: number[]
  readonly start: number
  readonly bytes: number
}
export type GgufHeader = {
  readonly metadata: Map<string, GgufValue>
  readonly tensors: Map<string, GgufTensor>
}
export type GgufFile = GgufHeader & {
  /** The tensor as float32, row-major. E_MODEL_FILE when there is none of that name. */
  read(name: string): Promise<Float32Array>
  close(): Promise<void>
}

const MAX_HEADER_BYTES = 256 * 1024 * 1024
const MAX_ENTRIES = 65_536
const MAX_STRING_BYTES = 16 * 1024 * 1024
const MAX_ARRAY = 4_000_000

/** Opens a file and reads its header. Fails with E_MODEL_FILE (what is wrong), E_MODEL_UNSUPPORTED (version, tensor type),
 *  E_MODEL_MISSING (no such file). */
export const openGguf = async (path: string): Promise<GgufFile> => {
  const handle = await open(path, 'r').catch((cause) => {
    throw new FedError('E_MODEL_MISSING', `cannot open ${path}: ${cause.code ?? 'unknown'}`, {
      cause,
    })
  })
  try {
    const header = await readHeader(handle)
    return {
      ...header,
      read: async (name) => {
        const tensor = header.tensors.get(name)
        if (!tensor) throw bad(`tensor ${name} is missing`)
        return dequantize(tensor.type, await readBytes(handle, tensor.start, tensor.bytes))
      },
      close: () => handle.close(),
    }
  } catch (error) {
    await handle.close()
    throw error
  }
}

/** bytes: the file or its beginning; fileBytes: the size of the whole file.
 *  Returns undefined when bytes end inside the header and the file goes on. Fails with E_MODEL_FILE, E_MODEL_UNSUPPORTED. */
export const parseGguf = (bytes: Uint8Array, fileBytes: number): GgufHeader | undefined => {
  const cursor = cursorOver(bytes, fileBytes)
  try {
    return parseHeader(cursor, fileBytes)
  } catch (error) {
    if (error === NEED_MORE) return undefined
    throw error
  }
}

const readHeader = async (handle: FileHandle): Promise<GgufHeader> => {
  const stat = await handle.stat()
  if (!stat.isFile()) throw bad('not a regular file')
  for (let length = 4 * 1024 * 1024; ; length *= 2) {
    const bytes = await readBytes(handle, 0, Math.min(length, stat.size))
    const header = parseGguf(bytes, stat.size)
    if (header) return header
    if (length >= MAX_HEADER_BYTES) throw bad(`the header is longer than ${MAX_HEADER_BYTES} bytes`)
  }
}

const parseHeader = (cursor: Cursor, fileBytes: number): GgufHeader => {
  if (cursor.bytes(4, 'magic').toString('latin1') !== 'GGUF')
    throw bad('the file does not begin with GGUF')
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
  const alignment = metadata.get('general.alignment') ?? 32
  if (typeof alignment !== 'number' || ![8, 16, 32, 64, 128, 256, 4096].includes(alignment))
    throw bad(`general.alignment must be a power of two up to 4096, got ${String(alignment)}`)
  const infos = Array.from({ length: tensorCount }, (_, i) => readInfo(cursor, i))
  const dataStart = Math.ceil(cursor.at() / alignment) * alignment
  const tensors = new Map<string, GgufTensor>()
  for (const info of infos) {
    if (tensors.has(info.name)) throw bad(`tensor ${shown(info.name)} appears twice`)
    tensors.set(info.name, placed(info, dataStart, alignment, fileBytes))
  }
  return { metadata, tensors }
}

type TensorInfo = { name: string; type: QuantType; shape: number[]; offset: number }

const readInfo = (cursor: Cursor, index: number): TensorInfo => {
  const name = cursor.string(`name of tensor ${index}`)
  const axes = cursor.u32(`axes of tensor ${shown(name)}`)
  if (axes < 1 || axes > 4) throw bad(`tensor ${shown(name)} has ${axes} axes, expected 1 to 4`)
  const dims: number[] = []
  for (let a = 0; a < axes; a++) dims.push(cursor.count(`size of tensor ${shown(name)}`, 2 ** 32))
  const code = cursor.u32(`type of tensor ${shown(name)}`)
  const type = Object.hasOwn(QUANT_TYPES, code) ? QUANT_TYPES[code] : undefined
  if (!type)
    throw new FedError(
      'E_MODEL_UNSUPPORTED',
      `tensor ${shown(name)} has type ${typeName(code)}; readable are ${Object.values(QUANT_TYPES).join(', ')}`,
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
  const block = BLOCKS[type]
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

/** Reads forward; a length past the end of the file is E_MODEL_FILE, past the end of the buffer only is NEED_MORE. */
const cursorOver = (data: Uint8Array, fileBytes: number) => {
  const buffer = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  let position = 0
  const mustFit = (length: number, what: string) => {
    if (position + length > fileBytes)
      throw bad(`the file ends at byte ${fileBytes}, inside ${what}`)
  }
  const take = (length: number, what: string): number => {
    mustFit(length, what)
    if (position + length > buffer.length) throw NEED_MORE
    position += length
    return position - length
  }
  const view = (length: number, what: string) =>
    new DataView(buffer.buffer, buffer.byteOffset + take(length, what), length)
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
    bytes: (length: number, what: string) => {
      const start = take(length, what)
      return buffer.subarray(start, start + length)
    },
    string: (what: string) => {
      const length = count(`length of ${what}`, MAX_STRING_BYTES)
      const start = take(length, what)
      return buffer.toString('utf8', start, start + length)
    },
  }
}

const safeNumber = (value: bigint): number | bigint =>
  BigInt(Number(value)) === value && Number.isSafeInteger(Number(value)) ? Number(value) : value

/** ggml's names of types that are known but not read. */
const OTHER_TYPES: Readonly<Record<number, string>> = {
  6: 'Q5_0',
  7: 'Q5_1',
  9: 'Q8_1',
  10: 'Q2_K',
  11: 'Q3_K',
  12: 'Q4_K',
  13: 'Q5_K',
  14: 'Q6_K',
  15: 'Q8_K',
  30: 'BF16',
}
const typeName = (code: number): string =>
  Object.hasOwn(OTHER_TYPES, code) ? OTHER_TYPES[code]! : `number ${code}`

/** A name out of the file, short and printable. */
const shown = (name: string): string => JSON.stringify(name.slice(0, 80)).slice(1, -1)

const bad = (what: string) => new FedError('E_MODEL_FILE', `GGUF: ${what}`)
