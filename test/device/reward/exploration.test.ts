import { describe, expect, test } from 'vitest'
import { seededRng } from '../../../adapters/random.ts'
import {
  choiceInformation,
  exploreChances,
  worthAsking,
} from '../../../device/reward/exploration.ts'
import { scoreFeatures } from '../../../device/reward/reward.ts'
import { FEATURE_NAMES } from '../../../device/text/named-features.ts'

const sigma = (z: number) => 1 / (1 + Math.exp(-z))
const entropy = (p: number) => -p * Math.log(p) - (1 - p) * Math.log(1 - p)

describe('choiceInformation', () => {
  test.each([
    [0, 1],
    [0.5, 2],
    [-2, 0.5],
    [1, 6],
  ])('is the mutual information of mean %d and variance %d', (mean, variance) => {
    let [chance, left, total] = [0, 0, 0]
    for (let x = -8; x <= 8; x += 1e-3) {
      const density = Math.exp(-x * x * 0.5)
      const p = sigma(mean + Math.sqrt(variance) * x)
      chance += density * p
      left += density * entropy(p)
      total += density
    }
    const exact = entropy(chance / total) - left / total
    expect(Math.abs(choiceInformation(mean, variance) - exact)).toBeLessThan(0.01)
  })

  test('is 0 where nothing is uncertain, and small where the answer is known', () => {
    expect(choiceInformation(0.3, 0)).toBeCloseTo(0, 12)
    expect(choiceInformation(5, 1)).toBeLessThan(0.01)
  })
})

const w = new Float64Array(FEATURE_NAMES.length)
w[0] = -1
const scored = (lengths: readonly number[]) =>
  scoreFeatures(
    lengths.map((v) => new Float64Array(FEATURE_NAMES.length).fill(0).fill(v, 0, 1)),
    new Float64Array(FEATURE_NAMES.length).fill(1),
    w,
  )

describe('worthAsking', () => {
  // Uncertain in proportion to the difference.
  const variance = (x: Float64Array) => 4 * x[0]! ** 2

  test('names the two answers whose comparison tells most, and in what they differ', () => {
    const ask = worthAsking(scored([0, 0.1, 1]), variance, 1)
    expect(ask?.candidates).toEqual([0, 2])
    expect(ask?.reason).toContain('longer')
  })

  test('asks nothing if answers are alike, or if the preferences are known or absent', () => {
    expect(worthAsking(scored([0, 0.05]), variance, 1)).toBeNull()
    expect(worthAsking(scored([0, 1]), () => 0.01, 1)).toBeNull()
    expect(worthAsking(scored([0, 1]), variance, 0.1)).toBeNull()
    expect(worthAsking(scored([0]), variance, 1)).toBeNull()
  })
})

describe('exploreChances', () => {
  test('are half how often each is the best under the posterior, half equal', () => {
    const scores = scored([0, 0.5, -0.5])
    const known = exploreChances(scores, () => 0, seededRng('known'))
    // The shortest is the best for certain.
    expect(known.map((p) => Math.round(1e6 * p) / 1e6)).toEqual([0.166667, 0.166667, 0.666667])
    const open = exploreChances(scores, (x) => 1e4 * x[0]! ** 2, seededRng('open'))
    expect(open.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12)
    // One direction of doubt: the middle answer is never the best, the ends about equally often.
    expect(open[0]).toBeCloseTo(1 / 6, 2)
    expect(Math.abs(open[1]! - open[2]!)).toBeLessThan(0.15)
  })
})
