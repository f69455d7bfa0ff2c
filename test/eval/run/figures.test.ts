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
const line = {
  user: 'somebody',
  id: '1',
  messages: [{ role: 'user' as const, content: 'Why?' }],
  candidates: ['Because.', 'Because of that.'],
  chosen: 0,
}
const given = { prefix: 'run', seed: 1, claude: 'claude-sonnet-5-5' }
const lines = { test: [line, line], topics: ['a', 'b'] }
const worldOf = (of: Judged, families: (string | undefined)[] = []) => ({
  judged: of,
  people: [0, 1, 2].map((i) => ({ ...lines, ...(families[i] && { family: families[i] }) })),
})
const { results, hasTaste, lift, differences } = figuresOf([worldOf(judged)], given)
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
  expect(valueAt('run.first_kept.indifferent.10')).toBe(0.5)
  expect(valueAt('run.bought.indifferent.10')).toBe(0.5)
  expect(valueAt('run.answers_asked.with_taste.10')).toBe(1.5)
})

test('every figure has a name that --json allows, and one only', () => {
  expect(Result.array().parse(results)).toHaveLength(new Set(results.map((r) => r.name)).size)
})

test('leaving an arm out changes no other figure', () => {
  const rest: Judged = new Map([...judged].filter(([arm]) => arm !== 'local'))
  const fewer = figuresOf([worldOf(rest)], given)
  for (const result of fewer.results) expect(results).toContainEqual(result)
})

test('a difference comes with its margin and what that shows', () => {
  const at = (name: string) => results.find((r) => r.name === name)
  const sure = at('run.difference.federated.30-minus-first')
  expect(sure).toMatchObject({ value: 2, margin: 0.02, verdict: 'better' })
  expect(at('run.difference.federated.10-minus-local.10')?.verdict).toBe('no worse')
})

test('worlds are pooled: people, topics and worlds are counted, equal worlds give the same values', () => {
  const { results: pooled } = figuresOf([worldOf(judged), worldOf(judged)], given)
  expect(pooled.map(({ name, value }) => [name, value.toFixed(9)])).toEqual(
    results.map(({ name, value }) => [name, value.toFixed(9)]),
  )
  expect(pooled.find((r) => r.name === 'run.utility.federated.10')).toMatchObject({
    n: 4,
    topics: 4,
    worlds: 2,
  })
})

test('families of tastes stand apart, in shares, in differences and in points', () => {
  const { results: apart, families } = figuresOf(
    [worldOf(judged, ['heavy', 'mixed', 'none'])],
    given,
  )
  expect(families).toEqual(['heavy', 'mixed'])
  const value = (name: string) => apart.find((r) => r.name === name)?.value
  expect(value('run.utility.federated.10.heavy')).toBe(1)
  expect(value('run.utility.federated.10.mixed')).toBe(0)
  expect(value('run.difference.federated.10-minus-local.30.heavy')).toBe(1)
  expect(value('run.difference.federated.10-minus-local.30.mixed')).toBe(0)
  expect(value('run.lift.worst_decile.10.heavy')).toBeCloseTo(200)
  expect(value('run.utility.federated.10.none')).toBeUndefined()
  expect(value('run.utility.federated.10')).toBe(valueAt('run.utility.federated.10'))
})
