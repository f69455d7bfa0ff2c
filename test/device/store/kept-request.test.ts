import { createHmac } from 'node:crypto'
import { expect, test } from 'vitest'
import type { ChatMessage } from '../../../adapters/formats/choice-log.ts'
import { conversationName, keptRequest, saidKey } from '../../../device/store/kept-request.ts'

let hashed = 0
const hash = (text: string): string => {
  hashed += text.length
  return createHmac('sha256', 'key').update(text).digest('base64url').slice(0, 22)
}
const user = (content: ChatMessage['content']): ChatMessage => ({ role: 'user', content })
const assistant = (content: ChatMessage['content']): ChatMessage => ({ role: 'assistant', content })
const ask = (content: string, system?: string) => ({ messages: [user(content)], system })

test('a conversation is its system prompt and first user message', () => {
  const name = conversationName(hash, ask('a', 's'))
  const later = { system: 's', messages: [user('a'), assistant('b'), user('c')] }
  expect(conversationName(hash, later)).toBe(name)
  for (const other of [ask('a'), ask('b', 's'), ask('s', 'a')])
    expect(conversationName(hash, other)).not.toBe(name)
  expect(conversationName(hash, ask('\ud800'))).not.toBe(conversationName(hash, ask('\ud801')))
})

test('a text equals a single block of it, and cache marks do not count', () => {
  const marked = [{ type: 'text', text: 'a', cache_control: { type: 'ephemeral' } }]
  const plain = keptRequest(hash, ask('a', 's'))
  const other = keptRequest(hash, { messages: [user(marked)], system: marked })
  expect(other.thread).toBe(plain.thread)
  expect(other.turns).toEqual(plain.turns)
  expect(other.request).not.toBe(plain.request)
  const two = keptRequest(hash, { messages: [user([...marked, ...marked])] })
  expect(two.thread).not.toBe(plain.thread)
})

test('a request goes on from the one that is an answer and a message shorter', () => {
  const first = keptRequest(hash, ask('a', 'It is 12:01.'))
  const messages = [user('a'), assistant(' b '), user('c')]
  const next = keptRequest(hash, { messages, system: 'It is 12:02.' })
  expect(next).toMatchObject({ before: first.thread, answered: saidKey(hash, 'b') })
  expect([first.before, first.answered]).toEqual([null, null])
  expect(keptRequest(hash, { messages: [user('x'), user('y'), user('z')] }).before).toBeNull()
  const edited = keptRequest(hash, { messages: [user('A'), ...messages.slice(1)] })
  expect(edited.before).not.toBe(first.thread)
})

test('another image is another request, and each is hashed once', () => {
  const image = (data: string) => ({ type: 'image', source: { type: 'base64', data } })
  const of = (data: string) =>
    keptRequest(hash, { messages: [user([image(data), { type: 'text', text: 'What is it?' }])] })
  const [one, two] = [of('A'.repeat(50_000)), of(`${'A'.repeat(49_999)}B`)]
  expect([one.request, one.thread, one.conversation]).not.toContain(two.request)
  expect(one.thread).not.toBe(two.thread)
  expect(one.conversation).not.toBe(two.conversation)
  hashed = 0
  of('C'.repeat(1_000_000))
  expect(hashed).toBeLessThan(1_010_000)
  expect(JSON.stringify(one).length).toBeLessThan(1000)
})
