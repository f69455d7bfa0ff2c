import { describe, expect, test } from 'vitest'
import { initialPrior, type Prior } from '../../../adapters/aggregate/prior.ts'
import { seededRng } from '../../../adapters/random.ts'
import type { ChoiceFeatures } from '../../../device/agent/choice-features.ts'
import { fitOwnTaste, isOutgrown, tuneTaste } from '../../../device/agent/own-taste.ts'
import { FEATURE_NAMES } from '../../../device/personalize/features.ts'
import { fitHead } from '../../../device/personalize/head.ts'
import { rerank } from '../../../device/personalize/rerank.ts'
import { scoreFeatures } from '../../../device/personalize/reward.ts'

const SIZE = FEATURE_NAMES.length
const HOUR = 3600 * 1000
const scale = new Float64Array(SIZE).fill(1 / Math.sqrt(SIZE))
const prior = initialPrior(SIZE, 2)

/** A user whose utilities have variance 1 over answers and who chooses by them, or by nothing; most recent first. */
const person = (name: string, hasTaste: boolean) => {
  const rng = seededRng(`person/${name}`)
  const normals = () => Float64Array.from({ length: SIZE }, () => rng.normal())
  const taste = normals().map((v) => (hasTaste ? v / Math.sqrt(SIZE) : 0))
  const utility = (x: Float64Array) => x.reduce((sum, v, j) => sum + v * taste[j]!, 0)
  const answers = (n: number) => Array.from({ length: n }, normals)
  const choose = (raw: Float64Array[], at: number): ChoiceFeatures => {
    const noisy = raw.map((x) => utility(x) - 0.5 * Math.log(-Math.log(rng.uniform())))
    const chosen = noisy.indexOf(Math.max(...noisy))
    return { shown: raw.map((_, i) => i), chosen, weight: 1, at, answers: [], raw }
  }
  const choices = Array.from({ length: 100 }, (_, i) => choose(answers(2), i * HOUR)).reverse()
  return { utility, choices, unseen: Array.from({ length: 40 }, () => answers(3)) }
}
type Person = ReturnType<typeof person>

const decide = ({ choices, unseen, utility }: Person, count: number) => {
  const seen = choices.slice(-count)
  const { tuning, fit } = tuneTaste(seen, prior, scale, false)
  const taste = fitOwnTaste(seen, tuning, { fit })
  const variance = (x: Float64Array) => taste.fit.variance(x)
  const gain = (raw: Float64Array[], i: number) => utility(raw[i]!) - utility(raw[0]!)
  const outcomes = unseen.map((raw) => {
    const scores = scoreFeatures(raw, scale, taste.fit.w)
    const rewards = scores.map((s) => s.reward)
    const { winner } = rerank(scores, variance, tuning.margin, taste.certainty())
    const best = rewards.indexOf(Math.max(...rewards))
    return { kept: winner === 0 ? 1 : 0, won: gain(raw, winner), bestWon: gain(raw, best) }
  })
  const mean = (key: 'kept' | 'won' | 'bestWon') =>
    outcomes.reduce((sum, o) => sum + o[key], 0) / outcomes.length
  const worth = taste.certainty() * taste.spread()
  return { kept: mean('kept'), won: mean('won'), bestWon: mean('bestWon'), worth, taste }
}

const average = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length

describe('over many people', () => {
  const people = (hasTaste: boolean) =>
    Array.from({ length: 40 }, (_, i) => person(`${hasTaste}/${i}`, hasTaste))
  const [some, none] = [people(true), people(false)]

  test.each([
    [10, 0.6, 0.6],
    [30, 0.6, 0.8],
    [100, 0.6, 0.95],
  ])(
    "after %i choices Claude's first answer mostly stays for those who choose at random, and taste wins nearly all",
    (count, kept, share) => {
      const withTaste = some.map((p) => decide(p, count))
      const without = none.map((p) => decide(p, count))
      expect(average(without.map((d) => d.kept))).toBeGreaterThan(kept)
      expect(average(withTaste.map((d) => d.won))).toBeGreaterThan(
        share * average(withTaste.map((d) => d.bestWon)),
      )
    },
  )

  test('what there is to win is seen: nearly nothing for those who choose at random, from 100 choices on', () => {
    const worth = (all: readonly Person[]) => average(all.map((p) => decide(p, 100).worth))
    expect(worth(none)).toBeLessThan(0.25 * worth(some))
    // A taste too weak to matter cannot be told from none: less is known of its being there than of how little it moves.
    const certainty = (all: readonly Person[]) =>
      average(all.map((p) => decide(p, 100).taste.certainty()))
    expect(certainty(none)).toBeLessThan(0.8)
    expect(certainty(some)).toBeGreaterThan(0.95)
  })
})

test('the spread of what is predicted is that of rewards of unseen answers', () => {
  const { choices, unseen } = person('spread', true)
  const { tuning } = tuneTaste(choices, prior, scale, false)
  const taste = fitOwnTaste(choices, tuning)
  const squares = unseen.flatMap((raw) =>
    scoreFeatures(raw, scale, taste.fit.w).map((s) => s.reward ** 2 * (3 / 2)),
  )
  expect(taste.spread() / Math.sqrt(average(squares))).toBeGreaterThan(0.8)
  expect(taste.spread() / Math.sqrt(average(squares))).toBeLessThan(1.25)
})

test('before there are choices, the spread is that of the population’s mean taste', () => {
  const released: Prior = { ...prior, mean: prior.mean.map(() => 0.7) }
  const { tuning } = tuneTaste([], released, scale, true)
  expect(fitOwnTaste([], tuning).spread()).toBeCloseTo(0.7, 10)
  expect(fitOwnTaste([], tuneTaste([], prior, scale, false).tuning).spread()).toBe(0)
})

test('from an earlier taste the same head comes out, and a released prior keeps its width', () => {
  const { choices } = person('warm', true)
  const { tuning, fit } = tuneTaste(choices.slice(5), prior, scale, true)
  expect(tuning.prior).toBe(prior)
  const warm = fitOwnTaste(choices, tuning, { fit })
  const cold = fitHead(choices.flatMap(tuning.rows), prior)
  for (const [j, v] of warm.fit.w.entries()) expect(Math.abs(v - cold.w[j]!)).toBeLessThan(1e-8)
})

test('a tuning is outgrown by a tenth more choices, by the next of a few, and by fewer', () => {
  const at = (choices: number) =>
    tuneTaste(person('n', true).choices.slice(0, choices), prior, scale, true).tuning
  expect([9, 10].map((n) => isOutgrown(at(9), n))).toEqual([false, true])
  expect([100, 109, 110].map((n) => isOutgrown(at(100), n))).toEqual([false, false, true])
  expect(isOutgrown(at(20), 19)).toBe(true)
})
