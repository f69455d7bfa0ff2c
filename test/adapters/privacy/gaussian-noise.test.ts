import { expect, test } from 'vitest'
import { erfc } from '../../../adapters/math/normal.ts'
import { gridFor, noiseBytes, withNoise } from '../../../adapters/privacy/gaussian-noise.ts'
import { nobleCiphers } from '../../../adapters/secagg/ciphers.ts'
import { expectCode } from '../../support/expect-code.ts'

const random = (key: number, count: number) =>
  nobleCiphers.keystream(new Uint8Array(32).fill(key), noiseBytes(count))

test('the noise has the distribution of its deviation (Kolmogorov-Smirnov, 20,000 numbers)', () => {
  const count = 20_000
  const sorted = withNoise(new Float64Array(count), 3, random(1, count)).sort()
  let largest = 0
  for (const [i, x] of sorted.entries()) {
    const below = x < 0 ? erfc((-x / 3) * Math.SQRT1_2) / 2 : 1 - erfc((x / 3) * Math.SQRT1_2) / 2
    largest = Math.max(largest, Math.abs(below - (i + 0.5) / count))
  }
  // Passed by a normal sample with probability 0.9999.
  expect(largest * Math.sqrt(count)).toBeLessThan(2.23)
})

test('numbers of a pair, and pairs beside each other, do not go together', () => {
  const count = 40_000
  const noise = withNoise(new Float64Array(count), 1, random(2, count))
  for (const lag of [1, 2]) {
    let sum = 0
    for (let i = 0; i + lag < count; i++) sum += noise[i]! * noise[i + lag]!
    expect(Math.abs(sum / Math.sqrt(count))).toBeLessThan(4)
  }
})

test('sum and noise are whole steps of a power of two, and add exactly', () => {
  const sum = Float64Array.from({ length: 101 }, (_, i) => Math.sin(i) * 1000)
  const sigma = 0.7
  const grid = gridFor(sigma)
  expect(Number.isInteger(Math.log2(grid))).toBe(true)
  const noised = withNoise(sum, sigma, random(3, sum.length))
  const alone = withNoise(new Float64Array(101), sigma, random(3, sum.length))
  for (const [i, x] of noised.entries()) {
    expect(Number.isInteger(x / grid)).toBe(true)
    expect(x - alone[i]! + 0).toBe(Math.round(sum[i]! / grid) * grid + 0)
  }
})

test('the same randomness makes the same noise, other randomness another', () => {
  const of = (key: number) => withNoise(new Float64Array(5), 1, random(key, 5))
  expect(of(4)).toEqual(of(4))
  expect(of(4)).not.toEqual(of(5))
})

test('a sum that the grid cannot hold is refused', () => {
  for (const wrong of [1e12, Number.NaN, Number.POSITIVE_INFINITY])
    expectCode('E_NORM', () => withNoise(Float64Array.of(wrong), 1e-3, random(6, 1)))
})
