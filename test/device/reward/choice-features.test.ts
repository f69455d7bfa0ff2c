import { expect, test } from 'vitest'
import type { Tokenizer } from '../../../device/engine/model/tokenizer.ts'
import { type AnswerMemo, encodeAnswers } from '../../../device/reward/choice-features.ts'
import { openStore } from '../../../device/store/store.ts'

import { keepDecision } from '../store/decided.ts'

/** One token a character. */
const tokenizer = {
  eosIds: [9],
  encode: (text: string) => Array.from(text, () => 7),
  chat: (messages: readonly { content: string }[]) => ({
    text: '',
    ids: messages.flatMap((m) => Array.from(m.content, () => 5)),
  }),
} as unknown as Tokenizer

const asked = (content: string) => ({ messages: [{ role: 'user' as const, content }] })

test('encoded answers are cached by digests, without their text', () => {
  const memo: AnswerMemo = new Map()
  const deps = { tokenizer, maxTokens: 16, memo }
  const [long, answer] = ['x'.repeat(10_000), 'y'.repeat(10_000)]
  const first = encodeAnswers(deps, asked(long), [answer])
  expect(encodeAnswers(deps, asked(long), [answer])[0]).toBe(first[0])
  expect(encodeAnswers(deps, { ...asked(long), system: 'S' }, [answer])[0]).not.toBe(first[0])
  expect(encodeAnswers({ ...deps, maxTokens: 17 }, asked(long), [answer])[0]).not.toBe(first[0])
  const names = [...memo].flatMap(([name, answers]) => [name, ...answers.keys()])
  expect(Math.max(...names.map((name) => name.length))).toBeLessThan(50)
})

test('images beside the text change nothing, and are not hashed', () => {
  const memo: AnswerMemo = new Map()
  const deps = { tokenizer, maxTokens: 16, memo }
  const source = {
    get data() {
      throw new Error('it was read')
    },
  }
  const content = [
    { type: 'image', source },
    { type: 'text', text: 'What is it?' },
  ]
  const [with_] = encodeAnswers(deps, { messages: [{ role: 'user', content }] }, ['a'])
  expect(encodeAnswers(deps, asked('What is it?'), ['a'])[0]).toBe(with_)
})

test('a memo is bounded by the numbers that it holds, and the oldest requests go first', () => {
  const memo: AnswerMemo = new Map()
  const deps = { tokenizer, maxTokens: 4096, memo }
  const answers = Array.from({ length: 16 }, (_, i) => `${i}`.padEnd(4096))
  const of = (i: number) => encodeAnswers(deps, asked(`request ${i}`), answers)
  const [first] = of(0)
  for (let i = 1; i < 150; i++) of(i)
  const numbers = [...memo.values()].flatMap((m) => [...m.values()]).map((a) => a.input.ids.length)
  expect(numbers.reduce((a, b) => a + b, 0)).toBeLessThan(8_000_000)
  expect(memo.size).toBeGreaterThan(100)
  expect(memo.size).toBeLessThan(150)
  expect(of(149)[0]).toBe(of(149)[0])
  expect(of(0)[0]).not.toBe(first)
})

test.each([
  ['short texts', 20, 3],
  ['long messages', 60_000, 3],
  ['a long conversation', 2000, 60],
])('%s: a choice is read as its request was', (_, length, turns) => {
  const store = openStore(':memory:')
  const text = (i: number) => `${i} ${'some words, '.repeat(length / 12)}end of ${i}?`
  const messages = Array.from({ length: 2 * turns - 1 }, (_, i) => ({
    role: i % 2 === 0 ? ('user' as const) : ('assistant' as const),
    content: i % 3 === 0 ? [{ type: 'text', text: text(i) }] : text(i),
  }))
  const answers = [text(1000), `${text(1001)}${'y'.repeat(70_000)}`]
  const system = text(2000)
  keepDecision(store, { id: 'd', messages, system, answers })
  const decided = { candidates: answers, shown: [0, 1], chosen: 1, weight: 1, at: 1 }
  store.decideChoice(store.decision('d')!, {
    ...decided,
    candidates: store.answersOf(store.decision('d')!.seq),
  })
  store.importChoice('log', { user: 'u', id: 'log', messages, system, ...decided }, 1)
  for (const maxTokens of [64, 384, 4096]) {
    const deps = () => ({ tokenizer, maxTokens, memo: new Map() })
    const live = encodeAnswers(deps(), { messages, system }, answers)
    for (const choice of store.choices())
      expect(encodeAnswers(deps(), choice, choice.candidates)).toEqual(live)
  }
})
