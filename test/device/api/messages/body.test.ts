import { describe, expect, test } from 'vitest'
import { ONE_CANDIDATE, PASSED_THROUGH, readRequest } from '../../../../device/api/messages/body.ts'

const user = (content: unknown) => ({ role: 'user', content })
const plain = { model: 'claude', max_tokens: 10, messages: [user('Hi')] }
const bytesOf = (body: unknown) =>
  new TextEncoder().encode(typeof body === 'string' ? body : JSON.stringify(body))
const read = (body: unknown) => readRequest(bytesOf(body)).read

test('reads a plain request, and says nothing against it', () => {
  expect(read({ ...plain, system: 'Be kind.' })).toMatchObject({
    conversation: { messages: plain.messages, system: 'Be kind.' },
    size: { model: 'claude', maxTokens: 10 },
  })
  expect(read({ ...plain, system: null, tools: [], mcp_servers: null })).not.toBeNull()
})

const REASONS: Record<keyof typeof PASSED_THROUGH, object[]> = {
  tools: [{ tools: [{ name: 'x' }] }],
  'MCP servers': [{ mcp_servers: [{ url: 'https://x.test' }] }],
  'a container': [{ container: 'c_1' }, { container: { id: 'c_1' } }],
  'tool calls or results': [
    { messages: [user([{ type: 'tool_result', tool_use_id: 't' }])] },
    {
      messages: [user('x'), { role: 'assistant', content: [{ type: 'mcp_tool_use' }] }, user('y')],
    },
    { messages: [user([{ type: 'web_search_tool_result' }])] },
  ],
  'a schema for the answer': [
    { output_config: { format: { type: 'json_schema' } } },
    { output_format: { type: 'json_schema' } },
  ],
  'an answer begun by the caller': [{ messages: [user('x'), { role: 'assistant', content: '{' }] }],
  'a cache that is only warmed': [{ max_tokens: 0 }],
}

describe('goes through untouched because of', () => {
  test.each(
    Object.entries(REASONS).flatMap(([reason, all]) => all.map((changes) => [reason, changes])),
  )('%s: %j', (reason, changes) => {
    const body = { ...plain, ...(changes as object) }
    expect(read(body)).toBeNull()
    expect(readRequest(bytesOf(body)).model).toBe('claude')
    const holding = Object.keys(PASSED_THROUGH).filter((r) => PASSED_THROUGH[r]!(body as never))
    expect(holding).toEqual([reason])
  })

  test('the table is complete', () => {
    expect(Object.keys(REASONS)).toEqual(Object.keys(PASSED_THROUGH))
  })
})

test.each([
  ['no JSON', '{'],
  ['no object', '[1]'],
  ['no messages', '{"model":"claude"}'],
  ['a byte order mark', `\ufeff${JSON.stringify(plain)}`],
  ['system twice', `{"system":"a","messages":[{"role":"user","content":"x"}],"system":"b"}`],
  ['a system that is a number', JSON.stringify({ ...plain, system: 7 })],
  [
    'a role that is not known',
    JSON.stringify({ ...plain, messages: [{ role: 'system', content: 'x' }] }),
  ],
])('goes through untouched with %s', (_name, text) => {
  expect(read(text)).toBeNull()
})

test('goes through untouched where it is not UTF-8', () => {
  const bytes = bytesOf(plain)
  bytes[bytes.indexOf(0x48)] = 0xff
  expect(readRequest(bytes).read).toBeNull()
})

test.each([
  ['temperature 0', { temperature: 0 }, false, true],
  ['a temperature', { temperature: 0.5 }, false, false],
  ['a stream', { stream: true }, false, true],
  ['a stream that may be compared', { stream: true }, true, false],
  ['a stream at temperature 0, compared', { stream: true, temperature: 0 }, true, true],
  ['nothing special', {}, false, false],
])('%s: one candidate?', (_name, changes, isCompared, isOne) => {
  const body = { ...plain, ...changes } as never
  expect(Object.values(ONE_CANDIDATE(isCompared)).some((is) => is(body))).toBe(isOne)
})
