/**
 * Numbers as whole multiples of a step, for the ring of masks. A device's numbers are at most `levels`
 * steps, and its integer weight multiplies them afterwards. So weighted sums of a round are exact as
 * long as devices · largest weight · levels + noise stays below 2³¹, which is checked when a job is
 * created.
 *
 * Rounding is up or down at random, so that its expectation is the number itself, and is repeated
 * until the vector is not longer than rounding must make it (Kairouz et al. 2021, "The distributed
 * discrete Gaussian mechanism", algorithm 1 and proposition 22).
 */
import type { Rng } from '../random.ts'
import { rotate, rotateBack, rotatedRange, type Signs } from './rotation.ts'

/** Half of the ring, for each sign. */
const HALF_RING = 2 ** 31

/**
 * The most steps that a number of one device may have. noiseTail: what noise can add to a sum, in
 * steps. 0 or less: nothing fits.
 */
export const levelsOf = (devices: number, largestWeight: number, noiseTail = 0): number =>
  Math.floor((HALF_RING - 1 - noiseTail) / (devices * largestWeight))

/** A part of a vector that is rotated and has a scale of its own. norm: the longest it may be. */
export type RotatedSegment = { readonly size: number; readonly norm: number }

/**
 * Weight times the rounded numbers, into the ring. A vector beyond the segment's norm is shortened to
 * it. The given numbers are not changed.
 */
export const quantizeRotated = (
  numbers: Float64Array,
  segment: RotatedSegment,
  { levels, weight, signs, rng }: { levels: number; weight: number; signs: Signs; rng: Rng },
): Int32Array => {
  const vector = Float64Array.from(numbers)
  const length = lengthOf(vector)
  if (length > segment.norm) scale(vector, segment.norm / length)
  rotate(vector, signs)
  const range = rotatedRange(segment.size, segment.norm)
  const peak = vector.reduce((most, x) => Math.max(most, Math.abs(x)), 0)
  if (peak > range) scale(vector, range / peak)
  scale(vector, levels / range)
  const rounded = roundWithin(vector, levels, rng)
  for (let i = 0; i < rounded.length; i++) rounded[i]! *= weight
  return rounded
}

/**
 * The longest that a vector of the segment can be once it is rounded, but for a probability of 2⁻⁷².
 */
export const quantizedNorm = ({ size, norm }: RotatedSegment, levels: number): number => {
  const step = rotatedRange(size, norm) / levels
  return step * Math.sqrt(mostSquares(norm / step, size))
}

/** The real numbers of a sum of quantized ones. */
export const realOfRotated = (
  sum: Int32Array,
  segment: RotatedSegment,
  { levels, signs }: { levels: number; signs: Signs },
): Float64Array => {
  const vector = Float64Array.from(sum)
  scale(vector, rotatedRange(segment.size, segment.norm) / levels)
  rotateBack(vector, signs)
  return vector
}

/** Tries of 1 − e^(−1/2) each: after a hundred the probability to have failed is 2⁻⁷². */
const TRIES = 100

/** Of a vector that long before rounding, in steps. β = e^(−1/2), so √(2·ln(1/β)) = 1. */
const mostSquares = (length: number, size: number): number => {
  const root = Math.sqrt(size)
  return Math.min((length + root) ** 2, length ** 2 + size / 4 + (length + root / 2))
}

/** In steps of 1; each at most `levels`. */
const roundWithin = (vector: Float64Array, levels: number, rng: Rng): Int32Array => {
  const most = mostSquares(lengthOf(vector), vector.length)
  const rounded = new Int32Array(vector.length)
  for (let i = 0; i < TRIES; i++) {
    let squares = 0
    for (let j = 0; j < rounded.length; j++) {
      const step = Math.floor(vector[j]! + rng.uniform())
      const kept = Math.max(-levels, Math.min(levels, step))
      rounded[j] = kept
      squares += kept * kept
    }
    if (squares <= most) break
  }
  return rounded
}

/**
 * Numbers that differ in size too much for one scale: each as several digits, the lowest first, which
 * are added each for itself.
 */
export type WideSegment = { readonly size: number }

/** The largest number of a wide segment, and its step. */
export const WIDE_RANGE = 2 ** 30
const WIDE_STEP = 2 ** -22

/** Bits of a digit, from −2^(bits−1) to 2^(bits−1), and how many digits there are. */
const digitsFor = (levels: number): { readonly base: number; readonly digits: number } => {
  const bits = Math.min(31, Math.floor(Math.log2(levels)) + 1)
  return { base: 2 ** bits, digits: Math.ceil(54 / bits) }
}

/** Places in the ring. */
export const wideSize = ({ size }: WideSegment, levels: number): number =>
  size * digitsFor(levels).digits

export const quantizeWide = (
  numbers: Float64Array,
  { levels, weight, rng }: { levels: number; weight: number; rng: Rng },
): Int32Array => {
  const { base, digits } = digitsFor(levels)
  const made = new Int32Array(numbers.length * digits)
  for (let i = 0; i < numbers.length; i++) {
    const kept = Math.max(-WIDE_RANGE, Math.min(WIDE_RANGE, numbers[i]!))
    let left = Math.floor(kept / WIDE_STEP + rng.uniform())
    for (let k = 0; k < digits; k++) {
      const over = Math.round(left / base)
      made[k * numbers.length + i] = weight * (left - over * base)
      left = over
    }
  }
  return made
}

export const realOfWide = (
  sum: Int32Array,
  { size }: WideSegment,
  { levels }: { levels: number },
): Float64Array => {
  const { base, digits } = digitsFor(levels)
  const real = new Float64Array(size)
  for (let k = digits - 1; k >= 0; k--)
    for (let i = 0; i < size; i++) real[i] = real[i]! * base + sum[k * size + i]!
  scale(real, WIDE_STEP)
  return real
}

const lengthOf = (vector: Float64Array): number => {
  let squares = 0
  for (const x of vector) squares += x * x
  return Math.sqrt(squares)
}

const scale = (vector: Float64Array, factor: number): void => {
  for (let i = 0; i < vector.length; i++) vector[i]! *= factor
}
