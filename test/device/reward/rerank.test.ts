import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { calibrateMargin, rerank } from '../../../device/reward/rerank.ts'

const scored = (rewards: number[]) =>
  rewards.map((reward) => ({ reward, features: Float64Array.of(reward) }))
const certain = () => 1e-6

describe('rerank', () => {
  test('puts the best answer first when it leads clearly', () => {
    expect(rerank(scored([0, 2, 1]), certain, 0.5)).toMatchObject({
      order: [1, 2, 0],
      winner: 1,
      keptFirst: false,
    })
  })

  test('keeps the first answer within the margin, and says so', () => {
    expect(rerank(scored([0, 0.4, -1]), certain, 0.5)).toMatchObject({
      order: [0, 1, 2],
      winner: 0,
      keptFirst: true,
      reason: 'the lead of 0.40 is not above the margin of 0.50',
    })
  })

  test('keeps the first answer when the posterior is too wide', () => {
    const result = rerank(scored([0, 1]), () => 100, 0)
    expect(result.keptFirst).toBe(true)
    expect(result.probability).toBeCloseTo(0.5398, 3)
    expect(rerank(scored([0, 1]), () => 100, 0, 1, 0.5).keptFirst).toBe(false)
  })

  test('keeps the first answer when all are equal, and when it is the only one', () => {
    expect(rerank(scored([0, 0, 0]), certain, 0)).toMatchObject({
      order: [0, 1, 2],
      keptFirst: true,
    })
    expect(rerank(scored([3]), certain, 0)).toMatchObject({ order: [0], winner: 0 })
    expect(() => rerank([], certain, 0)).toThrow(RangeError)
  })

  test('always returns a permutation led by the winner', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -9, max: 9, noNaN: true }), { minLength: 1, maxLength: 8 }),
        fc.double({ min: 0, max: 3, noNaN: true }),
        (rewards, margin) => {
          const { order, winner, keptFirst } = rerank(scored(rewards), () => 1, margin)
          expect([...order].sort((a, b) => a - b)).toEqual(rewards.map((_, i) => i))
          expect(order[0]).toBe(winner)
          expect(keptFirst).toBe(winner === 0)
        },
      ),
    )
  })
})

describe('calibrateMargin', () => {
  const choice = (lead: number, chosen: number) => ({ rewards: [0, lead], chosen })

  test('is 0 when switching is right about as often as wrong, or never happens', () => {
    expect(calibrateMargin([])).toEqual({ margin: 0, right: 0, wrong: 0 })
    expect(calibrateMargin([choice(1, 1), choice(2, 0)])).toEqual({ margin: 0, right: 1, wrong: 1 })
    expect(calibrateMargin([choice(-1, 0), choice(-2, 0)])).toMatchObject({ margin: 0 })
  })

  test('takes one wrong switch as chance, two as a reason', () => {
    expect(calibrateMargin([choice(0.5, 0)])).toMatchObject({ margin: 0 })
    expect(calibrateMargin([choice(0.5, 0), choice(2, 0)])).toEqual({
      margin: 0.5,
      right: 0,
      wrong: 1,
    })
  })

  test('rises above the leads that were wrong, no further', () => {
    const wrong = [0.1, 0.2, 0.3, 0.4, 0.5].map((lead) => choice(lead, 0))
    const choices = [...wrong, choice(0.9, 1), choice(1.2, 1)]
    expect(calibrateMargin(choices)).toEqual({ margin: 0.1, right: 2, wrong: 4 })
  })

  test('a third answer that was chosen speaks for neither', () => {
    expect(calibrateMargin([{ rewards: [0, 2, 1], chosen: 2 }])).toEqual({
      margin: 0,
      right: 0,
      wrong: 0,
    })
  })

  test('above the margin, wrong exceeds right by chance at most, whatever the choices', () => {
    const arbitrary = fc.record({
      rewards: fc.array(fc.double({ min: -5, max: 5, noNaN: true }), {
        minLength: 2,
        maxLength: 4,
      }),
      chosen: fc.integer({ min: 0, max: 1 }),
    })
    fc.assert(
      fc.property(fc.array(arbitrary, { maxLength: 20 }), (choices) => {
        const { margin, right, wrong } = calibrateMargin(choices)
        expect(wrong - right).toBeLessThanOrEqual(Math.sqrt(wrong + right))
        expect(margin).toBeGreaterThanOrEqual(0)
      }),
    )
  })
})
