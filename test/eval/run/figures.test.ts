import { expect, test } from 'vitest'
import type { Pick } from '../../../eval/measure/metrics.ts'
import { Result } from '../../../eval/measure/results.ts'
import { figuresOf } from '../../../eval/run/figures.ts'
import type { Judged } from '../../../eval/run/judge.ts'

/** Two answers to a prompt, the second better by `gain`; who picks it is served well. */
const prompt = (gain: number, picked: number, asked?: number): Pick => ({
  utilities: [0, gain],
  picked,
  order: picked === 0 ? [0, 1] : [1, 0],
  ...(asked !== undefined && { asked }),
})
const people = (...picked: number[][]): Pick[][] =>
  // The last person has no taste.
  picked.map((person, i) => person.map((p) => prompt(i === picked.length - 1 ? 0 : 2, p, p + 1)))

const judged: Judged = new Map([
  ['first', new Map([[0, people([0, 0], [0, 0], [0, 0])]])],
  [
    'local',
    new Map([
      [10, people([0, 1], [0, 0], [1, 1])],
      [30, people([0, 1], [0, 1], [1, 1])],
    ]),
  ],
  [
    'federated',
    new Map([
      [10, people([1, 1], [1, 0], [1, 1])],
      [30, people([1, 1], [1, 1], [1, 1])],
    ]),
  ],
  ['product', new Map([[10, people([1, 1], [0, 0], [1, 0])]])],
])
const { results, hasTaste, lift, differences } = figuresOf(judged, { prefix: 'run', seed: 1 })
const valueAt = (name: string) => results.find((r) => r.name === name)?.value

test('shares are means over people who have something to win', () => {
  expect(hasTaste).toEqual([true, true, false])
  // Of four prompts the first takes the worse of two in all: −1; local takes the better in one of four after 10.
  expect(valueAt('run.utility.first')).toBe(-1)
  expect(valueAt('run.utility.local.10')).toBe(-0.5)
  expect(valueAt('run.utility.local.30')).toBe(0)
  expect(valueAt('run.utility.federated.10')).toBe(0.5)
  expect(valueAt('run.top1.federated.10')).toBe(0.75)
  expect(valueAt('run.regret.federated.10')).toBe(0.5)
  expect(results.find((r) => r.name === 'run.utility.federated.10')?.n).toBe(2)
})

test('what is sooner is compared with the next larger number of choices, and arms at the same', () => {
  expect(valueAt('run.difference.federated.10-minus-local.30')).toBe(0.5)
  expect(valueAt('run.difference.federated.30-minus-local.30')).toBe(1)
  expect(valueAt('run.difference.federated.10-minus-first')).toBe(1.5)
  expect(differences.every(({ interval: [a, b], value }) => a <= value && value <= b)).toBe(true)
})

test('points are told of everybody, and apart of who has no taste', () => {
  // What there is to win is 1 a prompt; the first person gains 2, the others nothing.
  expect(lift).toEqual([{ budget: 10, points: [200, 0, 0] }])
  expect(valueAt('run.lift.mean.10')).toBeCloseTo(200 / 3)
  expect(valueAt('run.lift.worst_decile.10')).toBe(0)
  expect(valueAt('run.lift.indifferent.10')).toBe(0)
  expect(valueAt('run.not_first.indifferent.10')).toBe(0.5)
  expect(valueAt('run.answers_asked.with_taste.10')).toBe(1.5)
})

test('every figure has a name that --json allows, and one only', () => {
  expect(Result.array().parse(results)).toHaveLength(new Set(results.map((r) => r.name)).size)
})

test('leaving an arm out changes no other figure', () => {
  const fewer = figuresOf(new Map([...judged].filter(([arm]) => arm !== 'local')), {
    prefix: 'run',
    seed: 1,
  })
  for (const result of fewer.results) expect(results).toContainEqual(result)
})
