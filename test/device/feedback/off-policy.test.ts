import { expect, test } from 'vitest'
import { seededRng } from '../../../adapters/random.ts'
import { type JudgedDecision, rightShare } from '../../../device/feedback/off-policy.ts'

/** explored: propensities vary with what the user would like, so that plain means are wrong. */
const simulate = (seed: number, decisions: number, likedPreferred: number, likedFirst: number) => {
  const rng = seededRng(`ips/${seed}`)
  return Array.from({ length: decisions }, (): JudgedDecision => {
    const isHard = rng.uniform() < 0.5
    const first = isHard ? 0.4 : 0.1
    const served = rng.uniform() < first ? 'first' : 'preferred'
    const base = served === 'first' ? likedFirst : likedPreferred
    return {
      served,
      propensity: served === 'first' ? first : 1 - first,
      liked: rng.uniform() < base + (isHard ? -0.2 : 0.2),
    }
  })
}

test('is unbiased where exploration depends on how hard a request is', () => {
  const found = [1, 2, 3, 4, 5].map((seed) => rightShare(simulate(seed, 4000, 0.6, 0.5))!)
  const mean = found.reduce((sum, f) => sum + f.difference, 0) / 5
  expect(mean).toBeCloseTo(0.1, 1)
})

test('its interval covers the true value about as often as it claims', () => {
  const holds = Array.from({ length: 200 }, (_, seed) => {
    const { low, high } = rightShare(simulate(seed, 200, 0.6, 0.5))!
    return low <= 0.1 && 0.1 <= high
  })
  expect(holds.filter(Boolean).length / 200).toBeGreaterThan(0.9)
})

test('says nothing on fewer than five decisions of a kind', () => {
  const one = { served: 'preferred' as const, propensity: 0.9, liked: true }
  const first = { served: 'first' as const, propensity: 0.1, liked: false }
  expect(rightShare([...Array(50).fill(one), ...Array(4).fill(first)])).toBeNull()
  expect(rightShare([...Array(50).fill(one), ...Array(5).fill(first)])).toMatchObject({
    decisions: 55,
    difference: expect.any(Number),
  })
  expect(rightShare([])).toBeNull()
})
