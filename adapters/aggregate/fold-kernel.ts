/**
 * The inner loop of the exact sum: a block of float32 numbers is looked at and added, in WebAssembly
 * SIMD where the machine has it, else by a plain loop that gives the same bytes.
 */
import { assemble, type Code, instantiate, op } from './wasm.ts'

/** Holds the sum's low limb. */
export type FoldKernel = {
  /** Whole numbers of grid steps, one for each number of an addend. */
  readonly steps: Float64Array
  /**
   * Takes the numbers from start up to, but without, start + BLOCK. -> their largest magnitude; NaN
   * or infinity where one is not finite. start: a multiple of BLOCK.
   */
  load(vector: Float32Array, start: number): number
  /**
   * Adds what was loaded, times stepsPerUnit, each product rounded to a whole number, halves up. All
   * products must be below 2⁵².
   */
  add(stepsPerUnit: number): void
}

/** Numbers that stay in the first cache with their sums. */
export const BLOCK = 2048

/** Below this a memory of its own is not worth its pages. */
const LEAST_SIMD = 2 * BLOCK

export const foldKernel = (size: number): FoldKernel =>
  (size < LEAST_SIMD ? undefined : simdKernel(size)) ?? plainKernel(size)

export const plainKernel = (size: number): FoldKernel => {
  const steps = new Float64Array(size)
  let block: Float32Array = new Float32Array()
  let offset = 0
  return {
    steps,
    load(vector, start) {
      block = vector.subarray(start, start + BLOCK)
      offset = start
      return peakOf(block)
    },
    add(stepsPerUnit) {
      for (let i = 0; i < block.length; i++)
        steps[offset + i]! += Math.round(block[i]! * stepsPerUnit)
    },
  }
}

/** The largest magnitude; NaN or infinity where a number is not finite. */
export const peakOf = (values: ArrayLike<number>): number => {
  let largest = 0
  for (let i = 0; i < values.length; i++) {
    const magnitude = Math.abs(values[i]!)
    if (!(magnitude <= largest)) largest = magnitude
    if (!(magnitude < Number.POSITIVE_INFINITY)) return magnitude
  }
  return largest
}

/** The block lies at address 0, the sums behind it. Undefined where the machine cannot. */
export const simdKernel = (size: number): FoldKernel | undefined => {
  const blocks = Math.ceil(size / BLOCK)
  const wasm = instantiate<Kernels>(kernels, BLOCK_BYTES + blocks * 2 * BLOCK_BYTES)
  if (!wasm) return undefined
  const block = new Float32Array(wasm.memory, 0, BLOCK)
  let address = 0
  return {
    steps: new Float64Array(wasm.memory, BLOCK_BYTES, size),
    load(vector, start) {
      const numbers = vector.subarray(start, start + BLOCK)
      block.set(numbers)
      // A last block is filled up: zeros change neither peak nor sums.
      block.fill(0, numbers.length)
      address = BLOCK_BYTES + 8 * start
      return wasm.exports.peak()
    },
    add: (stepsPerUnit) => wasm.exports.add(address, stepsPerUnit),
  }
}

type Kernels = { peak(): number; add(sums: number, stepsPerUnit: number): void }

const BLOCK_BYTES = 4 * BLOCK
const VECTOR_BYTES = 16
/** Vectors that one turn of a loop takes. */
const UNROLLED = 4

/** Adds `bytes` to the address in `local`, and leaves it. */
const advance = (local: number, bytes: number): Code => [
  ...[...op.get(local), ...op.i32(bytes), ...op.i32Add, ...op.set(local)],
  ...op.get(local),
]

const repeat = (times: number, code: (i: number) => Code): Code =>
  Array.from({ length: times }, (_, i) => code(i)).flat()

/**
 * Without its sign a float32 is in the order of its bits as a whole number, infinity and NaN above
 * all others.
 */
const peak = (): Code => {
  const [at, lane, mask, maxima] = [0, 1, 2, 3]
  const take = (i: number): Code => [
    ...[...op.get(at), ...op.load(i * VECTOR_BYTES), ...op.get(mask), ...op.and],
    ...[...op.get(maxima + i), ...op.i32x4MaxUnsigned, ...op.set(maxima + i)],
  ]
  const merge = (i: number): Code => [...op.get(maxima + i), ...op.i32x4MaxUnsigned]
  const laneOf = (i: number): Code => [...op.get(maxima), ...op.i32x4Lane(i)]
  const largerLane = (i: number): Code => [
    ...[...laneOf(i), ...op.get(lane)],
    ...[...op.get(lane), ...laneOf(i), ...op.i32LessUnsigned, ...op.select, ...op.set(lane)],
  ]
  return [
    ...[...op.i32(0x7fff_ffff), ...op.i32x4Splat, ...op.set(mask)],
    ...op.loop([
      ...repeat(UNROLLED, take),
      ...[...advance(at, UNROLLED * VECTOR_BYTES), ...op.i32(BLOCK_BYTES), ...op.i32LessUnsigned],
    ]),
    ...[...op.get(maxima), ...repeat(UNROLLED - 1, (i) => merge(i + 1)), ...op.set(maxima)],
    ...[...repeat(4, largerLane), ...op.get(lane), ...op.f32OfBits],
  ]
}

/** Math.round, as ceil(y) − [ceil(y) − ½ > y]: y + ½ would round by itself. */
const add = (): Code => {
  const [sums, stepsPerUnit, at, factor, half, one, product, up] = [0, 1, 2, 3, 4, 5, 6, 7]
  const take = (i: number): Code => [
    ...[...op.get(sums), ...op.get(sums), ...op.load(i * VECTOR_BYTES)],
    ...[...op.get(at), ...op.load64((i * VECTOR_BYTES) / 2), ...op.f64x2OfLowF32x4],
    ...[...op.get(factor), ...op.f64x2Multiply, ...op.set(product)],
    ...[...op.get(product), ...op.f64x2Ceil, ...op.set(up), ...op.get(up)],
    ...[...op.get(up), ...op.get(half), ...op.f64x2Subtract],
    ...[...op.get(product), ...op.f64x2Greater, ...op.get(one), ...op.and, ...op.f64x2Subtract],
    ...[...op.f64x2Add, ...op.store(i * VECTOR_BYTES)],
  ]
  const turn = UNROLLED * VECTOR_BYTES
  return [
    ...[...op.get(stepsPerUnit), ...op.f64x2Splat, ...op.set(factor)],
    ...[...op.f64(0.5), ...op.f64x2Splat, ...op.set(half)],
    ...[...op.f64(1), ...op.f64x2Splat, ...op.set(one)],
    ...op.loop([
      ...repeat(UNROLLED, take),
      ...[...op.get(sums), ...op.i32(turn), ...op.i32Add, ...op.set(sums)],
      ...[...advance(at, turn / 2), ...op.i32(BLOCK_BYTES), ...op.i32LessUnsigned],
    ]),
  ]
}

const kernels = assemble([
  {
    name: 'peak',
    params: [],
    result: 'f32',
    locals: ['i32', 'i32', 'v128', ...Array(UNROLLED).fill('v128')],
    body: peak(),
  },
  {
    name: 'add',
    params: ['i32', 'f64'],
    locals: ['i32', ...Array(5).fill('v128')],
    body: add(),
  },
])
