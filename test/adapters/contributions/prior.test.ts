import { describe, expect, test } from 'vitest'
import { createExactSum } from '../../../adapters/aggregate/exact-sum.ts'
import { initialPrior } from '../../../adapters/aggregate/prior.ts'
import { readRing, ringOf, ringSize } from '../../../adapters/contributions/masked.ts'
import {
  decodePrior,
  encodePrior,
  priorRow,
  releasedPrior,
} from '../../../adapters/contributions/prior.ts'
import { vectorOf } from '../../../adapters/contributions/table.ts'
import { nativeCiphers } from '../../../adapters/node/ciphers.ts'
import { seededRng } from '../../../adapters/random.ts'
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

describe('in directions', () => {
  const within = {
    ...plan,
    prior: { ...plan.prior, moments: 'directions' as const, directions: 2, clip: Math.sqrt(8) },
  }
  const last = {
    mean: Float64Array.of(1, 0, 0),
    directions: Float64Array.of(1, 0, 0, 0, 0.6, 0.8),
    variances: Float64Array.of(4, 0.5),
    rest: 0.25,
  }
  const head = headOf([...encodePrior(last), scale])
  const made = { v: Float64Array.of(0, -4), change: Float64Array.of(0, 0, 0) }
  const sent = (parts = priorRow.make(made, within)!, directions?: number) =>
    updateOf(parts, null, 0, { ...(directions !== undefined && { directions }) })

  test('a device sends k(k+3)/2 numbers of its shortened head, and they pass the door', () => {
    const update = sent(undefined, 2)
    expect(vectorOf(priorRow, update)).toHaveLength(5)
    expect([...vectorOf(priorRow, update)]).toEqual([0, -2, 0, 0, 2])
    priorRow.checkPresence(update.header, { ...within, contributions: ['prior'] })
    priorRow.checkValues(update, within)
  })

  test('moments beyond the clip are refused with E_NORM, of one device and of a sum', () => {
    const long = [part('prior.first', 0, 0), part('prior.second', 2, 0.2, 0)]
    expectCode('E_NORM', () => priorRow.checkValues(sent(long, 2), within))
    const total = (...vector: number[]) => ({
      ...{ vector: Float64Array.from(vector), weight: 3, count: 3 },
    })
    priorRow.checkTotal(total(0, 6, 0, 0, 6), within)
    expectCode('E_NORM', () => priorRow.checkTotal(total(0, 6.1, 0, 0, 6), within))
    expectCode('E_NORM', () => priorRow.checkTotal(total(0, 6, 0, 5, 5), within))
  })

  test('moments in other dimensions than the job asks for are refused with E_SHAPE', () => {
    const asked = { ...within, contributions: ['prior' as const] }
    const full = sent(priorRow.make({ first: [0, 0, 0], second: [0, 0, 0, 0, 0, 0] }, plan)!)
    expectCode('E_SHAPE', () => priorRow.checkPresence(full.header, asked))
    expectCode('E_SHAPE', () => sent(undefined))
    const few = sent(undefined, 2).header
    expectCode('E_SHAPE', () => priorRow.checkPresence(few, { ...plan, contributions: ['prior'] }))
  })

  test('the next prior moves in the directions alone, and none is made of other ones', () => {
    const total = createExactSum(5)
    total.add(vectorOf(priorRow, sent(undefined, 2)), 1)
    const { parts } = priorRow.finish(total, within, head)!
    const next = decodePrior(
      (name) => Float32Array.from(parts.find((one) => one.name === name)!.data),
      D,
      within.prior,
    )
    // One device at −2 along (0, 0.6, 0.8), among ten of the last prior.
    for (const [i, x] of [1, -1.2 / 11, -1.6 / 11].entries())
      expect(next.mean[i]!).toBeCloseTo(x, 6)
    expect(next.rest).toBe(0.25)
    expect(priorRow.finish(total, within, headOf([scale]))).toBeNull()
    expect(priorRow.finish(total, within, headOf(encodePrior(last)))).toBeNull()
  })

  test('a robust rule measures from nothing, and a sum can hold the largest number', () => {
    expect([...priorRow.reference!(within, head)]).toEqual([0, 0, 0, 0, 0])
    expect(priorRow.units!(within)).toEqual([2, 3])
    expect(priorRow.largestAddend!({ ...job, prior: within.prior })).toBe(2)
  })

  test('in a masked round they take the room that they need, and come out as they went in', () => {
    const masked = {
      ...within,
      contributions: ['prior' as const],
      masking: { devices: 3 },
      planDigest: 'ab'.repeat(32),
    }
    const tools = { ciphers: nativeCiphers, rng: seededRng(1) }
    const ring = ringOf(sent(undefined, 2), masked, tools)
    expect(ringSize(masked)).toBeLessThan(ringSize({ ...masked, prior: { ...plan.prior } }))
    const sum = readRing(ring, masked, nativeCiphers).totalOf(priorRow)!.sum()
    for (const [i, x] of [0, -2, 0, 0, 2].entries()) expect(sum[i]!).toBeCloseTo(x, 5)
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
