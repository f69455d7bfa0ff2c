import { expect, test } from 'vitest'
import type { ChatMessage } from '../../../adapters/formats/choice-log.ts'
import { recordFeedback } from '../../../device/feedback/decisions.ts'
import { followUpPoles } from '../../../device/feedback/follow-up-text.ts'
import { asObserved, observeRequest } from '../../../device/feedback/observe-request.ts'
import { propose, settleProposal } from '../../../device/preferences/proposals.ts'
import { openStore } from '../../../device/store/store.ts'
import { keepDecision } from '../store/decided.ts'

const QUESTION = 'How do tides work?'
const LONG = 'Tides are a long story, and there are many sides to it. '.repeat(5).trim()
const SHORT = 'The moon pulls the sea.'

const opened = (implicit = true) => {
  const store = openStore(':memory:')
  let now = 1_000_000
  let turns = 0
  const deps = {
    store,
    settings: { implicit },
    followUps: { ready: async () => {}, poles: async (m: string) => followUpPoles(m) },
    clock: () => now,
  }
  /** A request some time after the last, answered and observed. */
  const ask = async (
    said: string[],
    answer: string | null,
    more: { afterMs?: number; tools?: object[]; app?: string } = {},
  ) => {
    now += more.afterMs ?? 10_000
    const messages = said.map(
      (content, i): ChatMessage => ({ role: i % 2 === 0 ? 'user' : 'assistant', content }),
    )
    const conversation = { messages, ...(more.tools && { tools: more.tools }) }
    const id = `d_${++turns}`
    const answers = answer === null ? undefined : [answer]
    keepDecision(store, { id, at: now, messages, app: more.app, answers })
    await observeRequest(deps, asObserved(id, conversation))
    return id
  }
  const events = () => store.feedback().map((f) => f.body)
  return { store, ask, events, deps }
}

test('an answer in another style from which the conversation continues weakly outranks the first', async () => {
  const { store, ask, events } = opened()
  const first = await ask([QUESTION], LONG)
  await ask([QUESTION, LONG, 'Shorter please'], SHORT)
  expect(events()).toEqual([
    { kind: 'follow_up', decisionId: first, text: 'Shorter please', isImplicit: true },
  ])
  expect(store.choices()).toEqual([])
  await ask([QUESTION, LONG, 'Shorter please', SHORT, 'And on lakes?'], 'Hardly any.')
  expect(store.choices()).toMatchObject([
    { id: first, candidates: [LONG, SHORT], chosen: 1, weight: 0.08 },
  ])
})

test('one that is complained about as well does not', async () => {
  const { store, ask } = opened()
  await ask([QUESTION], LONG)
  await ask([QUESTION, LONG, 'Shorter please'], SHORT)
  await ask([QUESTION, LONG, 'Shorter please', SHORT, 'As a list please'], '- moon')
  expect(store.choices().map((c) => c.candidates)).toEqual([])
})

test('an explicit preference counts more than an inferred one', async () => {
  const { store, ask } = opened()
  await ask([QUESTION], LONG)
  const second = await ask([QUESTION, LONG, 'Shorter please'], SHORT)
  recordFeedback(store, { kind: 'thumbs', decisionId: second, value: 1 }, 2e6)
  expect(store.choices()).toMatchObject([{ weight: 0.2 }])
})

test('the same request again is another answer asked for, but not a retry or the same words much later', async () => {
  for (const [afterMs, count] of [
    [500, 0],
    [10_000, 1],
    [3_600_000, 0],
  ] as const) {
    const { ask, events } = opened()
    const first = await ask([QUESTION], LONG)
    await ask([QUESTION], SHORT, { afterMs })
    expect(events()).toEqual(
      count ? [{ kind: 'regenerate', decisionId: first, isImplicit: true }] : [],
    )
  }
})

test('a program that asks the same again and again, or another one, wants no other answer', async () => {
  const quick = opened()
  for (let i = 0; i < 4; i++) await quick.ask([QUESTION], LONG, { afterMs: 3000 })
  expect(quick.events()).toEqual([])
  const others = opened()
  for (const app of ['a', 'b', 'c']) await others.ask([QUESTION], LONG, { app })
  expect(others.events()).toEqual([])
  const loop = opened()
  for (let i = 0; i < 6; i++) await loop.ask([QUESTION], LONG, { afterMs: 60_000 })
  expect(loop.events()).toHaveLength(2)
})

test.each([
  ['what the message is about', { message: 'And for a larger family?' }],
  ['an answer that the app made up', { answer: 'something else' }],
  ['a request with tools', { tools: [{ name: 't' }] }],
])(
  '%s is no follow-up on style',
  async (_, {
    message = 'Shorter please',
    answer = LONG,
    ...more
  }: {
    message?: string
    answer?: string
    tools?: object[]
  }) => {
    const { ask, events } = opened()
    await ask([QUESTION], LONG)
    await ask([QUESTION, answer, message], SHORT, more)
    expect(events()).toEqual([])
  },
)

test('nothing is inferred if the user has switched it off, but stated preferences are still proposed', async () => {
  const { store, ask, events } = opened(false)
  await ask([QUESTION], LONG)
  await ask([QUESTION, LONG, 'Shorter please. From now on no emoji.'], SHORT)
  expect(events()).toEqual([])
  expect(store.proposals()).toMatchObject([
    { dimension: 'emoji', direction: -1, said: 'From now on no emoji.', decisionId: 'd_2' },
  ])
})

test('a preference is proposed once, counts when it is accepted, and stays away when it is dismissed', async () => {
  const { store, ask } = opened()
  await ask(['From now on: short answers, no emoji. How do tides work?'], LONG)
  await ask(['Always use short answers. Why is the sky blue?'], LONG)
  const [length, emoji] = store.proposals()
  expect(store.proposals()).toHaveLength(2)
  settleProposal(store, length!.id, true)
  settleProposal(store, emoji!.id, false)
  expect(store.get('profile')).toMatchObject({
    preferences: [{ dimension: 'length', direction: -1, source: 'stated' }],
  })
  await ask(['Never use emoji in your answers.'], LONG)
  expect(store.proposals()).toEqual([])
  expect(() => settleProposal(store, length!.id, true)).toThrow('no proposal')
})

test('at most twenty proposals wait, the newest', () => {
  const store = openStore(':memory:')
  const dimensions = ['length', 'lists', 'headings', 'emphasis', 'tables', 'tone'] as const
  const rest = ['directness', 'examples', 'hedging', 'questions', 'emoji'] as const
  propose(
    store,
    [...dimensions, ...rest].flatMap((dimension) =>
      ([1, -1] as const).map((direction) => ({
        id: `p_${dimension}${direction}`,
        at: 1,
        dimension,
        direction,
        sentence: '',
        said: '',
        decisionId: 'd',
      })),
    ),
  )
  expect(store.proposals()).toHaveLength(20)
  expect(store.proposals()[0]).toMatchObject({ dimension: 'lists', direction: 1 })
})
