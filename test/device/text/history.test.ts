import { describe, expect, test } from 'vitest'
import { answerKeys, historyOf, openingKey, systemKey } from '../../../device/text/history.ts'

const user = (content: unknown) => ({ role: 'user', content })
const assistant = (content: unknown) => ({ role: 'assistant', content })
const text = (words: string) => ({ type: 'text', text: words })
const thought = (signature: string) => ({ type: 'thinking', thinking: '', signature })

test('what comes back of an answer has the keys that the answer had', () => {
  const call = { type: 'tool_use', id: 'toolu_1', name: 'weather', input: {} }
  const content = [thought('s1'), text('It  rains. '), call]
  const asked = [user('How is it?')]
  const keys = answerKeys(asked, content)
  expect(keys).toEqual({
    signatures: ['signature s1'],
    turns: ['turn Howisit?\nItrains.', 'call toolu_1'],
  })
  expect(historyOf([...asked, assistant(content), user('And?')], undefined)).toMatchObject({
    isBegun: true,
    isBound: true,
    ...keys,
  })
  // An app that keeps the words alone.
  const plain = historyOf([...asked, assistant('It rains.'), user('And?')], undefined)
  expect(plain).toMatchObject({ isBound: false, signatures: [], turns: [keys.turns[0]] })
})

test.each([
  ['hidden thinking', { type: 'redacted_thinking', data: 'd1' }, 'signature d1'],
  ['a signed summary', { type: 'compaction', content: 'c', signature: 's1' }, 'signature s1'],
  ['a sealed summary', { type: 'compaction', content: 'c', encrypted_content: 'e' }, 'signature e'],
  ['a summary', { type: 'compaction', content: 'c' }, 'signature c'],
])('%s binds the history', (_name, block, key) => {
  const { isBound, signatures } = historyOf([user([block]), user('And?')], 'S')
  expect([isBound, signatures]).toEqual([true, [key]])
})

test('thinking without a signature still binds', () => {
  const history = historyOf([user('a'), assistant([{ type: 'thinking' }]), user('b')], 'S')
  expect(history).toMatchObject({ isBound: true, signatures: [] })
})

describe('the whole of a request', () => {
  const whole = (messages: object[], system?: unknown) =>
    historyOf(messages as never, system).whole()

  test('is the same with any cache marks, and as one block or a text', () => {
    const marked = [{ ...text('a'), cache_control: { type: 'ephemeral' } }]
    expect(whole([user(marked)], [text('S')])).toEqual(whole([user('a')], 'S'))
    expect(whole([user('a')], '')).toEqual(whole([user('a')]))
    expect(whole([user('a')], 'S')).not.toEqual(whole([user('a')], 'T'))
  })

  test('is also that before an answer that was begun', () => {
    const [, before] = whole([user('a'), assistant('b')], 'S')
    expect([before]).toEqual(whole([user('a')], 'S'))
  })
})

test('a system prompt and first words name what they are of', () => {
  expect(systemKey('S')).toBe(systemKey([text('S')]))
  expect(openingKey([user('a'), assistant('b')], 'S')).toBe(openingKey([user('a')], 'S'))
  expect(openingKey([user('a')], 'S')).not.toBe(openingKey([user('a')], 'T'))
})
