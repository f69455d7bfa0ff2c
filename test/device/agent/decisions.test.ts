import fc from 'fast-check'
import { expect, test } from 'vitest'
import { seededRng } from '../../../adapters/random.ts'
import { exploreOrder } from '../../../device/agent/decisions.ts'

test('an order is always a permutation of the candidates', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 4 }),
      fc.double({ min: 0, max: 0.5, noNaN: true }),
      fc.integer(),
      (n, explore, seed) => {
        const { order, propensity } = exploreOrder([...Array(n).keys()], explore, seededRng(seed))
        expect([...order].sort()).toEqual([...Array(n).keys()])
        expect(propensity).toBeGreaterThan(0)
        expect(propensity).toBeLessThanOrEqual(1)
      },
    ),
  )
})

test('propensities over all orders sum to 1, and agree with how often each is drawn', () => {
  const rng = seededRng('orders')
  const counts = new Map<string, { n: number; propensity: number }>()
  const draws = 20_000
  for (let i = 0; i < draws; i++) {
    const { order, propensity } = exploreOrder([2, 0, 1], 0.3, rng)
    const entry = counts.get(order.join()) ?? { n: 0, propensity }
    counts.set(order.join(), { n: entry.n + 1, propensity })
  }
  expect(counts.size).toBe(6)
  expect([...counts.values()].reduce((sum, c) => sum + c.propensity, 0)).toBeCloseTo(1, 12)
  // Four standard errors of a share of 20,000 draws are below 0.015.
  for (const { n, propensity } of counts.values())
    expect(Math.abs(n / draws - propensity)).toBeLessThan(0.015)
})

test('without exploration, or with one candidate, the order is the greedy one for certain', () => {
  expect(exploreOrder([1, 0], 0, seededRng(1))).toEqual({
    order: [1, 0],
    propensity: 1,
    explored: false,
  })
  expect(exploreOrder([0], 0.5, seededRng(1))).toEqual({
    order: [0],
    propensity: 1,
    explored: false,
  })
})
