import { describe, expect, test } from 'vitest'
import { scaleFromStatistics } from '../../../adapters/aggregate/statistics.ts'
import { seededRng } from '../../../adapters/random.ts'
import { expectCode } from '../../support/expect-code.ts'

const space = { pooled: 3, named: ['length', 'lists'] }

describe('scaleFromStatistics', () => {
  test('gives each group of features a total variance of 1', () => {
    const rng = seededRng(1)
    const stds = [10, 0.1, 2, 300, 0.01]
    const rows = Array.from({ length: 500 }, () => stds.map((s, i) => s * rng.normal() + i))
    const sumOf = (of: (x: number) => number) =>
      stds.map((_, i) => rows.reduce((sum, row) => sum + of(row[i]!), 0))
    const statistics = { count: 500, sum: sumOf((x) => x), sumSquares: sumOf((x) => x * x) }
    const scale = scaleFromStatistics(statistics, space)
    const variances = stds.map((_, i) => {
      const values = rows.map((row) => row[i]! * scale[i]!)
      const mean = values.reduce((a, b) => a + b) / 500
      return values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 500
    })
    expect(variances[0]! + variances[1]! + variances[2]!).toBeCloseTo(1, 6)
    expect(variances[3]! + variances[4]!).toBeCloseTo(1, 6)
    expect(variances[3]).toBeCloseTo(0.5, 6)
  })

  test('states and words keep what varies more, each group as a whole, outliers cut', () => {
    const words = { list: 'four', count: 4 }
    const stds = [1, 2, 1, 500, 0.1, 0.2, 0.2, 0.2, 7]
    const count = 100
    const sumSquares = stds.map((s) => count * s * s)
    const scale = scaleFromStatistics(
      { count, sum: stds.map(() => 0), sumSquares },
      { pooled: 4, words, named: ['length'] },
    )
    const scaled = stds.map((s, i) => s * scale[i]!)
    expect(scaled[1]! / scaled[0]!).toBeCloseTo(2, 9)
    // Three times the median of 1, 1, 2 and 500, which is 2.
    expect(scaled[3]! / scaled[0]!).toBeCloseTo(6, 9)
    expect(scaled[5]! / scaled[4]!).toBeCloseTo(2, 9)
    const total = (from: number, to: number) =>
      scaled.slice(from, to).reduce((sum, s) => sum + s * s, 0)
    expect([total(0, 4), total(4, 8), total(8, 9)].map((v) => v.toFixed(9))).toEqual([
      '0.500000000',
      '0.500000000',
      '1.000000000',
    ])
  })

  test('a feature that does not vary is switched off', () => {
    const statistics = { count: 4, sum: [4, 0, 0, 0, 0], sumSquares: [4, 4, 0, 1e-13, 4] }
    expect([...scaleFromStatistics(statistics, space)].map((s) => s > 0)).toEqual([
      false,
      true,
      false,
      false,
      true,
    ])
  })

  test('without data every feature is switched off', () => {
    const zeros = new Float32Array(5)
    expect(scaleFromStatistics({ count: 0, sum: zeros, sumSquares: zeros }, space)).toEqual(
      new Float64Array(5),
    )
  })

  test('sums of another feature space are refused with E_SHAPE', () => {
    const five = new Float64Array(5)
    const four = new Float64Array(4)
    expectCode('E_SHAPE', () =>
      scaleFromStatistics({ count: 1, sum: four, sumSquares: five }, space),
    )
    expectCode('E_SHAPE', () =>
      scaleFromStatistics({ count: 1, sum: five, sumSquares: four }, space),
    )
  })
})
