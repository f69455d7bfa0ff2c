import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { randomBytes, seededRng } from '../../../adapters/random.ts'
import {
  levelsOf,
  quantizeRotated,
  quantizeWide,
  realOfRotated,
  realOfWide,
  WIDE_RANGE,
  wideSize,
} from '../../../adapters/secagg/quantize.ts'
import { rotatedRange, signBytes } from '../../../adapters/secagg/rotation.ts'

const normal = (size: number, seed: number, scale = 1) => {
  const rng = seededRng(seed)
  return Float64Array.from({ length: size }, () => scale * rng.normal())
}
const lengthOf = (vector: ArrayLike<number>) => Math.hypot(...Array.from(vector))

describe('quantized numbers', () => {
  test('the largest sum of a round stays below half of the ring, and one level more would not', () => {
    for (const [devices, weight, tail] of [
      [2, 1, 0],
      [100, 64, 0],
      [10_000, 64, 5000],
      [1000, 10_000, 1],
    ] as const) {
      const levels = levelsOf(devices, weight, tail)
      expect(devices * weight * levels + tail).toBeLessThan(2 ** 31)
      expect(devices * weight * (levels + 1) + tail).toBeGreaterThanOrEqual(2 ** 31)
    }
  })

  test('a rotated vector comes back within a step, whatever the weight', () => {
    const segment = { size: 1000, norm: 10 }
    const signs = randomBytes(signBytes(1000))
    const levels = levelsOf(100, 64)
    const vector = normal(1000, 3, 0.2)
    const step = rotatedRange(1000, 10) / levels
    for (const weight of [1, 64]) {
      const made = quantizeRotated(vector, segment, { levels, weight, signs, rng: seededRng(4) })
      expect(made.every((x) => x % weight === 0 && Math.abs(x) <= weight * levels)).toBe(true)
      const real = realOfRotated(made, segment, { levels, signs })
      const error = real.map((x, i) => x / weight - vector[i]!)
      // Each number of the rotated vector is at most a step away.
      expect(lengthOf(error)).toBeLessThan(step * Math.sqrt(1000))
    }
  })

  test('an equal weight of all changes nothing: 1 and 16,000 devices of weight 1 or 64 alike', () => {
    const segment = { size: 64, norm: 1 }
    const signs = randomBytes(signBytes(64))
    const vector = normal(64, 5, 0.1)
    const rng = () => seededRng(6)
    const levels = levelsOf(1000, 64)
    const one = quantizeRotated(vector, segment, { levels, weight: 1, signs, rng: rng() })
    const many = quantizeRotated(vector, segment, { levels, weight: 64, signs, rng: rng() })
    expect(many).toEqual(one.map((x) => 64 * x))
  })

  test('rounding is right in the mean, and makes no vector longer than it must', () => {
    const segment = { size: 256, norm: 1 }
    const signs = randomBytes(signBytes(256))
    const vector = normal(256, 7, 0.02)
    // So coarse that most numbers are less than a step.
    const levels = 20
    const rng = seededRng(8)
    const mean = new Float64Array(256)
    const step = rotatedRange(256, 1) / levels
    const most = (length: number) => Math.sqrt(length ** 2 + 256 / 4 + length + Math.sqrt(256) / 2)
    for (let i = 0; i < 2000; i++) {
      const made = quantizeRotated(vector, segment, { levels, weight: 1, signs, rng })
      expect(lengthOf(made)).toBeLessThanOrEqual(most(lengthOf(vector) / step))
      const real = realOfRotated(made, segment, { levels, signs })
      for (let j = 0; j < 256; j++) mean[j]! += real[j]! / 2000
    }
    // A rounding error has at most the standard deviation of half a step.
    const error = lengthOf(mean.map((x, i) => x - vector[i]!))
    expect(error).toBeLessThan((2 * (step / 2) * Math.sqrt(256)) / Math.sqrt(2000))
  })

  test('a vector beyond its norm is shortened to it', () => {
    const segment = { size: 100, norm: 1 }
    const signs = randomBytes(signBytes(100))
    const levels = 2 ** 20
    const made = quantizeRotated(normal(100, 9), segment, {
      levels,
      weight: 1,
      signs,
      rng: seededRng(1),
    })
    expect(lengthOf(realOfRotated(made, segment, { levels, signs }))).toBeCloseTo(1, 3)
  })

  test('wide numbers keep a fixed step over their whole range, in sums too', () => {
    const numbers = fc.double({ min: -WIDE_RANGE, max: WIDE_RANGE, noNaN: true })
    const levels = fc.integer({ min: 256, max: 2 ** 24 })
    fc.assert(
      fc.property(fc.array(numbers, { minLength: 1, maxLength: 8 }), levels, (list, most) => {
        const segment = { size: list.length }
        const vector = Float64Array.from(list)
        const rng = seededRng(2)
        const one = quantizeWide(vector, { levels: most, weight: 3, rng })
        const two = quantizeWide(vector, { levels: most, weight: 5, rng })
        expect(one.length).toBe(wideSize(segment, most))
        expect(one.every((x) => Math.abs(x) <= 3 * most)).toBe(true)
        const real = realOfWide(
          one.map((x, i) => x + two[i]!),
          segment,
          { levels: most },
        )
        for (const [i, x] of list.entries())
          expect(Math.abs(real[i]! / 8 - x)).toBeLessThanOrEqual(2 ** -21)
      }),
    )
    expect(quantizeWide(Float64Array.of(0), { levels: 300, weight: 1, rng: seededRng(1) })).toEqual(
      new Int32Array(wideSize({ size: 1 }, 300)),
    )
  })
})
