/**
 * A streaming weighted sum whose result does not depend on the order of its addends. Each addend is rounded to a multiple of
 * 2⁻⁴² and split in two float64 limbs, a multiple of 2⁻¹⁰ and a remainder below it. All limbs share a grid and sums stay under
 * 2⁵³ grid steps, so every addition is exact, while Σ max|addend| ≤ 2⁴² (4·10¹²) and there are at most 2²⁰ addends.
 */
import { FedError } from '../errors.ts'
import { isFiniteVector, type Vector } from '../math/vector.ts'

export type Fold = {
  /**
   * Adds weight·vector; weight ≥ 0, rounded to a multiple of 2⁻²⁰. On refusal nothing has changed: E_SHAPE (size),
   * E_NOT_FINITE, E_NORM (sum beyond the bound); RangeError for a bad weight or too many addends.
   */
  add(vector: Vector, weight: number): void
  sum(): Float64Array
  /** sum / weight. RangeError when the weight is 0. */
  mean(): Float64Array
  /** Σ weights. */
  weight(): number
  /** How many addends. */
  count(): number
  /** Bytes for restoreFold; a fold that went through them ends with the same bytes. */
  snapshot(): Uint8Array
}

const COARSE = 2 ** 10
const FINE = 2 ** 42
const WEIGHT_GRID = 2 ** 20
const LARGEST_SUM = 2 ** 42
const MOST_ADDENDS = 2 ** 20

export const createFold = (size: number): Fold =>
  foldOver({
    coarse: new Float64Array(size),
    fine: new Float64Array(size),
    weight: 0,
    count: 0,
    bound: 0,
  })

/** E_CONTAINER when the bytes are no snapshot. */
export const restoreFold = (bytes: Uint8Array): Fold => {
  const whole = bytes.length % 8 === 0 ? bytes : []
  const values = new Float64Array(new Uint8Array(whole).buffer)
  const [size, count, weight, bound] = values
  if (!Number.isSafeInteger(size) || values.length !== 4 + 2 * size! || !isFiniteVector(values))
    throw new FedError('E_CONTAINER', `fold snapshot: ${bytes.length} bytes do not hold a fold`)
  return foldOver({
    coarse: values.slice(4, 4 + size!),
    fine: values.slice(4 + size!),
    weight: weight!,
    count: count!,
    bound: bound!,
  })
}

type State = {
  readonly coarse: Float64Array
  readonly fine: Float64Array
  weight: number
  count: number
  /** Σ max|addend|: no partial sum is larger, in whatever order. */
  bound: number
}

const foldOver = (state: State): Fold => {
  const { coarse, fine } = state
  const size = coarse.length
  const sum = () => coarse.map((c, i) => c + fine[i]!)
  return {
    add(vector, weight) {
      const factor = Math.round(weight * WEIGHT_GRID) / WEIGHT_GRID
      const largest = checkAddend(state, vector, factor)
      for (let i = 0; i < size; i++) {
        const addend = vector[i]! * factor
        const high = Math.round(addend * COARSE) / COARSE
        coarse[i]! += high
        fine[i]! += Math.round((addend - high) * FINE) / FINE
      }
      state.weight += factor
      state.count += 1
      state.bound += largest
    },
    sum,
    mean() {
      if (state.weight === 0) throw new RangeError('a fold without weight has no mean')
      return sum().map((s) => s / state.weight)
    },
    weight: () => state.weight,
    count: () => state.count,
    snapshot() {
      const values = new Float64Array(4 + 2 * size)
      values.set([size, state.count, state.weight, state.bound])
      values.set(coarse, 4)
      values.set(fine, 4 + size)
      return new Uint8Array(values.buffer)
    },
  }
}

/** A bound on the magnitude of the addends. */
const checkAddend = (state: State, vector: Vector, factor: number): number => {
  const size = state.coarse.length
  if (vector.length !== size)
    throw new FedError('E_SHAPE', `expected ${size} numbers, got ${vector.length}`)
  if (!(factor >= 0 && factor + state.weight <= 2 ** 32))
    throw new RangeError(`weights must be at least 0 and sum to at most 2^32, got ${factor}`)
  if (state.count >= MOST_ADDENDS) throw new RangeError(`a fold takes ${MOST_ADDENDS} addends`)
  let largest = 0
  for (let i = 0; i < size; i++) {
    const magnitude = Math.abs(vector[i]!)
    if (!(magnitude < Number.POSITIVE_INFINITY))
      throw new FedError('E_NOT_FINITE', `number ${i} is not finite`)
    if (magnitude > largest) largest = magnitude
  }
  // Rounded up to the coarse grid, so that the bound itself does not depend on the order.
  const bound = Math.ceil(largest * factor * COARSE) / COARSE
  if (state.bound + bound > LARGEST_SUM)
    throw new FedError('E_NORM', `the sum would pass 2^42, by an addend of ${largest * factor}`)
  return bound
}
