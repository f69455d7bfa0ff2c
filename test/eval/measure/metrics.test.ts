import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { seededRng } from '../../../adapters/random.ts'
import {
  bootstrapInterval,
  meanNdcg,
  meanOf,
  meanRegret,
  medianOf,
  pairedDifference,
  reachableOf,
  reachableUtility,
  topOne,
  worthOf,
} from '../../../eval/measure/metrics.ts'

describe('the share of the reachable utility', () => {
  test('is 1 for the oracle, 0 for the mean and negative for the worst', () => {
    const utilities = [1, 2, 3]
    expect(reachableUtility([{ utilities, picked: 2 }])).toBe(1)
    expect(reachableUtility([{ utilities, picked: 1 }])).toBe(0)
    expect(reachableUtility([{ utilities, picked: 0 }])).toBe(-1)
  })

  test('does not change when utilities are shifted or scaled', () => {
    const prompts = fc.array(
      fc.record({
        utilities: fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 2, maxLength: 5 }),
        picked: fc.nat(1),
      }),
      { minLength: 1, maxLength: 5 },
    )
    fc.assert(
      fc.property(prompts, (picks) => {
        const moved = picks.map((p) => ({ ...p, utilities: p.utilities.map((u) => 4 * u + 7) }))
        expect(reachableUtility(moved)).toBeCloseTo(reachableUtility(picks), 9)
      }),
    )
  })

  test('is 0 where nothing is to be won', () => {
    expect(reachableUtility([{ utilities: [2, 2], picked: 1 }])).toBe(0)
  })
})

describe('other metrics of picks', () => {
  const picks = [
    { utilities: [0, 3, 1], picked: 1, order: [1, 2, 0] },
    { utilities: [2, 0, 0], picked: 1, order: [1, 0, 2] },
  ]

  test('top-1 counts best picks, regret is what the best would have added', () => {
    expect(topOne(picks)).toBe(0.5)
    expect(meanRegret(picks)).toBe(1)
  })

  test('NDCG by hand: the whole order counts, later places less', () => {
    // The second prompt has its only gain on the second place: 2/log2(3) of 2/log2(2).
    expect(meanNdcg(picks)).toBeCloseTo((1 + 1 / Math.log2(3)) / 2, 12)
    expect(meanNdcg([{ utilities: [5, 5], picked: 0, order: [0, 1] }])).toBe(1)
    expect(() => meanNdcg([{ utilities: [1, 2], picked: 0 }])).toThrow(RangeError)
  })

  test('what there is to win in a prompt is the best less the mean; nothing to who is indifferent', () => {
    // (3 − 4/3 + 2 − 2/3) / 2
    expect(reachableOf(picks)).toBeCloseTo(1.5, 12)
    expect(reachableOf([{ utilities: [0, 0], picked: 1 }])).toBe(0)
  })

  test('what was returned may be none of the candidates, and worth more than any', () => {
    const other = [{ utilities: [0, 2], picked: 0, value: 3 }]
    expect(reachableUtility(other)).toBe(2)
    expect(topOne(other)).toBe(1)
    expect(meanRegret(other)).toBe(-1)
    expect(worthOf(other[0]!)).toBe(3)
  })
})

describe('intervals', () => {
  test('the bootstrap interval of a mean agrees with the normal one', () => {
    const rng = seededRng(1)
    const values = Array.from({ length: 400 }, () => rng.normal())
    const [low, high] = bootstrapInterval(values, meanOf, rng)
    expect(high - low).toBeGreaterThan(0.16)
    expect(high - low).toBeLessThan(0.24)
    expect((low + high) / 2).toBeCloseTo(meanOf(values), 1)
  })

  test('pairing removes what users have in common', () => {
    const rng = seededRng(2)
    const users = Array.from({ length: 100 }, () => 10 * rng.normal())
    const better = users.map((u) => u + 1 + 0.1 * rng.normal())
    const { value, interval } = pairedDifference(better, users, rng)
    expect(value).toBeCloseTo(1, 1)
    expect(interval[1] - interval[0]).toBeLessThan(0.1)
  })

  test('lists of different length are refused', () => {
    expect(() => pairedDifference([1], [1, 2], seededRng(1))).toThrow(RangeError)
  })

  test('the median of an even count is the mean of the middle two', () => {
    expect(medianOf([4, 1, 3, 2])).toBe(2.5)
    expect(medianOf([3, 1, 2])).toBe(2)
  })
})
