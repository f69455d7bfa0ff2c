/**
 * Gaussian noise on a sum, in whole steps of a grid. The sum is rounded to the grid first, and both are
 * added exactly, so that rounding tells nothing that noise and sum together do not (Mironov 2012 reads a
 * sum out of the gaps between float64 numbers otherwise): round(s + n) = s + round(n) for whole s.
 */
import { FedError } from '../errors.ts'

/** Steps of the grid in a deviation, at least; half of float64's bits are left to the sum. */
const STEPS = 2 ** 26
const LARGEST = 2 ** 52

/** A power of two. sigma: the noise's standard deviation, above 0. */
export const gridFor = (sigma: number): number => 2 ** Math.floor(Math.log2(sigma / STEPS))

/** Bytes of randomness for so many numbers. */
export const noiseBytes = (count: number): number => 16 * Math.ceil(count / 2)

/**
 * A copy with noise. random: noiseBytes(sum.length) uniform bytes. The normal numbers are of Box and
 * Muller, of 53 bits each; none is beyond 8.6 deviations, which has a probability of 10⁻¹⁷. E_NORM where
 * the sum is too large for the grid, or not finite.
 */
export const withNoise = (sum: Float64Array, sigma: number, random: Uint8Array): Float64Array => {
  const grid = gridFor(sigma)
  const view = new DataView(random.buffer, random.byteOffset, random.byteLength)
  const noised = new Float64Array(sum.length)
  for (let i = 0; i < sum.length; i += 2) {
    const radius = Math.sqrt(-2 * Math.log(uniform53(view, 8 * i)))
    const angle = 2 * Math.PI * uniform53(view, 8 * i + 8)
    noised[i] = radius * Math.cos(angle)
    if (i + 1 < sum.length) noised[i + 1] = radius * Math.sin(angle)
  }
  for (let i = 0; i < sum.length; i++) {
    const steps = Math.round(sum[i]! / grid)
    if (!(Math.abs(steps) < LARGEST))
      throw new FedError('E_NORM', `number ${i} of a sum is ${sum[i]}, too large for its noise`)
    noised[i] = (steps + Math.round((noised[i]! * sigma) / grid)) * grid
  }
  return noised
}

/** Above 0, at most 1. */
const uniform53 = (view: DataView, at: number): number =>
  ((view.getUint32(at, true) >>> 5) * 2 ** 26 + (view.getUint32(at + 4, true) >>> 6) + 1) * 2 ** -53
