import fc from 'fast-check'
import { expect, test } from 'vitest'
import { seededRng } from '../../../adapters/random.ts'
import { recordFeedback } from '../../../device/feedback/decisions.ts'
import { exploreOrder } from '../../../device/reward/exploration.ts'
import { judgedDecisions } from '../../../device/spending/plan.ts'
import { openStore } from '../../../device/store/store.ts'
import { keepDecision } from '../store/decided.ts'

const CHANCES = [0.2, 0.5, 0.3]

test('an order is always a permutation of the candidates, led by one that could be drawn', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 4 }),
      fc.double({ min: 0, max: 0.5, noNaN: true }),
      fc.integer(),
      (n, explore, seed) => {
        const equal = () => Array.from({ length: n }, () => 1 / n)
        const greedy = [...Array(n).keys()]
        const { order, propensity } = exploreOrder(greedy, explore, equal, seededRng(seed))
        expect([...order].sort()).toEqual(greedy)
        expect(propensity).toBeGreaterThan(0)
        expect(propensity).toBeLessThanOrEqual(1)
      },
    ),
  )
})

test('propensities over all leaders sum to 1, and agree with how often each is drawn', () => {
  const rng = seededRng('orders')
  const counts = new Map<number, { n: number; propensity: number }>()
  const draws = 20_000
  for (let i = 0; i < draws; i++) {
    const { order, propensity } = exploreOrder([2, 0, 1], 0.3, () => CHANCES, rng)
    const entry = counts.get(order[0]!) ?? { n: 0, propensity }
    counts.set(order[0]!, { n: entry.n + 1, propensity })
  }
  expect(counts.size).toBe(3)
  expect([...counts.values()].reduce((sum, c) => sum + c.propensity, 0)).toBeCloseTo(1, 12)
  // Four standard errors of a share of 20,000 draws are below 0.015.
  for (const { n, propensity } of counts.values())
    expect(Math.abs(n / draws - propensity)).toBeLessThan(0.015)
})

test('the others stay in their order behind a drawn leader', () => {
  const orders = Array.from({ length: 50 }, (_, i) =>
    exploreOrder([2, 0, 1], 0.5, () => CHANCES, seededRng(i)).order.join(),
  )
  expect(new Set(orders)).toEqual(new Set(['2,0,1', '0,2,1', '1,2,0']))
})

test('without exploration, or with one candidate, the order is the greedy one and no chances are asked for', () => {
  const never = () => {
    throw new Error('asked')
  }
  const sure = { propensity: 1, explored: false }
  expect(exploreOrder([1, 0], 0, never, seededRng(1))).toEqual({ order: [1, 0], ...sure })
  expect(exploreOrder([0], 0.5, never, seededRng(1))).toEqual({ order: [0], ...sure })
})

test('a decision judges reranking where it preferred another answer, was shown alone and has feedback', () => {
  const store = openStore(':memory:')
  const body = (preferred: number, served: number, propensity: number, shown = [served]) => ({
    answers: ['a', 'b', 'c'],
    preferred,
    served,
    propensity,
    shown,
  })
  const decisions = {
    kept: body(1, 1, 0.95),
    turnedDown: body(1, 0, 0.02),
    agreed: body(0, 0, 0.95),
    another: body(1, 2, 0.02),
    allShown: body(1, 1, 0.95, [0, 1, 2]),
    silent: body(1, 1, 0.95),
    inferred: body(1, 1, 0.95),
  }
  for (const [id, made] of Object.entries(decisions)) {
    keepDecision(store, { id, ...made })
    const kind = id === 'turnedDown' ? 'regenerate' : 'keep'
    if (id === 'inferred')
      store.addFeedback('f', id, 2, { kind: 'regenerate', decisionId: id, isImplicit: true })
    else if (id !== 'silent') store.addFeedback(`f-${id}`, id, 2, { kind, decisionId: id })
  }
  const judged = judgedDecisions(store, 100)
  expect(judged).toHaveLength(2)
  expect(judged).toContainEqual({ served: 'preferred', propensity: 0.95, liked: true })
  expect(judged).toContainEqual({ served: 'first', propensity: 0.02, liked: false })
})

test('an event on an old answer does not lose what another one was said to be better than', () => {
  const store = openStore(':memory:')
  const asked = [{ role: 'user' as const, content: 'Why is the sky blue?' }]
  keepDecision(store, { id: 'first', messages: asked, answers: ['long'] })
  recordFeedback(store, { kind: 'regenerate', decisionId: 'first' }, 2)
  keepDecision(store, { id: 'again', at: 3, messages: asked, answers: ['short'] })
  recordFeedback(store, { kind: 'keep', decisionId: 'again' }, 4)
  const better = [{ id: 'first', candidates: ['long', 'short'], chosen: 1 }]
  expect(store.choices()).toMatchObject(better)
  for (let i = 0; i < 210; i++) keepDecision(store, { id: `d${i}`, at: 5 + i, answers: ['x'] })
  recordFeedback(store, { kind: 'thumbs', decisionId: 'first', value: -1 }, 500)
  expect(store.choices()).toMatchObject(better)
})
