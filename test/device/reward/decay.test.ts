import { describe, expect, test } from 'vitest'
import { initialPrior } from '../../../adapters/aggregate/prior.ts'
import { seededRng } from '../../../adapters/random.ts'
import { chooseHalfLife, type DatedChoice, decayOf } from '../../../device/reward/decay.ts'

const DAY = 24 * 3600 * 1000
const SIZE = 8

/** A choice every three quarters of a day; taste turns round in the middle of the time where it drifts. */
const choicesOf = (
  seed: string,
  count: number,
  taste: 'steady' | 'turned' | 'none',
): DatedChoice[] => {
  const rng = seededRng(seed)
  const w = Array.from({ length: SIZE }, () => rng.normal())
  return Array.from({ length: count }, (_, i) => {
    const difference = Float64Array.from({ length: SIZE }, () => rng.normal())
    const sign = taste === 'none' ? 0 : taste === 'turned' && i < count / 2 ? -1 : 1
    const z = sign * difference.reduce((s, v, j) => s + v * w[j]!, 0)
    const isChosen = rng.uniform() < 1 / (1 + Math.exp(-z))
    return {
      rows: [{ difference: isChosen ? difference : difference.map((v) => -v), weight: 1 }],
      at: 1e12 + i * 0.75 * DAY,
    }
  })
}

describe('decayOf', () => {
  test('halves every half-life, and never counts more than once', () => {
    expect(decayOf(0, 20 * DAY, 20)).toBeCloseTo(0.5, 12)
    expect(decayOf(0, 60 * DAY, 20)).toBeCloseTo(0.125, 12)
    expect(decayOf(DAY, 0, 20)).toBe(1)
    expect(decayOf(undefined, 60 * DAY, 20)).toBe(1)
    expect(decayOf(0, 60 * DAY, null)).toBe(1)
  })
})

describe('chooseHalfLife', () => {
  const prior = initialPrior(SIZE, 1)

  test.each([1, 2, 3])('decays if preferences have turned (user %i)', (user) => {
    const { halfLifeDays, gain } = chooseHalfLife(choicesOf(`turned/${user}`, 160, 'turned'), prior)
    expect(halfLifeDays).not.toBeNull()
    expect(halfLifeDays).toBeLessThanOrEqual(60)
    expect(gain).toBeGreaterThan(2)
  })

  test('does not decay for nearly all users with steady preferences, or with none', () => {
    const forgetting = Array.from({ length: 30 }, (_, user) =>
      chooseHalfLife(choicesOf(`steady/${user}`, 80, user % 3 === 0 ? 'none' : 'steady'), prior),
    ).filter(({ halfLifeDays }) => halfLifeDays !== null)
    expect(forgetting.length).toBeLessThanOrEqual(3)
  })

  test('forgets nothing without times, in a short time, or on few choices', () => {
    const turned = choicesOf('turned/1', 160, 'turned')
    const none = { halfLifeDays: null, gain: 0 }
    expect(chooseHalfLife(turned.slice(-30), prior)).toEqual(none)
    expect(
      chooseHalfLife(
        turned.map((c) => ({ ...c, at: undefined })),
        prior,
      ),
    ).toEqual(none)
    expect(
      chooseHalfLife(
        turned.map((c) => ({ ...c, at: 1e12 + (c.at! - 1e12) / 1000 })),
        prior,
      ),
    ).toEqual(none)
    expect(chooseHalfLife([], prior)).toEqual(none)
  })
})
