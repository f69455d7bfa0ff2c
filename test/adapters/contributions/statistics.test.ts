import { describe, expect, test } from 'vitest'
import { createExactSum, LARGEST_SUM } from '../../../adapters/aggregate/exact-sum.ts'
import { statisticsRow } from '../../../adapters/contributions/statistics.ts'
import { expectCode } from '../../support/expect-code.ts'
import { headOf, job, part, plan, updateOf } from './contribution-setting.ts'

const make = (count: number, sum: number[], sumSquares: number[]) =>
  statisticsRow.make({ count, sum, sumSquares }, plan)!
const numbersOf = (...given: Parameters<typeof make>) =>
  make(...given).map((p) => Array.from(p.data))
const raw = (count: number, sum: number[], squares: number[]) =>
  updateOf([
    part('statistics.count', count),
    part('statistics.sum', ...sum),
    part('statistics.sumSquares', ...squares),
  ])

describe('what a device sends', () => {
  test('are means, however many choices they are of', () => {
    expect(numbersOf(6, [3, 0, -3], [6, 0, 12])).toEqual([[1], [0.5, 0, -0.5], [1, 0, 2]])
    expect(numbersOf(1, [3, 0, 1], [9, 0, 1])).toEqual([[1], [3, 0, 1], [9, 0, 1]])
  })

  test('of no choices is all zeros', () => {
    expect(numbersOf(0, [0, 0, 0], [0, 0, 0])).toEqual([[0], [0, 0, 0], [0, 0, 0]])
  })
})

describe('the door', () => {
  const limit = LARGEST_SUM / job.cohort.size

  test('lets sums of possible features pass, up to its bounds', () => {
    statisticsRow.checkValues(raw(0, [0, 0, 0], [0, 0, 0]), plan)
    // Every one of four values is 3: (Σx)² = n·Σx².
    statisticsRow.checkValues(raw(4, [12, 0, -12], [36, 0, 36]), plan)
    statisticsRow.checkValues(raw(10_000_000, [0, 0, 0], [limit * 0.99, 0, 0]), plan)
  })

  test.each<[string, Parameters<typeof raw>, string]>([
    ['a negative count', [-1, [0, 0, 0], [0, 0, 0]], 'count'],
    ['half a choice', [0.5, [0, 0, 0], [0, 0, 0]], 'count'],
    ['more than a life of choices', [10_000_002, [0, 0, 0], [0, 0, 0]], 'count'],
    ['a negative sum of squares', [1, [0, 0, 0], [1, -1, 1]], 'feature 1'],
    ['squares that would fill the sum', [1, [0, 0, 0], [0, 0, limit * 1.01]], 'feature 2'],
    ['a sum that its squares do not allow', [4, [12.1, 0, 0], [36, 0, 0]], 'feature 0'],
    ['sums without a count', [0, [1, 0, 0], [1, 0, 0]], 'feature 0'],
  ])('refuses %s', (_, given, said) => {
    const call = () => statisticsRow.checkValues(raw(...given), plan)
    expect(expectCode('E_NORM', call).message).toContain(said)
  })

  test('counts every device once', () => {
    const { header } = raw(1, [0, 0, 0], [0, 0, 0])
    expect(statisticsRow.weight({ ...header, pairs: 900 }, job)).toBe(1)
  })
})

describe('what is summed', () => {
  const addend = (count: number, sum: number[], squares: number[]) => {
    const made = statisticsRow.addend!(Float32Array.from([count, ...sum, ...squares]))
    return made && Array.from(made)
  }

  test('is the variances of one device, whatever count it claims', () => {
    expect(addend(1, [0, 0, 0], [4, 1, 0])).toEqual([1, 0, 0, 0, 4, 1, 0])
    expect(addend(8, [0, 8, 0], [32, 16, 0])).toEqual([1, 0, 0, 0, 4, 1, 0])
    expect(addend(1e7, [0, 0, 0], [4e7, 1e7, 0])).toEqual([1, 0, 0, 0, 4, 1, 0])
  })

  test('is nothing of a device without choices, and never negative', () => {
    expect(addend(0, [0, 0, 0], [0, 0, 0])).toBeNull()
    expect(addend(3, [3, 0, 0], [2.999, 0, 0])).toEqual([1, 0, 0, 0, 0, 0, 0])
  })

  test('so one that claims ten million choices moves the scale no more than any other', () => {
    const scaleWith = (count: number) => {
      const total = createExactSum(7)
      for (let i = 0; i < 9; i++)
        total.add(statisticsRow.addend!(Float32Array.of(4, 0, 0, 0, 4, 4, 4))!, 1)
      const zeros = statisticsRow.addend!(Float32Array.of(count, 0, 0, 0, 0, 0, 0))!
      total.add(zeros, statisticsRow.weight(raw(1, [0, 0, 0], [0, 0, 0]).header, job))
      return Array.from(statisticsRow.finish(total, plan, headOf())!.parts[0]!.data)
    }
    expect(scaleWith(10_000_000)).toEqual(scaleWith(1))
    expect(scaleWith(1)[0]).toBeCloseTo(1 / Math.sqrt(3 * 0.9), 12)
  })
})

describe('the next release', () => {
  const totalOf = (...numbers: number[]) => {
    const total = createExactSum(7)
    total.add(Float64Array.from(numbers), 1)
    return total
  }
  const varied = totalOf(4, 0, 0, 4, 16, 4, 4)
  const scale = part('statistics.scale', 1, 2, 3)
  const prior = [part('prior.mean', 0, 0, 0), part('prior.rest', 1)]

  test('has the scale of the sums: 0 for a feature that does not vary (tolerance 1e-15)', () => {
    const { parts } = statisticsRow.finish(varied, plan, headOf())!
    expect(parts.map(({ name, shape }) => [name, shape])).toEqual([['statistics.scale', [3]]])
    // Deviations 2, 1 and 0, of three features.
    for (const [i, wanted] of [0.5, 1, 0].entries())
      expect(Math.abs(parts[0]!.data[i]! - wanted / Math.sqrt(3))).toBeLessThan(1e-15)
  })

  test('has none of a cohort without choices', () => {
    expect(statisticsRow.finish(totalOf(0, 0, 0, 0, 0, 0, 0), plan, headOf())).toBeNull()
  })

  test('replaces a scale until a prior is fitted in it', () => {
    expect(statisticsRow.finish(varied, plan, headOf([scale]))).not.toBeNull()
    expect(statisticsRow.finish(varied, plan, headOf(prior))).not.toBeNull()
    expect(statisticsRow.finish(varied, plan, headOf([...prior, scale]))).toBeNull()
  })

  test('may hold scales of 0 to a million', () => {
    statisticsRow.checkReleased(headOf().release)
    statisticsRow.checkReleased(headOf([part('statistics.scale', 0, 1, 1e6)]).release)
    const large = headOf([part('statistics.scale', 0, 1, 1.1e6)]).release
    expectCode('E_NORM', () => statisticsRow.checkReleased(large))
  })
})
