import { describe, expect, test } from 'vitest'
import { scaleFromStatistics } from '../../../adapters/aggregate/statistics.ts'
import { seededRng } from '../../../adapters/random.ts'
import { withoutWords } from '../../../adapters/wire/lineage.ts'
import {
  centred,
  featureSpace,
  featureStatistics,
  rawFeatures,
  standardize,
} from '../../../device/reward/feature-space.ts'
import { FEATURE_NAMES } from '../../../device/text/named-features.ts'
import { WORD_LIST } from '../../../device/text/word-shares.ts'

const rng = seededRng('space')
const vector = (n: number, spread = 1) =>
  Float64Array.from({ length: n }, () => spread * rng.normal())

describe('feature space', () => {
  test('puts pooled states first, shares of words next, named features last', () => {
    expect(featureSpace(576)).toEqual({ pooled: 576, words: WORD_LIST, named: FEATURE_NAMES })
    const space = { pooled: 2, words: { list: 'two', count: 2 }, named: ['length'] }
    const text = { words: Float64Array.of(4, 5), named: Float64Array.of(3) }
    expect([...rawFeatures(space, Float32Array.of(1, 2), text)]).toEqual([1, 2, 4, 5, 3])
    expect([...rawFeatures(withoutWords(space), Float32Array.of(1, 2), text)]).toEqual([1, 2, 3])
  })

  test('statistics ignore what all candidates of a request have in common', () => {
    const groups = [0, 100, -7].map((shift) =>
      [0, 1, 5].map((v) => Float64Array.of(v + shift, 2 * v)),
    )
    const { count, sum, sumSquares } = featureStatistics(groups)
    expect(count).toBe(9)
    expect(sum[0]).toBeCloseTo(0, 10)
    expect(sumSquares[0]).toBeCloseTo(3 * 14, 10)
    expect(sumSquares[1]).toBeCloseTo(3 * 56, 10)
  })

  test('a request with one candidate says nothing', () => {
    expect(featureStatistics([[vector(3)], []])).toMatchObject({ count: 0 })
  })

  test('with its scale, named features vary by 1 in total, states and words by 1 together', () => {
    const space = featureSpace(40)
    const words = 40 + WORD_LIST.count
    const size = words + FEATURE_NAMES.length
    const groups = Array.from({ length: 400 }, () => {
      const shift = vector(size, 9)
      return Array.from({ length: 4 }, () => vector(size).map((v, j) => (j + 1) * v + shift[j]!))
    })
    const scale = scaleFromStatistics(featureStatistics(groups), space)
    const standardized = groups.flatMap((g) => centred(g.map((v) => standardize(v, scale))))
    const varianceOf = (from: number, to: number) =>
      standardized.reduce((s, v) => s + v.slice(from, to).reduce((t, x) => t + x * x, 0), 0) /
      standardized.length
    expect(varianceOf(0, 40)).toBeCloseTo(0.5, 6)
    expect(varianceOf(40, words)).toBeCloseTo(0.5, 6)
    expect(varianceOf(words, size)).toBeCloseTo(1, 6)
  })

  test('refuses vectors of different sizes, and none at all', () => {
    expect(() => featureStatistics([[vector(2), vector(3)]])).toThrow(/2 features each, got 3/)
    expect(() => featureStatistics([])).toThrow(/at least one/)
    expect(() => standardize(vector(2), vector(3))).toThrow(/2 numbers, the scale 3/)
  })
})
