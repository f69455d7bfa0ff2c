/**
 * The service around the messages: what arrives, how large it may be, batches, files, models,
 * diagnostics.
 */
import { gzipSync } from 'node:zlib'
import Anthropic from '@anthropic-ai/sdk'
import { afterEach, expect, test } from 'vitest'
import { type ArrivedRequest, createClaude } from '../../../eval/claude/claude.ts'
import { startClaude } from '../../../eval/claude/serve.ts'
import { converse, MODEL, openMock, said, user } from './asking.ts'

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
})

const messages = [user('Why do the tides rise and fall?')]
const MIB = 2 ** 20
const post = (
  path: string,
  body: string | Uint8Array,
  headers: Record<string, string> = {},
  options = {},
) =>
  createClaude({ seed: 1, ...options }).request(path, {
    method: 'POST',
    headers: { 'x-api-key': 'k', 'anthropic-version': '2023-06-01', ...headers },
    body: body as string,
  })

test('what arrived is told, to the byte', async () => {
  const arrived: ArrivedRequest[] = []
  const body = `{ "model":"${MODEL}",  "max_tokens": 1e3, "messages":[{"role":"user","content":"\\u0041"}]}`
  const headers = { 'x-own': 'a' }
  await post('/v1/messages?beta=true', body, headers, {
    onRequest: (request: ArrivedRequest) => arrived.push(request),
  })
  expect(arrived).toHaveLength(1)
  const [one] = arrived
  expect([one?.method, one?.path, one?.headers.get('x-own')]).toEqual([
    'POST',
    '/v1/messages?beta=true',
    'a',
  ])
  expect(Buffer.from(one!.body!).toString()).toBe(body)
})

test('a compressed body is read, and one that is none is refused', async () => {
  const body = JSON.stringify({ model: MODEL, max_tokens: 500, messages })
  const coded = { 'content-encoding': 'gzip' }
  expect((await post('/v1/messages', gzipSync(body), coded)).status).toBe(200)
  expect((await post('/v1/messages', body, coded)).status).toBe(400)
  expect((await post('/v1/messages', body, { 'content-encoding': 'rot13' })).status).toBe(400)
})

test.each([
  ['/v1/messages', 413],
  ['/v1/messages/count_tokens', 413],
  ['/v1/messages/batches', 400],
  ['/v1/files', 200],
])('33 MiB for %s: %i', async (path, status) => {
  const response = await post(path, new Uint8Array(33 * MIB))
  expect(response.status).toBe(status)
  if (status !== 413) return
  const json = (await response.json()) as { request_id: string }
  expect(json).toMatchObject({ error: { type: 'request_too_large' } })
  expect(json.request_id).toBe(response.headers.get('request-id'))
})

const overLoopback = async () => {
  const running = await startClaude({ seed: 1 })
  open.push(running)
  const client = new Anthropic({
    apiKey: 'k',
    baseURL: running.url,
    maxRetries: 0,
    logLevel: 'off',
  })
  return { client, claude: running.claude }
}

test('a batch is answered request by request; what it cannot hold is an error of its own', async () => {
  const { client } = await overLoopback()
  const params = { model: MODEL, max_tokens: 500, messages: messages as Anthropic.MessageParam[] }
  const requests = [
    { custom_id: 'plain', params },
    { custom_id: 'streamed', params: { ...params, stream: true } },
    { custom_id: 'warming', params: { ...params, max_tokens: 0 } },
  ]
  const batch = await client.messages.batches.create({ requests: requests as never })
  expect(batch.processing_status).toBe('in_progress')
  const ended = await client.messages.batches.retrieve(batch.id)
  expect(ended).toMatchObject({
    processing_status: 'ended',
    request_counts: { succeeded: 1, errored: 2 },
  })
  const results: Record<string, string> = {}
  for await (const { custom_id: id, result } of await client.messages.batches.results(batch.id)) {
    results[id] = result.type
    if (result.type === 'succeeded') expect(result.message.usage.service_tier).toBe('batch')
  }
  expect(results).toEqual({ plain: 'succeeded', streamed: 'errored', warming: 'errored' })
  expect((await client.messages.batches.list()).data).toHaveLength(1)
  await client.messages.batches.delete(batch.id)
  await expect(client.messages.batches.retrieve(batch.id)).rejects.toMatchObject({ status: 404 })
})

test('a batch drops thinking that stands behind another prefix, and says nothing', async () => {
  const mock = openMock()
  const turns = await converse(mock.ask, 1, { system: 'a' })
  const params = { model: MODEL, max_tokens: 500, system: 'b', messages: [...turns, user('Why?')] }
  const requests = [{ custom_id: 'one', params }]
  const { status } = await mock.ask({ requests }, [], '/v1/messages/batches')
  expect(status).toBe(200)
  expect(mock.counts()).toMatchObject({ refusedPrefixes: 0, droppedForPrefix: 1, requests: 2 })
})

test('files are counted', async () => {
  const { client, claude } = await overLoopback()
  const file = await client.beta.files.upload({ file: new File(['x'.repeat(1000)], 'a.txt') })
  expect(file).toMatchObject({ type: 'file', filename: 'a.txt' })
  expect(file.size_bytes).toBeGreaterThan(1000)
  expect((await client.beta.files.list()).data.map((f) => f.id)).toEqual([file.id])
  await client.beta.files.delete(file.id)
  await expect(client.beta.files.retrieveMetadata(file.id)).rejects.toMatchObject({ status: 404 })
  expect(claude.counts().byPath['/v1/files']).toBe(2)
})

