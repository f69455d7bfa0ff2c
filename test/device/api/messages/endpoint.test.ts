import { expect, test } from 'vitest'
import type { CandidateRequest } from '../../../../device/spending/spend.ts'
import {
  buildApi,
  DEVICE_TOKEN,
  fakeDevice,
  messageText,
  OWN_KEY,
  planOf,
  STREAM_TEXT,
  soon,
} from '../fakes.ts'

const request = {
  model: 'claude',
  max_tokens: 10,
  messages: [{ role: 'user', content: 'Hi\u0000 ☕' }],
}

test('asks for two candidates with the block in system and answers with the winner unchanged', async () => {
  const api = buildApi()
  const response = await api.post('/v1/messages', { ...request, system: 'Be kind.' })
  expect(response.status).toBe(200)
  expect(await response.text()).toBe(messageText(2))
  expect(response.headers.get('loreweave-decision')).toBe('d1')
  expect(response.headers.get('loreweave-status')).toBe('personalized')
  expect(response.headers.get('request-id')).toBe('req_2')
  expect(api.claude.seen).toHaveLength(2)
  for (const { text } of api.claude.seen)
    expect(JSON.parse(text)).toEqual({ ...request, system: 'Be kind.\n\n[block]' })
  expect(api.spent).toEqual([12])
})

test('asks once when the device wants one candidate', async () => {
  const api = buildApi({}, fakeDevice({ planCandidates: () => planOf(1) }))
  expect(await (await api.post('/v1/messages', request)).text()).toBe(messageText(1))
  expect(api.claude.seen).toHaveLength(1)
  expect(api.answers).toEqual([
    { decisionId: 'd1', answers: [expect.objectContaining({ messageId: 'msg_1' })] },
  ])
})

test('asks once at temperature 0, where candidates would be equal', async () => {
  const api = buildApi()
  await api.post('/v1/messages', { ...request, temperature: 0 })
  expect(api.claude.seen).toHaveLength(1)
})

test('sends the very bytes of the caller when the rewrite is an identity', async () => {
  const identity = {
    decisionId: 'd1',
    system: null,
    block: null,
    preferences: [],
    reason: 'none_relevant' as const,
  }
  const api = buildApi(
    {},
    fakeDevice({ rewrite: async () => identity, planCandidates: () => planOf(1) }),
  )
  const text =
    '{ "model":"claude",\n "messages":[ {"role":"user","content":"\\u0041"} ], "seed": 12345678901234567890 }'
  const response = await api.post('/v1/messages', text)
  expect(api.claude.seen[0]?.text).toBe(text)
  expect(response.headers.get('loreweave-status')).toMatch(/^identity; why="[^"]+"$/)
})

test.each([
  ['x-api-key', { 'x-api-key': 'sk-callers' }, 'sk-callers', null],
  ['authorization', { authorization: 'Bearer callers' }, null, 'Bearer callers'],
])("forwards the caller's own credential in %s unchanged", async (_name, headers, key, bearer) => {
  const api = buildApi()
  await api.app.request(
    new Request('http://127.0.0.1:4141/v1/messages', {
      method: 'POST',
      headers: { ...headers, 'anthropic-version': '2023-06-01', 'anthropic-beta': 'x' } as Record<
        string,
        string
      >,
      body: JSON.stringify(request),
    }),
  )
  const sent = api.claude.seen[0]!.headers
  expect(sent.get('x-api-key')).toBe(key)
  expect(sent.get('authorization')).toBe(bearer)
  expect(sent.get('anthropic-version')).toBe('2023-06-01')
  expect(sent.get('anthropic-beta')).toBe('x')
})

test.each([
  ['as bearer', { authorization: `Bearer ${DEVICE_TOKEN}` }, `Bearer ${OWN_KEY}`],
  ['as x-api-key', { 'x-api-key': DEVICE_TOKEN, authorization: '' }, OWN_KEY],
  ['in a header of its own', { 'x-note': `token ${DEVICE_TOKEN}` }, `Bearer ${OWN_KEY}`],
])(
  'never sends the device token on, but its own key in its place: %s',
  async (_name, headers, expected) => {
    const api = buildApi()
    const response = await api.post('/v1/messages', request, headers)
    expect(response.status).toBe(200)
    for (const { headers: sent } of api.claude.seen) {
      expect([...sent.values()].join(' ')).not.toContain(DEVICE_TOKEN)
      expect([sent.get('x-api-key'), sent.get('authorization')].filter(Boolean)).toEqual([expected])
    }
  },
)

