/**
 * A streaming weighted sum whose result does not depend on the order of its addends, nor on how they
 * were split over partial sums. Each product of a number and a weight is rounded to a multiple of
 * 2⁻⁴² (a step), halves up. Whole steps add exactly below 2⁵³: in a float64 `low`, carried into
 * another, `high`, of 2³² steps each, before `low` could pass that. So the sum is exact while
 * Σ max|addend| ≤ 2⁴² (4·10¹²) and there are at most 2²⁰ addends, and is rounded once at its end.
 */
import { FedError } from '../errors.ts'
import type { Vector } from '../math/vector.ts'
import { BLOCK, type FoldKernel, foldKernel, peakOf } from './fold-kernel.ts'

export type ExactSum = {
  /**
   * Adds weight·vector; weight ≥ 0, rounded to a multiple of 2⁻²⁰. On refusal nothing has changed:
   * E_SHAPE (size), E_NOT_FINITE, E_NORM (sum beyond the bound); RangeError for a bad weight or too
   * many addends.
   */
  add(vector: Vector, weight: number): void
  /** Adds all that went into another sum; refuses as add does. */
  merge(partial: PartialSum): void
  /** What merge takes. A copy. */
  partial(): PartialSum
  sum(): Float64Array
  /** sum / weight. RangeError when the weight is 0. */
  mean(): Float64Array
  /** Σ weights. */
  weight(): number
  /** How many addends. */
  count(): number
}

/** A sum as plain data; its bytes, which equal sums have equal, are in partial-sum.ts. */
export type PartialSum = Totals & {
  readonly size: number
  /** Whole steps, |low| ≤ room units. */
  readonly low: Float64Array
  readonly room: number
  /** Whole multiples of HIGH_STEPS steps; empty where nothing was carried. */
  readonly high: Float64Array
}

type Totals = {
  readonly weight: number
  readonly count: number
  /** Σ max|addend|, each rounded up to a multiple of 2⁻¹⁰: no sum of some of them is larger. */
  readonly bound: number
}

const STEPS = 2 ** 42
export const HIGH_STEPS = 2 ** 32
/** Of bounds, and how many times a unit has HIGH_STEPS. */
const BOUND_GRID = STEPS / HIGH_STEPS
const WEIGHT_GRID = 2 ** 20
/** Largest Σ max|addend|. */
export const LARGEST_SUM = 2 ** 42
export const MAX_ADDENDS = 2 ** 20
export const LARGEST_WEIGHT = 2 ** 32
/** What |low| is at most after a carry. */
export const CARRIED = 1 / BOUND_GRID
/** Of |low| in units, of which 2¹¹ are 2⁵³ steps: one that is full can still be added to a carried one. */
const LOW_ROOM = 2 ** 11 - CARRIED
/** Of a product that goes to `low` alone, in units. */
const LARGEST_LOW = 2 ** 9

/** size: numbers in each addend. kernel: for tests. */
export const createExactSum = (
  size: number,
  kernel: (size: number) => FoldKernel = foldKernel,
): ExactSum => {
  let totals: Totals = { weight: 0, count: 0, bound: 0 }
  const limbs = createLimbs(kernel(size))
  const checkSize = (got: number) => {
    if (got !== size) throw new FedError('E_SHAPE', `expected ${size} numbers, got ${got}`)
  }
  return {
    add(vector, weight) {
      const factor = Math.round(weight * WEIGHT_GRID) / WEIGHT_GRID
      checkSize(vector.length)
      checkCounts(totals, { weight: factor, count: 1 })
      const bound = limbs.add(vector, factor, LARGEST_SUM - totals.bound)
      totals = totalOf(totals, { weight: factor, count: 1, bound })
    },
    merge(partial) {
      checkSize(partial.size)
      checkCounts(totals, partial)
      if (totals.bound + partial.bound > LARGEST_SUM) throw beyond(partial.bound)
      limbs.merge(partial)
      totals = totalOf(totals, partial)
    },
    partial: () => ({ size, ...totals, ...limbs.copy() }),
    sum: () => limbs.sum(1),
    mean() {
      if (totals.weight === 0) throw new RangeError('a sum without weight has no mean')
      return limbs.sum(totals.weight)
    },
    weight: () => totals.weight,
    count: () => totals.count,
  }
}

/** The numbers that a partial sum stands for. */
export const totalsOf = (partial: PartialSum): Float64Array => {
  const sum = createExactSum(partial.size)
  sum.merge(partial)
  return sum.sum()
}

