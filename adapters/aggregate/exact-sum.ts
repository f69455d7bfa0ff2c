/**
 * A streaming weighted sum whose result does not depend on the order of its addends. Each addend is
 * rounded to a multiple of 2⁻⁴² and split in two float64 limbs, a multiple of 2⁻¹⁰ and a remainder
 * below it. All limbs share a grid and sums stay under 2⁵³ grid steps, so every addition is exact,
 * while Σ max|addend| ≤ 2⁴² (4·10¹²) and there are at most 2²⁰ addends.
 */
import { FedError } from '../errors.ts'
import type { Vector } from '../math/vector.ts'

export type ExactSum = {
  /**
   * Adds weight·vector; weight ≥ 0, rounded to a multiple of 2⁻²⁰. On refusal nothing has changed:
   * E_SHAPE (size), E_NOT_FINITE, E_NORM (sum beyond the bound); RangeError for a bad weight or too
   * many addends.
   */
  add(vector: Vector, weight: number): void
  sum(): Float64Array
  /** sum / weight. RangeError when the weight is 0. */
  mean(): Float64Array
  /** Σ weights. */
  weight(): number
  /** How many addends. */
  count(): number
}

const COARSE = 2 ** 10
const FINE = 2 ** 42
const WEIGHT_GRID = 2 ** 20
/** Largest Σ max|addend|. */
export const LARGEST_SUM = 2 ** 42
const MAX_ADDENDS = 2 ** 20

/** size: numbers in each addend. */
export const createExactSum = (size: number): ExactSum => {
  const coarse = new Float64Array(size)
  const fine = new Float64Array(size)
  const state: State = { weight: 0, count: 0, bound: 0 }
  const sum = () => coarse.map((c, i) => c + fine[i]!)
  return {
    add(vector, weight) {
      const factor = Math.round(weight * WEIGHT_GRID) / WEIGHT_GRID
      const largest = checkAddend(state, size, vector, factor)
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
      if (state.weight === 0) throw new RangeError('a sum without weight has no mean')
      return sum().map((s) => s / state.weight)
    },
    weight: () => state.weight,
    count: () => state.count,
  }
}

type State = {
  weight: number
  count: number
  /** Σ max|addend|: no partial sum is larger, in whatever order. */
  bound: number
}

/** A bound on the magnitude of the addends. */
const checkAddend = (state: State, size: number, vector: Vector, factor: number): number => {
  if (vector.length !== size)
    throw new FedError('E_SHAPE', `expected ${size} numbers, got ${vector.length}`)
  if (!(factor >= 0 && factor + state.weight <= 2 ** 32))
    throw new RangeError(`weights must be at least 0 and sum to at most 2^32, got ${factor}`)
  if (state.count >= MAX_ADDENDS) throw new RangeError(`a sum takes ${MAX_ADDENDS} addends`)
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
