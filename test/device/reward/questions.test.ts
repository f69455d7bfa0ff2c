import { expect, test } from 'vitest'
import { DAY_MS } from '../../../adapters/time.ts'
import { DeviceSettings } from '../../../device/home/settings.ts'
import { DIMENSION_ROWS } from '../../../device/preferences/dimensions.ts'
import { statePreference } from '../../../device/preferences/stored-profile.ts'
import {
  dismissQuestion,
  keepPair,
  needsPair,
  openQuestions,
} from '../../../device/reward/questions.ts'
import { newDecision } from '../../../device/store/new-decision.ts'
import { openStore } from '../../../device/store/store.ts'

const open = (changes: { asksPerDay?: number; rewrite?: boolean } = {}) => {
  let now = 1_760_000_000_000
  const store = openStore(':memory:')
  const settings = DeviceSettings.parse(changes)
  const deps = { store, settings, clock: () => now }
  const pair = async (id: string, information = 0.2) => {
    const asked = { messages: [{ role: 'user' as const, content: `How does ${id} work?` }] }
    await store.durably((tx) => {
      tx.saveDecision(newDecision(store, now, asked, { id }))
      tx.answerDecision(id, {
        at: now,
        answers: ['long', 'short', 'odd'].map((text) => ({ text: `${text} ${id}` })),
        shown: [0],
        served: 0,
        propensity: 1,
        explored: false,
      })
    })
    keepPair(store, { decisionId: id, candidates: [2, 0], information, at: now })
  }
  return {
    store,
    deps,
    pair,
    asked: () => openQuestions(deps).map((q) => (q.kind === 'pair' ? q.decisionId : q.dimension)),
    pass: (ms: number) => {
      now += ms
    },
  }
}

const DIMENSIONS = DIMENSION_ROWS.map((row) => row.dimension)

test('asks about two dimensions a day, each once, and then about pairs', async () => {
  const { asked, pass, pair } = open()
  await pair('d_1')
  expect(asked()).toEqual(DIMENSIONS.slice(0, 2))
  expect(asked()).toEqual(DIMENSIONS.slice(0, 2))
  const later = []
  for (let day = 1; day < Math.ceil(DIMENSIONS.length / 2); day++) {
    pass(DAY_MS)
    later.push(...asked())
  }
  expect(later).toEqual(DIMENSIONS.slice(2))
  pass(DAY_MS)
  await pair('d_2')
  expect(asked()).toEqual(['d_2'])
})

test('a dimension is not asked about once the user has said something of it', async () => {
  const { store, asked } = open({ asksPerDay: 3 })
  const [first, second, third, fourth] = DIMENSIONS
  await store.durably((tx) =>
    statePreference(tx, { kind: 'prefer', dimension: first!, direction: 1 }),
  )
  expect(asked()).toEqual([second, third, fourth])
  await store.durably((tx) =>
    statePreference(tx, { kind: 'prefer', dimension: second!, direction: -1 }),
  )
  dismissQuestion(store, { dimension: third! })
  expect(asked()).toEqual([fourth])
})

test('0 turns questions off, and nothing is bought for them', async () => {
  const { deps, asked, pair } = open({ asksPerDay: 0, rewrite: false })
  await pair('d_1')
  expect(asked()).toEqual([])
  expect(needsPair(deps)).toBe(false)
})

test('nothing is bought for a user to whom no question was ever given', () => {
  expect(needsPair(open({ rewrite: false }).deps)).toBe(false)
})

test('pairs are asked about by what is expected of them, the answers in the order of the pair', async () => {
  const { deps, pair, asked } = open({ rewrite: false })
  await pair('d_1', 0.1)
  await pair('d_2', 0.3)
  await pair('d_3', 0.2)
  expect(asked()).toEqual(['d_2', 'd_3'])
  expect(openQuestions(deps)[0]).toMatchObject({
    kind: 'pair',
    request: 'How does d_2 work?',
    candidates: [2, 0],
    answers: ['odd d_2', 'long d_2'],
  })
})

test('an answered or dismissed pair leaves, and is not replaced on the same day', async () => {
  const { store, pair, asked } = open({ rewrite: false })
  for (const id of ['d_1', 'd_2', 'd_3']) await pair(id)
  const [first, second] = asked()
  await store.durably((tx) => {
    tx.addFeedback('f_1', first!, 1, { kind: 'choose', decisionId: first!, chosen: 0 })
  })
  dismissQuestion(store, { decisionId: second! })
  expect(asked()).toEqual([])
  expect(() => dismissQuestion(store, { decisionId: second! })).toThrow('no such question')
})

test('further answers are bought only while fewer pairs wait than may be asked about', async () => {
  const { deps, store, pair, asked, pass } = open({})
  expect(needsPair(deps)).toBe(false)
  // Somebody has looked at every other question.
  const seen = DIMENSIONS.map((dimension) => ({ dimension, askedAt: 0, isDismissed: true }))
  store.update('questionDimensions', () => seen)
  expect(needsPair(deps)).toBe(true)
  await pair('d_1')
  await pair('d_2')
  expect(needsPair(deps)).toBe(false)
  asked()
  expect(needsPair(deps)).toBe(false)
  pass(DAY_MS)
  expect(needsPair(deps)).toBe(true)
})

test('a pair whose conversation was forgotten is not asked about', async () => {
  const { store, pair, asked } = open({ rewrite: false })
  await pair('d_1')
  await store.durably((tx) => tx.dropDecision(tx.decision('d_1')!.seq))
  expect(asked()).toEqual([])
})