const totalOf = (a: Totals, b: Totals): Totals => ({
  weight: a.weight + b.weight,
  count: a.count + b.count,
  bound: a.bound + b.bound,
})

const checkCounts = (totals: Totals, { weight, count }: Omit<Totals, 'bound'>): void => {
  if (!(weight >= 0 && weight + totals.weight <= LARGEST_WEIGHT))
    throw new RangeError(`weights must be at least 0 and sum to at most 2^32, got ${weight}`)
  if (totals.count + count > MAX_ADDENDS) throw new RangeError(`a sum takes ${MAX_ADDENDS} addends`)
}

/** Rounded up, so that it does not depend on the order in which bounds are added. */
const boundOf = (magnitude: number): number => Math.ceil(magnitude * BOUND_GRID) / BOUND_GRID

const beyond = (addend: number) =>
  new FedError('E_NORM', `the sum would pass 2^42, by an addend of ${addend}`)

type Limbs = Pick<PartialSum, 'low' | 'room' | 'high'>

/** The two limbs of each number of a sum. */
const createLimbs = (kernel: FoldKernel) => {
  const low = kernel.steps
  let high = new Float64Array()
  /** |low| is at most this many units, whatever came first. */
  let room = 0

  const carry = () => {
    if (high.length === 0) high = new Float64Array(low.length)
    for (let i = 0; i < low.length; i++) {
      const over = Math.round(low[i]! / HIGH_STEPS)
      high[i]! += over
      low[i]! -= over * HIGH_STEPS
    }
    room = CARRIED
  }
  /** Adds numbers that may be too large for `low`. sign: −1 takes them away again. */
  const addWide = (vector: Vector, start: number, end: number, factor: number, sign: 1 | -1) => {
    for (let i = start; i < end; i++) {
      const steps = vector[i]! * factor * STEPS
      const over = Math.round(steps / HIGH_STEPS)
      high[i]! += sign * over
      low[i]! += sign * Math.round(steps - over * HIGH_STEPS)
    }
  }
  /** Takes away what was added of the numbers before `end`. */
  const refuse = (vector: Vector, factor: number, end: number, peak: number): FedError => {
    carry()
    addWide(vector, 0, end, factor, -1)
    carry()
    const at = vector.findIndex((x) => !Number.isFinite(x))
    if (at >= 0) return new FedError('E_NOT_FINITE', `number ${at} is not finite`)
    return beyond(peak * factor)
  }
  return {
    /** most: the largest bound that this addend may have. -> its bound. */
    add(vector: Vector, factor: number, most: number): number {
      const isSingle = vector instanceof Float32Array
      let [largest, taken] = [0, 0]
      for (let start = 0; start < low.length; start += BLOCK) {
        const end = Math.min(start + BLOCK, low.length)
        const peak = isSingle ? kernel.load(vector, start) : peakOf(vector.subarray(start, end))
        const bound = boundOf(peak * factor)
        // Also where it is not a number.
        if (!(bound <= most && peak < Number.POSITIVE_INFINITY))
          throw refuse(vector, factor, start, peak)
        largest = Math.max(largest, bound)
        const isWide = !isSingle || bound > LARGEST_LOW
        taken = Math.max(taken, isWide ? CARRIED : bound)
        if (room + taken > LOW_ROOM || (isWide && high.length === 0)) carry()
        if (isWide) addWide(vector, start, end, factor, 1)
        else kernel.add(factor * STEPS)
      }
      room += taken
      return largest
    },
    merge(other: Limbs): void {
      if (room + other.room > LOW_ROOM || (other.high.length > 0 && high.length === 0)) carry()
      for (let i = 0; i < low.length; i++) low[i]! += other.low[i]!
      for (let i = 0; i < other.high.length; i++) high[i]! += other.high[i]!
      room += other.room
      if (room > LOW_ROOM) carry()
    },
    copy: (): Limbs => ({ low: low.slice(), room, high: high.slice() }),
    /** Each divided by `by`. */
    sum(by: number): Float64Array {
      const total = new Float64Array(low.length)
      // Both terms are exact, so their sum rounds once.
      for (let i = 0; i < total.length; i++)
        total[i] = ((high.length > 0 ? high[i]! / BOUND_GRID : 0) + low[i]! / STEPS) / by
      return total
    },
  }
}
