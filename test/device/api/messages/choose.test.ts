/** Which of several answers is returned. The device prefers the last one that it is given. */
import { describe, expect, test } from 'vitest'
import { type ReadAnswer, readMessage } from '../../../../device/api/messages/answer.ts'
import { chooseAnswer } from '../../../../device/api/messages/choose.ts'
import type { MessagesDeps } from '../../../../device/api/messages/deps.ts'
import type { Plan } from '../../../../device/api/messages/plan.ts'
import { fakeDevice } from '../fakes.ts'

const answer = (id: string, stop: string, changes: object = {}): ReadAnswer =>
  readMessage(
    new TextEncoder().encode(
      JSON.stringify({
        id,
        model: 'claude-sonnet-5-5',
        content: [{ type: 'text', text: `The answer ${id}.` }],
        stop_reason: stop,
        usage: { input_tokens: 10, output_tokens: 5 },
        ...changes,
      }),
    ),
  )!

const plan: Plan = {
  status: 'personalized',
  body: new Uint8Array(),
  original: new Uint8Array(),
  count: 2,
  isStream: false,
  mode: undefined,
  model: 'claude-sonnet-5-5',
  decisionId: 'd1',
  conversation: { messages: [{ role: 'user', content: 'Why?' }] },
  reason: null,
  silenced: [],
  request: null,
  bound: null,
}

/** Ids of the winner and of those that were ranked. */
const choose = async (...answers: (ReadAnswer | null)[]) => {
  const { device, answers: ranked } = fakeDevice()
  const deps: MessagesDeps = {
    device,
    upstream: {
      send: () => Promise.reject(new Error('unused')),
    },
    clock: () => 0,
    report: () => {},
  }
  const [first, ...rest] = answers.map((one) => ({ answer: one }))
  const gathered = { came: [first!, ...rest] as const, unread: 0, reservation: null }
  const { winner } = await chooseAnswer(deps, plan, gathered)
  const ids = ranked.flatMap((r) => r.answers.map((a) => a.messageId))
  return { winner: winner.answer?.messageId ?? null, ids }
}

test('where a stop sequence ended the first, only answers that it ended too take its place', async () => {
  const [first, other] = [answer('a', 'stop_sequence'), answer('c', 'stop_sequence')]
  expect((await choose(first, answer('b', 'end_turn'))).winner).toBe('a')
  expect(await choose(first, answer('b', 'end_turn'), other)).toEqual({
    winner: 'c',
    ids: ['a', 'c'],
  })
  expect((await choose(answer('b', 'end_turn'), first)).winner).toBe('b')
})

const THOUGHT = { content: [{ type: 'thinking', thinking: '', signature: 's' }] }
const FALLBACK = { content: [{ type: 'fallback' }, { type: 'text', text: 'From another.' }] }

describe.each([
  ['was cut', answer('x', 'max_tokens'), true],
  ['has no room left', answer('x', 'model_context_window_exceeded'), true],
  ['only thought', answer('x', 'end_turn', THOUGHT), true],
  ['did not come', null, true],
  ['is a refusal', answer('x', 'refusal'), false],
  ['is of a fallback model', answer('x', 'end_turn', FALLBACK), false],
  ['paused', answer('x', 'pause_turn'), false],
  ['is a summary', answer('x', 'compaction'), false],
  ['calls a tool', answer('x', 'tool_use'), false],
  ['ended in a way that is not known yet', answer('x', 'of_2027'), false],
])('an answer that %s', (_name, odd, givesWay) => {
  test('never takes the place of a whole first one', async () => {
    expect((await choose(answer('a', 'end_turn'), odd)).winner).toBe('a')
  })
  test(`as the first ${givesWay ? 'gives way to a whole one' : 'stands'}`, async () => {
    const { winner } = await choose(odd, answer('a', 'end_turn'))
    expect(winner).toBe(givesWay ? 'a' : 'x')
  })
})

test('answers of the same words are ranked once', async () => {
  const same = { content: [{ type: 'text', text: 'The same.' }] }
  const [a, b] = [answer('a', 'end_turn', same), answer('b', 'end_turn', same)]
  expect(await choose(a, b)).toEqual({ winner: 'a', ids: ['a'] })
  expect(await choose(a, b, answer('c', 'end_turn'))).toEqual({ winner: 'c', ids: ['a', 'c'] })
})