test("keeps the caller's key and drops the device token when both are sent", async () => {
  const api = buildApi()
  await api.post('/v1/messages', request, { 'x-api-key': 'sk-callers' })
  expect(api.claude.seen[0]?.headers.get('x-api-key')).toBe('sk-callers')
  expect(api.claude.seen[0]?.headers.get('authorization')).toBeNull()
})

test('says E_NO_KEY when only the device token is sent and the device has no key', async () => {
  const api = buildApi({ claudeKey: null })
  const response = await api.post('/v1/messages', request)
  expect(response.status).toBe(401)
  expect(await response.json()).toMatchObject({ error: { code: 'E_NO_KEY' } })
  expect(api.claude.seen).toHaveLength(0)
})

test('passes a stream through byte for byte and remembers its message', async () => {
  const api = buildApi()
  const response = await api.post('/v1/messages', { ...request, stream: true })
  expect(Buffer.from(await response.arrayBuffer()).equals(Buffer.from(STREAM_TEXT))).toBe(true)
  expect(response.headers.get('content-type')).toBe('text/event-stream')
  expect(JSON.parse(api.claude.seen[0]!.text).system).toBe('[block]')
  expect(response.headers.get('loreweave-decision')).toBe('d1')
  expect(api.answers).toEqual([
    { decisionId: 'd1', answers: [{ text: 'Grüße you', messageId: 'msg_stream' }] },
  ])
})

test.each([
  ['a schema for the answer', { output_config: { format: { type: 'json_schema', schema: {} } } }],
  ['a tool that must be called', { tools: [{ name: 'n' }], tool_choice: { type: 'any' } }],
  [
    'an answer begun by the caller',
    {
      messages: [
        { role: 'user', content: 'x' },
        { role: 'assistant', content: '{' },
      ],
    },
  ],
  ['stop sequences', { stop_sequences: ['###'] }],
  ['an unknown role', { messages: [{ role: 'narrator', content: 'x' }] }],
])('leaves a request with %s untouched', async (_name, changes) => {
  const api = buildApi()
  const text = JSON.stringify({ ...request, ...changes }, null, 3)
  const response = await api.post('/v1/messages', text)
  expect(await response.text()).toBe(messageText(1))
  expect(api.claude.seen.map((s) => s.text)).toEqual([text])
  expect(response.headers.get('loreweave-status')).toMatch(/^passed-through; why="[^"]+"$/)
  expect(response.headers.get('loreweave-decision')).toBeNull()
})

test.each([
  ['tools', { tools: [{ name: 'search', input_schema: {} }] }, 'd1'],
  ['MCP servers', { mcp_servers: [{ url: 'https://x.test' }] }, 'd1'],
  [
    'a tool_result block',
    { messages: [{ role: 'user', content: [{ type: 'tool_result', tool_use_id: 't' }] }] },
    null,
  ],
  ['no tokens to answer with', { max_tokens: 0 }, null],
])('with %s the block is added, and one answer asked for', async (_name, changes, decision) => {
  const api = buildApi()
  const response = await api.post('/v1/messages', { ...request, ...changes })
  expect(api.claude.seen.map((s) => JSON.parse(s.text))).toEqual([
    { ...request, ...changes, system: '[block]' },
  ])
  expect(response.headers.get('loreweave-status')).toBe('personalized')
  expect(response.headers.get('loreweave-decision')).toBe(decision)
})

test('forwards the request unmodified when the rewrite fails, and logs no content', async () => {
  const failing = fakeDevice({ rewrite: () => Promise.reject(new Error('secret: Hi ☕')) })
  const api = buildApi({}, failing)
  const response = await api.post('/v1/messages', request)
  expect(response.status).toBe(200)
  expect(api.claude.seen.map((s) => s.text)).toEqual([JSON.stringify(request)])
  expect(response.headers.get('loreweave-status')).toMatch(/^failed-open; why="[^"]+"$/)
  expect(api.reports).toEqual([{ what: 'rewrite', code: 'E_INTERNAL' }])
})

