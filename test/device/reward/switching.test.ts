import { describe, expect, test } from 'vitest'
import { sigmoid } from '../../../adapters/math/logistic.ts'
import { seededRng } from '../../../adapters/random.ts'
import {
  type ComparedSwitch,
  calibrateMargin,
  type JudgedSwitch,
} from '../../../device/reward/switching.ts'

const none = calibrateMargin([], [])
const compared = (count: number, lead: number, rightShare: number): ComparedSwitch[] =>
  Array.from({ length: count }, (_, i) => ({
    lead,
    isBetter: i < Math.round(rightShare * count),
    weight: 1,
  }))
const judged = (
  count: number,
  served: JudgedSwitch['served'],
  likedShare: number,
  propensity = 0.5,
): JudgedSwitch[] =>
  Array.from({ length: count }, (_, i) => ({
    id: `${served}${i}`,
    lead: 1,
    served,
    propensity,
    liked: i < Math.round(likedShare * count),
  }))

describe('calibrateMargin', () => {
  test('without evidence, a loss is expected of any switch whose lead is small', () => {
    expect(none.evidence).toBe(0)
    expect(none.margin).toBeGreaterThan(0.03)
    expect(none.margin).toBeLessThan(0.2)
  })

  test('falls as switches prove right, slowly, and rises as they prove wrong', () => {
    const right = [1, 10, 100].map((n) => calibrateMargin(compared(n, 1, 0.8), []).margin)
    expect(right).toEqual(right.toSorted((a, b) => b - a))
    expect(right[0]).toBeGreaterThan(0.8 * none.margin)
    expect(right[2]).toBeLessThan(0.8 * none.margin)
    const wrong = [1, 3, 10].map((n) => calibrateMargin(compared(n, 1, 0), []).margin)
    expect(wrong).toEqual(wrong.toSorted((a, b) => a - b))
    expect(wrong[0]).toBeGreaterThan(none.margin)
    expect(wrong[2]).toBeGreaterThan(0.5)
  })

  test('pairs that a head predicts show how much of its leads is real, and nothing of the loss', () => {
    const rng = seededRng('pairs')
    const pairs = (slope: number) =>
      Array.from({ length: 100 }, () => {
        const lead = 3 * rng.normal()
        return { lead: rng.uniform() < sigmoid(slope * lead) ? lead : -lead, weight: 1 }
      })
    const [real, half, noise] = [1, 0.5, 0].map((slope) => calibrateMargin([], [], pairs(slope)))
    expect(real!.slope).toBeGreaterThan(0.9)
    expect(half!.slope).toBeCloseTo(0.5, 1)
    expect(noise!.slope).toBeLessThan(0.05)
    expect(noise!.margin).toBeGreaterThan(10)
    for (const { slope, margin, evidence } of [real!, half!]) {
      expect(slope * margin).toBeCloseTo(none.slope * none.margin, 10)
      expect(evidence).toBe(0)
    }
  })

  test('a head that is right half of the time switches at leads that it hardly ever predicts', () => {
    expect(calibrateMargin(compared(100, 1, 0.5), []).margin).toBeGreaterThan(0.5)
  })

  test('one that never was right switches nothing, at a finite margin', () => {
    const { margin } = calibrateMargin(compared(300, 2, 0), [])
    expect(margin).toBeGreaterThan(10)
    expect(Number.isFinite(margin)).toBe(true)
  })

  test('decisions count by how much more often the preferred answer was liked than the first', () => {
    const of = (preferred: number, first: number) =>
      calibrateMargin([], [...judged(40, 'preferred', preferred), ...judged(40, 'first', first)])
    expect(of(0.7, 0.4).margin).toBeLessThan(none.margin)
    expect(of(0.4, 0.7).margin).toBeGreaterThan(0.5)
    expect(of(0.7, 0.4).evidence).toBe(80)
  })

  test('what everybody likes says nothing about either', () => {
    const { margin } = calibrateMargin([], judged(200, 'preferred', 0.9, 0.97))
    expect(Math.abs(margin - none.margin)).toBeLessThan(0.2 * none.margin)
  })

  test('each first answer that was drawn stands for those that were not, by its propensity', () => {
    // Hard requests, in which nothing is liked, get the first answer more often than easy ones.
    const rng = seededRng('hard')
    const made = Array.from({ length: 4000 }, (_, i): JudgedSwitch => {
      const isHard = rng.uniform() < 0.5
      const first = isHard ? 0.5 : 0.1
      const served = rng.uniform() < first ? 'first' : 'preferred'
      const liked = rng.uniform() < (isHard ? 0.2 : 0.8)
      const propensity = served === 'first' ? first : 1 - first
      return { id: `${i}`, lead: 1, served, propensity, liked }
    })
    const plain = made.map((d) => ({ ...d, propensity: 0.5 }))
    // Unweighted, switching seems to help: hard requests are mostly among the first answers.
    expect(calibrateMargin([], plain).margin).toBeLessThan(0.05)
    expect(calibrateMargin([], made).margin).toBeGreaterThan(10 * calibrateMargin([], plain).margin)
  })

  test('the switches above its margin gain on average, whatever users there are', () => {
    const rng = seededRng('gain')
    let gained = 0
    for (let user = 0; user < 300; user++) {
      const slope = [0, 0.5, 1][rng.int(3)]!
      const loss = -0.1 * Math.log(1 - rng.uniform())
      const draw = () => {
        const lead = 1.5 * rng.uniform()
        const gain = slope * lead - loss
        return { lead, gain, isBetter: rng.uniform() < 1 / (1 + Math.exp(-gain)), weight: 1 }
      }
      const { margin } = calibrateMargin(Array.from({ length: 30 }, draw), [])
      for (let n = 0; n < 20; n++) {
        const { lead, gain } = draw()
        if (lead > margin) gained += gain
      }
    }
    expect(gained / 6000).toBeGreaterThan(0.05)
  })
})
