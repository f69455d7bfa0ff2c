import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { rerank } from '../../../device/reward/rerank.ts'

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

  test('a lead counts by the certainty that the user has preferences', () => {
    expect(rerank(scored([0, 0.8]), certain, 0.5).keptFirst).toBe(false)
    expect(rerank(scored([0, 0.8]), certain, 0.5, 0.6)).toMatchObject({
      keptFirst: true,
      reason: 'the lead of 0.48 is not above the margin of 0.50',
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