test('forwards the request unmodified when nothing can be looked up', async () => {
  const fake = fakeDevice({ rewrite: () => Promise.reject(new Error('no')) })
  const find = () => {
    throw new Error('SQLITE_IOERR')
  }
  Object.assign(fake.device, { suffixes: { ...fake.device.suffixes, find } })
  const api = buildApi({}, fake)
  for (const mode of ['on', 'off']) {
    const response = await api.post('/v1/messages', request, { 'loreweave-mode': mode })
    expect(response.status).toBe(200)
  }
  expect(api.claude.seen.map((s) => s.text)).toEqual(Array(2).fill(JSON.stringify(request)))
})

test('forwards the request unmodified when the rewrite does not end', async () => {
  const api = buildApi(
    { settings: { deadlineMs: 10 } },
    fakeDevice({ rewrite: () => new Promise(() => {}) }),
  )
  const response = await api.post('/v1/messages', request)
  expect(response.headers.get('loreweave-status')).toMatch(/^failed-open; why="[^"]+"$/)
  expect(api.claude.seen.map((s) => s.text)).toEqual([JSON.stringify(request)])
})

test("answers with Claude's first answer when the rerank fails", async () => {
  const api = buildApi({}, fakeDevice({ rerank: () => Promise.reject(new Error('no')) }))
  const response = await api.post('/v1/messages', request)
  expect(await response.text()).toBe(messageText(1))
  expect(response.headers.get('loreweave-status')).toBe('failed-open')
})

test("passes Claude's errors on with status, body and headers", async () => {
  const api = buildApi()
  const response = await api.post('/v1/messages', { ...request, model: 'overloaded' })
  expect(response.status).toBe(529)
  expect(response.headers.get('retry-after')).toBe('7')
  expect(response.headers.get('request-id')).toBe('req_1')
  expect(await response.text()).toBe('{"type":"error","error":{"type":"overloaded_error"}}')
})

test('answers 502 E_UPSTREAM when Claude cannot be reached', async () => {
  const api = buildApi({ transport: () => Promise.reject(new TypeError('fetch failed')) })
  const response = await api.post('/v1/messages', request)
  expect(response.status).toBe(502)
  expect(await response.json()).toMatchObject({ error: { code: 'E_UPSTREAM' } })
})

test.each([1, 2])(
  'an answer that is lost does not spoil the other: the one sent as number %i',
  async (lost) => {
    let sent = 0
    const api = buildApi({
      transport: async () => {
        const n = ++sent
        // The other one is under way before this one is lost.
        for (let i = 0; i < 5; i++) await soon()
        if (n === lost) throw new TypeError('reset')
        return new Response(messageText(n), { headers: { 'content-type': 'application/json' } })
      },
    })
    const response = await api.post('/v1/messages', request)
    expect(await response.text()).toBe(messageText(3 - lost))
    expect(api.answers[0]?.answers).toHaveLength(1)
  },
)

const claudeThatSays = (...bodies: string[]) => {
  let n = 0
  return async () => new Response(bodies[n++], { headers: { 'content-type': 'application/json' } })
}

test.each([
  ['a cut one', messageText(2, 'max_tokens')],
  ['a refused one', messageText(2, 'refusal', 'I cannot help with that.')],
  ['an empty one', messageText(2, 'end_turn', ' ')],
  ["one that the app's stop sequence ended", messageText(2, 'stop_sequence')],
  ['an error', '{"type":"error"}'],
])('a whole first answer does not compete with %s', async (_name, second) => {
  const api = buildApi({ transport: claudeThatSays(messageText(1), second) })
  const response = await api.post('/v1/messages', request)
  expect(await response.text()).toBe(messageText(1))
  expect(api.answers).toEqual([
    { decisionId: 'd1', answers: [{ text: 'answer 1', messageId: 'msg_1' }] },
  ])
})