test('models tell what they can, page by page', async () => {
  const { client } = await overLoopback()
  const ids: string[] = []
  for await (const model of client.models.list({ limit: 5 })) ids.push(model.id)
  expect(ids).toEqual((await client.models.list({ limit: 1000 })).data.map((m) => m.id))
  expect(ids).toContain('claude-fable-5-2')
  const haiku = await client.models.retrieve('claude-haiku-5-5')
  expect(haiku).toMatchObject({
    lifecycle: 'active',
    line: 'haiku',
    capabilities: {
      thinking: { types: { disabled: { supported: true }, enabled: { supported: false } } },
    },
  })
  expect(await client.beta.models.retrieve('claude-fable-5-2')).toMatchObject({
    allowed_fallback_models: expect.arrayContaining(['claude-opus-5-5']),
  })
})

test('why a cache was missed', async () => {
  const mock = openMock()
  const system = 'You help the visitors of a library.'
  const first = await mock.ask({ system, messages, diagnostics: { previous_message_id: null } })
  expect(first.reply.diagnostics).toBeNull()
  const id = first.reply.id
  const later = [...messages, said(first.reply), user('Why?')]
  const reason = async (changes: object, previous = id) => {
    const body = { system, messages: later, diagnostics: { previous_message_id: previous } }
    return (await mock.ask({ ...body, ...changes })).reply.diagnostics?.cache_miss_reason.type
  }
  expect(await reason({})).toBeUndefined()
  expect(await reason({ model: 'claude-opus-5' })).toBe('model_changed')
  expect(await reason({ system: 'x', messages })).toBe('system_changed')
  expect(await reason({ tools: [{ name: 'a', input_schema: {} }], messages })).toBe('tools_changed')
  expect(await reason({ messages: [user('Why?')] })).toBe('messages_changed')
  expect(await reason({ thinking: { type: 'adaptive' } })).toBe('unavailable')
  expect(await reason({}, 'msg_none')).toBe('previous_message_not_found')
})

test("Claude Code's attribution block is taken out where it comes first and the rest is as it wrote it", async () => {
  const attribution = { type: 'text', text: 'x-anthropic-billing-header: cc_version=2.1.328;' }
  const prompt = { type: 'text', text: 'You write code.', cache_control: { type: 'ephemeral' } }
  const tokens = async (system: object[]) =>
    JSON.parse((await openMock().ask({ system, messages }, [], '/v1/messages/count_tokens')).text)
      .input_tokens
  expect(await tokens([attribution, prompt])).toBe(await tokens([prompt]))
  const ours = { type: 'text', text: 'Be brief.' }
  expect(await tokens([attribution, prompt, ours])).toBeGreaterThan(
    (await tokens([prompt, ours])) + 5,
  )
  expect(await tokens([prompt, attribution])).toBeGreaterThan((await tokens([prompt])) + 5)
})

test('copies that are sent at once all pay the write; one that is sent later reads it', async () => {
  const mock = openMock()
  const text = 'Some standing instruction. '.repeat(300)
  const system = [{ type: 'text', text, cache_control: { type: 'ephemeral' } }]
  await Promise.all([1, 2, 3].map(() => mock.ask({ system, messages })))
  expect(mock.counts()).toMatchObject({ cacheWrites: 3, cacheReadTokens: 0 })
  await mock.ask({ system, messages })
  expect(mock.counts().cacheWrites).toBe(3)
  expect(mock.counts().cacheReadTokens).toBeGreaterThan(500)
})

test('a stream holds what the whole message does: summary, seam, refusal, transformations', async () => {
  const refuses = (_: unknown, model: string) =>
    model === 'claude-fable-5-2' ? ('midway' as const) : undefined
  const running = await startClaude({ seed: 1, refuses })
  open.push(running)
  const client = new Anthropic({ apiKey: 'k', baseURL: running.url, maxRetries: 0 })
  const asked = { max_tokens: 1000, messages: messages as Anthropic.Beta.BetaMessageParam[] }
  const fallen = await client.beta.messages
    .stream({
      ...asked,
      model: 'claude-fable-5-2',
      fallbacks: 'default',
      betas: ['server-side-fallback-2026-07-01', 'thinking-binding-controls-2026-08-01'],
    })
    .finalMessage()
  expect(fallen.content.map((b) => b.type)).toContain('fallback')
  expect(fallen.usage.iterations).toHaveLength(2)
  expect(fallen.input_transformations).toEqual([])
  const summary = await client.beta.messages
    .stream({
      ...asked,
      model: MODEL,
      compaction: { type: 'summarize' },
      betas: ['compact-2026-09-04'],
    })
    .finalMessage()
  expect(summary).toMatchObject({
    stop_reason: 'compaction',
    content: [{ type: 'compaction', signature: expect.any(String) }],
    usage: { iterations: [{ type: 'compaction' }] },
  })
})

test('the thread of the SDK sends only what is new', async () => {
  const { client, claude } = await overLoopback()
  const thread = client.beta.messages.thread({ model: MODEL, max_tokens: 1000, system: 'Be kind.' })
  await thread.send(messages as Anthropic.Beta.BetaMessageParam[])
  await thread.send([{ role: 'user', content: 'And at night?' }])
  expect(claude.counts()).toMatchObject({ threadsBegun: 1, threadsContinued: 1, requests: 2 })
})
