import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { seededRng } from '../../../adapters/random.ts'
import { priceOf } from '../../../device/spending/prices.ts'
import { planCandidates, type SpendRequest } from '../../../device/spending/spend.ts'

const nothing = { tokens: 0, usd: 0 }
const request = (changes: Partial<SpendRequest> = {}): SpendRequest => ({
  spread: 0.4,
  inputTokens: 300,
  cachedTokens: 0,
  outputTokens: 500,
  maxTokens: 4000,
  price: priceOf('claude-sonnet-5-5', 300),
  most: 4,
  budget: { tokens: 500_000, usd: 1 },
  spent: { day: nothing, hour: nothing },
  ...changes,
})

describe('planCandidates', () => {
  test('asks for several answers where choosing among them is worth the price', () => {
    const plan = planCandidates(request())
    expect(plan.count).toBe(4)
    expect(plan.expectedGain).toBeCloseTo(0.4 * 1.0294, 10)
    expect(plan.costTokens).toBe(3 * 800)
    expect(plan.costUsd).toBeCloseTo(3 * (0.0006 + 0.005), 10)
    expect(plan.reason).toContain('2400 tokens')
  })

  test.each([
    ['nothing is known', { spread: 0 }, /nothing is known/],
    ['the settings allow one', { most: 1 }, /settings/],
    ['there is no budget', { budget: { tokens: 0, usd: 5 } }, /budget.*is 0/],
    ['there is no money', { budget: { tokens: 5000, usd: 0 } }, /budget.*is 0/],
    [
      'the day is spent',
      { spent: { day: { tokens: 499_900, usd: 0 }, hour: nothing } },
      /left of the budget/,
    ],
    [
      "the hour's part is spent",
      { spent: { day: { tokens: 0, usd: 0.25 }, hour: { tokens: 0, usd: 0.25 } } },
      /left of the budget/,
    ],
    ['the gain is small', { spread: 0.02 }, /too little/],
    ['the request is dear', { inputTokens: 60_000 }, /too little/],
  ])('asks for one where %s, and says so', (_, changes, reason) => {
    const plan = planCandidates(request(changes))
    expect(plan).toMatchObject({ count: 1, expectedGain: 0, costUsd: 0, costTokens: 0 })
    expect(plan.reason).toMatch(reason)
  })

  test('gives choices a try before the first fit', () => {
    expect(planCandidates(request({ spread: null })).count).toBeGreaterThan(1)
  })

  test('never plans past the budget, the hour or the settings; more spread, more answers; less left, fewer', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 3, noNaN: true }),
        fc.integer({ min: 0, max: 200_000 }),
        fc.integer({ min: 1, max: 8000 }),
        fc.integer({ min: 1, max: 4 }),
        fc.double({ min: 0, max: 1.2, noNaN: true }),
        (spread, inputTokens, outputTokens, most, share) => {
          const budget = { tokens: 400_000, usd: 2 }
          const spent = { tokens: share * budget.tokens, usd: share * budget.usd }
          const at = (changes: Partial<SpendRequest>) =>
            planCandidates(request({ spread, inputTokens, outputTokens, most, budget, ...changes }))
          const plan = at({ spent: { day: spent, hour: nothing } })
          expect(plan.count).toBeLessThanOrEqual(most)
          expect(plan.costTokens).toBeLessThanOrEqual(
            Math.max(0, Math.min(budget.tokens - spent.tokens, budget.tokens / 4)) + 1,
          )
          expect(plan.costUsd).toBeLessThanOrEqual(Math.max(0, budget.usd - spent.usd) + 1e-9)
          const fresh = at({})
          expect(fresh.count).toBeGreaterThanOrEqual(plan.count)
          expect(at({ spread: 2 * spread }).count).toBeGreaterThanOrEqual(fresh.count)
        },
      ),
      { numRuns: 300 },
    )
  })

  test('the expected maximum is that of draws', () => {
    const rng = seededRng('maximum')
    for (const most of [2, 3, 4]) {
      let sum = 0
      for (let i = 0; i < 40_000; i++)
        sum += Math.max(...Array.from({ length: most }, () => rng.normal()))
      const cheap = request({ spread: 1, most, budget: { tokens: 1e9, usd: 1e6 } })
      expect(Math.abs(planCandidates(cheap).expectedGain - sum / 40_000)).toBeLessThan(0.02)
    }
  })

  test('a day of equal requests spends no more than its budget, and something late in the day', () => {
    const log: { at: number; tokens: number; usd: number }[] = []
    const since = (at: number) =>
      log
        .filter((e) => e.at > at)
        .reduce((a, e) => ({ tokens: a.tokens + e.tokens, usd: a.usd + e.usd }), nothing)
    for (let minute = 0; minute < 24 * 60; minute += 2) {
      const plan = planCandidates(
        request({ spent: { day: since(minute - 1440), hour: since(minute - 60) } }),
      )
      if (plan.count > 1) log.push({ at: minute, tokens: plan.costTokens, usd: plan.costUsd })
    }
    expect(since(-1).usd).toBeLessThanOrEqual(1)
    expect(since(-1).usd).toBeGreaterThan(0.5)
    expect(since(-1).usd - since(180).usd).toBeLessThan(0.8)
  })
})