test.each([
  ['that was cut gives way to a whole one', 'max_tokens', 'half of', 2],
  ['that is empty gives way to a whole one', 'end_turn', '', 2],
  ['that is a refusal stands', 'refusal', 'I cannot help with that.', 1],
])('a first answer %s', async (_name, stop, text, served) => {
  const first = messageText(1, stop, text)
  const api = buildApi({ transport: claudeThatSays(first, messageText(2)) })
  const response = await api.post('/v1/messages', request)
  expect(await response.text()).toBe(served === 1 ? first : messageText(2))
})

test('answers of the same words are ranked once, and not at all where there is no other', async () => {
  const texts = ['same', 'same', 'other'].map((text, i) => messageText(i + 1, 'end_turn', text))
  const fake = fakeDevice({ planCandidates: () => planOf(3) })
  const three = buildApi({ transport: claudeThatSays(...texts) }, fake)
  expect(await (await three.post('/v1/messages', request)).text()).toBe(texts[2])
  expect(three.answers[0]!.answers.map((a) => a.messageId)).toEqual(['msg_1', 'msg_3'])
  const two = buildApi({ transport: claudeThatSays(texts[0]!, texts[1]!) })
  expect(await (await two.post('/v1/messages', request)).text()).toBe(texts[0])
  expect(two.answers).toEqual([
    { decisionId: 'd1', answers: [{ text: 'same', messageId: 'msg_1' }] },
  ])
})

test('answers that are all cut leave the first', async () => {
  const cut = [1, 2].map((n) => messageText(n, 'max_tokens'))
  const api = buildApi({ transport: claudeThatSays(...cut) })
  expect(await (await api.post('/v1/messages', request)).text()).toBe(cut[0])
})

test("says that it is a shadow where the device decides but returns Claude's first answer", async () => {
  const { rerank } = fakeDevice().device
  const shadowed = fakeDevice({
    rerank: async (...given) => ({
      ...(await rerank(...given)),
      winner: 0,
      shadow: { preferred: 1 },
    }),
  })
  const api = buildApi({}, shadowed)
  const response = await api.post('/v1/messages', request)
  expect(await response.text()).toBe(messageText(1))
  expect(response.headers.get('loreweave-status')).toBe('shadow')
  // Both were paid for, and one is what the app would have paid for anyway.
  expect(api.spent).toEqual([12])
})

test('tells the device the model, the limit and about how long the request is', async () => {
  const asked: CandidateRequest[] = []
  const counting = fakeDevice({
    planCandidates: (size) => {
      asked.push(size)
      return planOf(1)
    },
  })
  const api = buildApi({}, counting)
  const plain = { cachedTokens: 0, thinks: false, effort: undefined }
  const terms = { isFast: false, isUs: false, isBatch: false }
  const image = { type: 'image', source: { type: 'base64', data: 'A'.repeat(100_000) } }
  const content = [image, { type: 'text', text: 'x'.repeat(350) }]
  const model = 'claude-sonnet-4-5'
  await api.post('/v1/messages', { ...request, model, messages: [{ role: 'user', content }] })
  await api.post('/v1/messages', { ...request, model, system: 'y'.repeat(70) })
  expect(asked).toEqual([
    { model, maxTokens: 10, inputTokens: 1700, ...plain, terms },
    { model, maxTokens: 10, inputTokens: 22, ...plain, terms },
  ])
})

test('forwards other paths untouched', async () => {
  const api = buildApi()
  const response = await api.post('/v1/messages/count_tokens', '{ "a": 1 }')
  expect(await response.json()).toEqual({ input_tokens: 3 })
  expect(response.headers.get('x-from')).toBe('claude')
  expect(api.claude.seen[0]).toMatchObject({
    path: '/v1/messages/count_tokens',
    text: '{ "a": 1 }',
  })
  expect((await api.call('/v1/models')).status).toBe(200)
})

test('writes every request to Claude in the log before it is sent', async () => {
  const api = buildApi()
  await api.post('/v1/messages', request)
  expect(api.outgoing).toHaveLength(2)
  expect(api.outgoing[0]).toMatchObject({
    recipient: 'claude',
    what: 'messages',
    bytes: Buffer.byteLength(api.claude.seen[0]!.text),
    digest: expect.stringMatching(/^[0-9a-f]{64}$/),
  })
})
