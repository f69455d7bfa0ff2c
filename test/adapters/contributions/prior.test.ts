import { describe, expect, test } from 'vitest'
import { createExactSum } from '../../../adapters/aggregate/exact-sum.ts'
import { initialPrior } from '../../../adapters/aggregate/prior.ts'
import {
  decodePrior,
  encodePrior,
  priorRow,
  releasedPrior,
} from '../../../adapters/contributions/prior.ts'
import { expectCode } from '../../support/expect-code.ts'
import { headOf, job, part, plan, updateOf } from './contribution-setting.ts'

const D = 3
const scale = part('statistics.scale', 1, 1, 1)
const limit = 10_000 * job.prior.initialVariance
const momentsOf = (first: number[], second: number[]) =>
  updateOf(priorRow.make({ first, second }, plan)!)

describe('the door', () => {
  test('lets moments of a possible head pass, up to its bounds', () => {
    priorRow.checkValues(momentsOf([0, 0, 0], [0, 0, 0, 0, 0, 0]), plan)
    // w = (1, −2, 0.5) without doubt: E[wwᵀ] = wwᵀ.
    priorRow.checkValues(momentsOf([1, -2, 0.5], [1, -2, 0.5, 4, -1, 0.25]), plan)
    priorRow.checkValues(momentsOf([0, 0, 0], [limit, 0, 0, limit, limit, limit]), plan)
  })

  test.each([
    ['a negative square', [0, 0, 0], [-1, 0, 0, 1, 0, 1], 'feature 0'],
    ['a square beyond the limit', [0, 0, 0], [1, 0, 0, limit * 1.01, 0, 1], 'feature 1'],
    ['a mean that its square does not allow', [0, 0, 2], [1, 0, 0, 1, 0, 3.9], 'feature 2'],
    ['a product beyond its diagonal', [0, 0, 0], [1, 0, 1.01, 1, 0, 1], 'features 0 and 2'],
  ])('refuses %s', (_, first, second, said) => {
    const call = () => priorRow.checkValues(momentsOf(first, second), plan)
    expect(expectCode('E_NORM', call).message).toContain(said)
  })

  test('refuses an update without the moments', () => {
    const other = updateOf([
      part('statistics.count', 1),
      part('statistics.sum', 0, 0, 0),
      part('statistics.sumSquares', 0, 0, 0),
    ])
    expect(priorRow.isIn(other.header)).toBe(false)
    expectCode('E_SHAPE', () => priorRow.checkValues(other, plan))
  })

  test('counts every device once, however many pairs it has', () => {
    const { header } = momentsOf([0, 0, 0], [0, 0, 0, 0, 0, 0])
    expect(priorRow.weight({ ...header, pairs: 900 }, job)).toBe(1)
    expect(priorRow.largestAddend!(job)).toBe(limit)
  })
})

describe('the next release', () => {
  const total = createExactSum(D + 6)
  total.add(Float32Array.of(1, 0, 0, 2, 0, 0, 2, 0, 2), 1)

  test('fits a prior once there is a scale, and none before', () => {
    expect(priorRow.finish(total, plan, headOf())).toBeNull()
    const { parts, moved } = priorRow.finish(total, plan, headOf([scale]))!
    expect(moved).toBeUndefined()
    // One device among ten pseudo-devices whose mean is zero (tolerance 1e-6).
    expect(parts[0]!.name).toBe('prior.mean')
    expect(Math.abs(parts[0]!.data[0]! - 1 / 11)).toBeLessThan(1e-6)
  })
})

describe('a prior in a release', () => {
  const prior = {
    mean: Float64Array.of(0.5, -2, 0),
    directions: Float64Array.of(1, 0, 0, 0, 0.6, 0.8),
    variances: Float64Array.of(4, 0.5),
    rest: 0.25,
  }
  const finder = (parts: Record<string, number[]>) => (name: string) =>
    parts[name] && Float32Array.from(parts[name])

  test('comes back, with directions and without (tolerance 1e-7)', () => {
    const read = releasedPrior(headOf([...encodePrior(prior), scale]).release, 2)
    expect([...read.mean]).toEqual([0.5, -2, 0])
    for (const [i, x] of prior.directions.entries())
      expect(Math.abs(read.directions[i]! - x)).toBeLessThan(1e-7)
    expect([[...read.variances], read.rest]).toEqual([[4, 0.5], 0.25])
    const none = { ...prior, directions: new Float64Array(), variances: new Float64Array() }
    expect(encodePrior(none).map(({ name }) => name)).toEqual(['prior.mean', 'prior.rest'])
    expect(releasedPrior(headOf(encodePrior(none)).release, 2)).toEqual(none)
  })

  test('is the first one where the release has none', () => {
    expect(releasedPrior(headOf().release, 7)).toEqual(initialPrior(D, 7))
  })

  test.each([
    ['a mean of another size', { 'prior.mean': [1], 'prior.rest': [1] }, 'E_SHAPE'],
    ['no rest', { 'prior.mean': [1, 2, 3] }, 'E_SHAPE'],
    [
      'directions without variances',
      { 'prior.mean': [1, 2, 3], 'prior.directions': [1, 0, 0], 'prior.rest': [1] },
      'E_SHAPE',
    ],
    ['a rest of zero', { 'prior.mean': [1, 2, 3], 'prior.rest': [0] }, 'E_CONTAINER'],
    [
      'a variance that is no number',
      {
        ...{ 'prior.mean': [1, 2, 3], 'prior.directions': [1, 0, 0] },
        ...{ 'prior.variances': [Number.NaN], 'prior.rest': [1] },
      },
      'E_CONTAINER',
    ],
  ] as const)('with %s is refused', (_, parts, code) => {
    const find = finder(parts as unknown as Record<string, number[]>)
    expectCode(code, () => decodePrior(find, D, { initialVariance: 2 }))
  })

  test('may have as many directions as features, and no more', () => {
    const rows = (k: number) => {
      const directions = {
        name: 'prior.directions',
        shape: [k, D],
        data: Array.from({ length: k * D }, (_, i) => (i % (D + 1) === 0 ? 1 : 0)),
      }
      const variances = part('prior.variances', ...Array<number>(k).fill(1))
      const rest = part('prior.rest', 1)
      return headOf([part('prior.mean', 0, 0, 0), directions, variances, rest]).release
    }
    priorRow.checkReleased(rows(D))
    expectCode('E_SHAPE', () => rows(D + 1))
  })
})
