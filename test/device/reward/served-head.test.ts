import { expect, test } from 'vitest'
import { initialPrior, type Prior } from '../../../adapters/aggregate/prior.ts'
import { fitHead } from '../../../device/reward/head.ts'
import { scoreFeatures } from '../../../device/reward/reward.ts'
import {
  fitServedHead,
  isOutgrown,
  type OwnChoice,
  tuneHyperparameters,
} from '../../../device/reward/served-head.ts'
import { average, decide, people, person, prior, scale } from '../people.ts'

test('after thirty choices the first answer mostly stays for random users, and the head wins nearly all there is', () => {
  const withTaste = people(true).map((p) => decide(p, 30))
  const without = people(false).map((p) => decide(p, 30))
  expect(average(without.map((d) => d.kept))).toBeGreaterThan(0.6)
  expect(average(withTaste.map((d) => d.won))).toBeGreaterThan(
    0.8 * average(withTaste.map((d) => d.bestWon)),
  )
})

test('the predicted spread matches the spread of rewards of unseen answers', () => {
  const { choices, unseen } = person('spread', true)
  const { hyperparameters } = tuneHyperparameters(choices, prior, scale, false)
  const head = fitServedHead(choices, hyperparameters)
  const squares = unseen.flatMap((raw) =>
    scoreFeatures(raw, scale, head.fit.w).map((s) => s.reward ** 2 * (3 / 2)),
  )
  expect(head.spread() / Math.sqrt(average(squares))).toBeGreaterThan(0.8)
  expect(head.spread() / Math.sqrt(average(squares))).toBeLessThan(1.25)
})

test('without choices the spread is that of the population’s mean head', () => {
  const released: Prior = { ...prior, mean: prior.mean.map(() => 0.7) }
  const { hyperparameters } = tuneHyperparameters([], released, scale, true)
  expect(fitServedHead([], hyperparameters).spread()).toBeCloseTo(hyperparameters.slope * 0.7, 10)
  expect(
    fitServedHead([], tuneHyperparameters([], prior, scale, false).hyperparameters).spread(),
  ).toBe(0)
})

test('a warm start gives the same head, and a released prior keeps its width', () => {
  const { choices } = person('warm', true)
  const { hyperparameters, fit } = tuneHyperparameters(choices.slice(5), prior, scale, true)
  expect(hyperparameters.prior).toBe(prior)
  const warm = fitServedHead(choices, hyperparameters, { fit })
  const cold = fitHead(choices.flatMap(hyperparameters.rows), prior)
  for (const [j, v] of warm.fit.w.entries()) expect(Math.abs(v - cold.w[j]!)).toBeLessThan(1e-8)
})

test('hyperparameters are outgrown by a tenth more choices, by the next of a few, and by fewer', () => {
  const at = (choices: number) =>
    tuneHyperparameters(person('n', true).choices.slice(0, choices), prior, scale, true)
      .hyperparameters
  expect([9, 10].map((n) => isOutgrown(at(9), n))).toEqual([false, true])
  expect([100, 109, 110].map((n) => isOutgrown(at(100), n))).toEqual([false, false, true])
  expect(isOutgrown(at(20), 19)).toBe(true)
})

test('only choices against Claude’s first answer are evidence that switching does no harm, not edits', () => {
  // At random: the head is fitted on them, so that each looks right in hindsight.
  const { choices } = person('edits', false)
  const tuned = (seen: readonly OwnChoice[]) =>
    tuneHyperparameters(seen, prior, scale, false).hyperparameters
  const edits = tuned(choices.slice(0, 60))
  const none = tuned([])
  expect(edits.evidence).toBe(0)
  expect(edits.slope * edits.margin).toBeCloseTo(none.slope * none.margin, 10)
  expect(edits.margin).toBeGreaterThan(0.03)
  const compared = tuned(choices.slice(0, 60).map((c) => ({ ...c, first: c.chosen })))
  expect(compared.evidence).toBeGreaterThan(10)
  expect(compared.margin).toBeGreaterThan(edits.margin)
})

test('a decision that counts itself is not counted as a choice again', () => {
  const choices = person('judged', false).choices.slice(0, 30)
  const own = choices.map((c, i) => ({ ...c, first: 0, id: `d${i}` }))
  const lead = { lead: 1, served: 'preferred', propensity: 1, liked: true } as const
  const judged = own.map(({ id }) => ({ id, ...lead }))
  const { hyperparameters } = tuneHyperparameters(own, prior, scale, false, judged)
  expect(hyperparameters.evidence).toBe(30)
})

test('whoever chooses at random is found to have no preferences, whoever follows a taste to have some', () => {
  const certainty = (hasTaste: boolean, count: number) =>
    average(people(hasTaste, undefined, 16).map((p) => decide(p, count).head.certainty()))
  expect(certainty(false, 100)).toBeLessThan(0.3)
  expect(certainty(true, 100)).toBeGreaterThan(0.95)
})

test('under a released prior that is far too wide, tastes are still found, and predictions shrunk', () => {
  const wide = initialPrior(prior.mean.length, 100)
  const tuned = people(true, undefined, 8).map(({ choices }) => {
    const { hyperparameters, fit } = tuneHyperparameters(choices, wide, scale, true)
    expect(hyperparameters.prior).toBe(wide)
    const own = tuneHyperparameters(choices, prior, scale, false).hyperparameters
    const [head, narrow] = [
      fitServedHead(choices, hyperparameters, { fit }),
      fitServedHead(choices, own),
    ]
    return { ...hyperparameters, times: head.spread() / narrow.spread() }
  })
  expect(average(tuned.map(({ certainty }) => certainty))).toBeGreaterThan(0.9)
  expect(average(tuned.map(({ slope }) => slope))).toBeLessThan(0.6)
  expect(average(tuned.map(({ times }) => times))).toBeLessThan(2)
  const random = people(false, undefined, 8).map(
    ({ choices }) => tuneHyperparameters(choices, wide, scale, true).hyperparameters,
  )
  expect(average(random.map(({ certainty }) => certainty))).toBeLessThan(0.3)
})
