import { expect, test } from 'vitest'
import { readRequest } from '../../../../device/api/messages/body.ts'

const user = (content: unknown) => ({ role: 'user', content })
const assistant = (content: unknown) => ({ role: 'assistant', content })
const plain = { model: 'claude', max_tokens: 10, messages: [user('Hi')] }
const bytesOf = (body: unknown) =>
  new TextEncoder().encode(typeof body === 'string' ? body : JSON.stringify(body))
const read = (body: unknown) => readRequest(bytesOf(body))

test('reads a plain request', () => {
  expect(read({ ...plain, system: 'Be kind.' })).toMatchObject({
    conversation: { messages: plain.messages, system: 'Be kind.' },
    size: { model: 'claude', maxTokens: 10 },
    trace: { history: { isBegun: false, isBound: false } },
  })
  expect(read({ ...plain, system: null, tools: [], mcp_servers: null })?.conversation).toEqual({
    messages: plain.messages,
    system: undefined,
  })
})

test('takes system messages for instructions, and passes over unknown fields of a message', () => {
  const messages = [
    { ...user('Hi'), id: 7 },
    { role: 'system', content: [{ type: 'text', text: 'Be brief.' }] },
    assistant('Hello.'),
    user('And?'),
  ]
  expect(read({ ...plain, messages })?.conversation).toEqual({
    messages: [user('Hi'), assistant('Hello.'), user('And?')],
    system: undefined,
    instructions: ['Be brief.'],
  })
})

test.each([
  ['no JSON', '{'],
  ['no object', '[1]'],
  ['no messages', '{"model":"claude"}'],
  ['a byte order mark', `\ufeff${JSON.stringify(plain)}`],
  ['system twice', `{"system":"a","messages":[{"role":"user","content":"x"}],"system":"b"}`],
  ['a system that is a number', JSON.stringify({ ...plain, system: 7 })],
])('reads nothing of a body with %s', (_name, text) => {
  expect(read(text)).toBeNull()
})

test('reads nothing where it is not UTF-8', () => {
  const bytes = bytesOf(plain)
  bytes[bytes.indexOf(0x48)] = 0xff
  expect(readRequest(bytes)).toBeNull()
})

const THOUGHT = { type: 'thinking', thinking: '', signature: 'sig_1' }

test.each([
  [
    'over a thousand messages',
    Array.from({ length: 1001 }, (_, i) => (i % 2 ? assistant('b') : user('a'))),
  ],
  ['a text of 200,001 characters', [user('a'.repeat(200_001))]],
  ['a type of 41 characters', [user([{ type: 't'.repeat(41) }])]],
  ['a role that nobody knows', [user('a'), { role: 'narrator', content: 'b' }, user('c')]],
])('of %s it learns nothing, but sees what is signed', (_name, messages) => {
  const request = read({ ...plain, messages: [user('x'), assistant([THOUGHT]), ...messages] })
  expect(request?.conversation).toBeNull()
  expect(request?.trace.history.signatures).toEqual(['signature sig_1'])
})

test.each([
  [
    'a mark in a message',
    { messages: [user([{ type: 'text', text: 'a'.repeat(4000), cache_control: {} }])] },
    true,
  ],
  ['a mark on the whole', { messages: [user('a'.repeat(4000))], cache_control: {} }, true],
  ['a mark too early to be cached', { messages: [user('a')], cache_control: {} }, false],
  ['no mark', { messages: [user('a'.repeat(4000))] }, false],
  [
    'a mark in system',
    { system: [{ type: 'text', text: 'a'.repeat(4000), cache_control: {} }] },
    false,
  ],
])('%s: is there something that conversations share?', (_name, changes, isShared) => {
  expect(read({ ...plain, ...changes })?.trace.isShared).toBe(isShared)
})
