/**
 * A WebAssembly module from its instructions (WebAssembly core specification 2.0, section 5): just what
 * our kernels use.
 */

export type Code = readonly number[]
type ValueType = keyof typeof TYPES

export type WasmFunction = {
  readonly name: string
  readonly params: readonly ValueType[]
  readonly result?: ValueType
  readonly locals: readonly ValueType[]
  readonly body: Code
}

const TYPES = { i32: 0x7f, f32: 0x7d, f64: 0x7c, v128: 0x7b } as const
const PAGE_BYTES = 65_536

/** In the order of the stack: operands first. Memory operands are at an address plus `offset`. */
export const op = {
  get: (local: number): Code => [0x20, ...unsigned(local)],
  set: (local: number): Code => [0x21, ...unsigned(local)],
  i32: (value: number): Code => [0x41, ...signed(value)],
  f64: (value: number): Code => [0x44, ...new Uint8Array(Float64Array.of(value).buffer)],
  i32Add: [0x6a],
  i32LessUnsigned: [0x49],
  f32OfBits: [0xbe],
  /** The first of two numbers where a condition, which is on top, holds. */
  select: [0x1b],
  /** body leaves a condition: whether to go round again. */
  loop: (body: Code): Code => [0x03, 0x40, ...body, 0x0d, 0x00, 0x0b],
  load: (offset: number): Code => simd(0x00, 4, ...unsigned(offset)),
  /** The low half; the high one is zero. */
  load64: (offset: number): Code => simd(0x5d, 3, ...unsigned(offset)),
  store: (offset: number): Code => simd(0x0b, 4, ...unsigned(offset)),
  i32x4Splat: simd(0x11),
  i32x4Lane: (lane: number): Code => simd(0x1b, lane),
  i32x4MaxUnsigned: simd(0xb9),
  and: simd(0x4e),
  f64x2Splat: simd(0x14),
  f64x2OfLowF32x4: simd(0x5f),
  f64x2Greater: simd(0x4a),
  f64x2Ceil: simd(0x74),
  f64x2Add: simd(0xf0),
  f64x2Subtract: simd(0xf1),
  f64x2Multiply: simd(0xf2),
} as const

/** All functions are exported; a memory is imported as `env.memory`. */
export const assemble = (functions: readonly WasmFunction[]): Uint8Array =>
  Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, functions.map(signature)),
    ...section(2, [[...text('env'), ...text('memory'), 0x02, 0x00, ...unsigned(1)]]),
    ...section(
      3,
      functions.map((_, i) => unsigned(i)),
    ),
    ...section(
      7,
      functions.map(({ name }, i) => [...text(name), 0x00, ...unsigned(i)]),
    ),
    ...section(10, functions.map(code)),
  ])

/** Undefined where the machine has no such instructions, no WebAssembly, or no memory left. */
export const instantiate = <Exports>(
  bytes: Uint8Array,
  memoryBytes: number,
): { readonly memory: ArrayBuffer; readonly exports: Exports } | undefined => {
  const api = (globalThis as { WebAssembly?: Api }).WebAssembly
  if (!api?.validate(bytes)) return undefined
  try {
    const memory = new api.Memory({ initial: Math.ceil(memoryBytes / PAGE_BYTES) })
    const { exports } = new api.Instance(new api.Module(bytes), { env: { memory } })
    return { memory: memory.buffer, exports: exports as Exports }
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

type Api = {
  validate(bytes: Uint8Array): boolean
  readonly Module: new (bytes: Uint8Array) => object
  readonly Memory: new (size: { initial: number }) => { readonly buffer: ArrayBuffer }
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown }
}

function unsigned(value: number): number[] {
  const bytes: number[] = []
  for (; value > 0x7f; value >>>= 7) bytes.push((value & 0x7f) | 0x80)
  return [...bytes, value]
}

function signed(value: number): number[] {
  const bytes: number[] = []
  for (; value < -64 || value > 63; value >>= 7) bytes.push((value & 0x7f) | 0x80)
  return [...bytes, value & 0x7f]
}

function simd(code: number, ...operands: number[]): Code {
  return [0xfd, ...unsigned(code), ...operands]
}

const vector = (items: readonly Code[]): Code => [...unsigned(items.length), ...items.flat()]
const sized = (bytes: Code): Code => [...unsigned(bytes.length), ...bytes]
const section = (id: number, items: readonly Code[]): Code => [id, ...sized(vector(items))]
const text = (value: string): Code => sized([...new TextEncoder().encode(value)])

const signature = ({ params, result }: WasmFunction): Code => [
  0x60,
  ...vector(params.map((type) => [TYPES[type]])),
  ...vector(result ? [[TYPES[result]]] : []),
]

const code = ({ locals, body }: WasmFunction): Code =>
  sized([...vector(locals.map((type) => [1, TYPES[type]])), ...body, 0x0b])
