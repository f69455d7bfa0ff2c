import { expect, test } from 'vitest'
import type { Prior } from '../../../adapters/aggregate/prior.ts'
import { fitHead } from '../../../device/reward/head.ts'
import { scoreFeatures } from '../../../device/reward/reward.ts'
import { fitOwnTaste, isOutgrown, tuneTaste } from '../../../device/reward/served-head.ts'
import { average, decide, people, person, prior, scale } from '../people.ts'

test("after thirty choices Claude's first answer mostly stays for those who choose at random, and taste wins nearly all", () => {
  const withTaste = people(true).map((p) => decide(p, 30))
  const without = people(false).map((p) => decide(p, 30))
  expect(average(without.map((d) => d.kept))).toBeGreaterThan(0.6)
  expect(average(withTaste.map((d) => d.won))).toBeGreaterThan(
    0.8 * average(withTaste.map((d) => d.bestWon)),
  )
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
