/** What each model, beta and API version refuses of a request's own fields. */
import { expect, test } from 'vitest'
import { createClaude } from '../../../eval/claude/claude.ts'
import { askAt, openMock, user } from './asking.ts'

const messages = [user('Why do the tides rise and fall?')]
const tools = [{ name: 'lookup', input_schema: { type: 'object' } }]
const forced = { tools, tool_choice: { type: 'any' } }
const disabled = { thinking: { type: 'disabled' } }
const budget = { thinking: { type: 'enabled', budget_tokens: 1024 }, max_tokens: 2000 }
const adaptive = { thinking: { type: 'adaptive' } }
const prefill = { messages: [...messages, { role: 'assistant', content: 'Because' }] }

const BY_MODEL: Record<string, [object, 200 | 400, string?][]> = {
  'claude-fable-5-2': [
    [disabled, 400, 'disabled'],
    [budget, 400, 'budget_tokens'],
    [forced, 400, 'tool_choice'],
    [prefill, 400, 'prefill'],
    [{ temperature: 1 }, 200],
    [{ temperature: 0.5 }, 400, 'temperature'],
    [{ top_k: 5 }, 400, 'top_k'],
  ],
  'claude-mythos-5-1': [
    [disabled, 400],
    [forced, 400],
  ],
  'claude-fable-5': [
    [disabled, 400],
    [forced, 400],
  ],
  'claude-opus-5-5': [
    [disabled, 400],
    [forced, 400],
    [adaptive, 200],
    [{ thinking: { type: 'between_tools' } }, 400],
  ],
  'claude-sonnet-5-5': [
    [disabled, 400],
    [{ thinking: { type: 'between_tools' } }, 200],
    [forced, 400],
    [budget, 400],
    [{ top_p: 0.9 }, 400, 'top_p'],
  ],
  'claude-haiku-5-5': [
    [disabled, 200],
    [forced, 200],
    [{ ...forced, ...adaptive }, 400, 'tool_choice'],
    [{ top_p: 0.99 }, 200],
    [{ top_p: 1 }, 400, 'top_p'],
    [{ top_p: 0.99, temperature: 1 }, 400, 'both'],
  ],
  'claude-opus-5': [
    [disabled, 200],
    [{ ...disabled, output_config: { effort: 'xhigh' } }, 400, 'xhigh'],
    [{ ...disabled, output_config: { effort: 'high' } }, 200],
    [forced, 200],
  ],
  'claude-opus-4-7': [
    [budget, 400],
    [{ temperature: 0 }, 400],
    [prefill, 400],
  ],
  'claude-sonnet-4-6': [
    [budget, 200],
    [{ temperature: 0 }, 200],
    [prefill, 400],
    [forced, 200],
  ],
  'claude-opus-4-5': [
    [prefill, 200],
    [adaptive, 400],
    [{ inference_geo: 'us' }, 400, 'inference_geo'],
  ],
  'claude-3-5-haiku-20241022': [
    [prefill, 200],
    [{ temperature: 0 }, 200],
  ],
}

const CASES = Object.entries(BY_MODEL).flatMap(([model, cases]) =>
  cases.map(([body, status, word]) => ({
    model,
    body,
    status,
    word,
    text: JSON.stringify(body).slice(0, 60),
  })),
)

test.each(CASES)('$model with $text: $status', async ({ model, body, status, word }) => {
  const answered = await openMock().ask({ model, messages, ...body })
  expect(answered.status).toBe(status)
  if (word) expect(answered.error.message).toContain(word)
})

test.each([
  ['claude-fable-5-1', {}, ['thinking', 'text']],
  ['claude-opus-5', {}, ['thinking', 'text']],
  ['claude-sonnet-4-6', {}, ['text']],
  ['claude-sonnet-4-6', adaptive, ['thinking', 'text']],
  ['claude-opus-5', { ...forced }, ['tool_use']],
  ['claude-haiku-5-5', disabled, ['text']],
])('%s thinks as it does unless asked, with %j', async (model, body, kinds) => {
  const { reply } = await openMock().ask({ model, messages, ...body })
  expect(reply.content.map((b) => b.type)).toEqual(kinds)
  const { thinking_tokens: thought } = reply.usage.output_tokens_details
  expect(thought > 0).toBe(kinds.includes('thinking'))
  expect(reply.usage.output_tokens).toBeGreaterThan(thought)
})

test('since API version 2026-10-21 there are no sampling fields', async () => {
  const claude = createClaude({ seed: 1 })
  const body = { model: 'claude-sonnet-4-6', messages, temperature: 1 }
  const { status, error } = await askAt(claude, body, [], '/v1/messages', '2026-10-21')
  expect(status).toBe(400)
  expect(error.message).toBe('temperature: Extra inputs are not permitted')
  expect((await askAt(claude, body)).status).toBe(200)
  expect((await askAt(claude, { messages }, [], '/v1/messages', '2027-01-01')).status).toBe(400)
})

test.each([
  ['fields that it does not know', { colour: 'red' }, null],
  ['thread', { thread: { type: 'create' } }, 'message-threads-2026-08-12'],
  ['compaction', { compaction: { type: 'summarize' } }, 'compact-2026-09-04'],
  ['context_management', { context_management: { edits: [] } }, 'context-management-2025-06-27'],
  ['fallbacks', { fallbacks: 'default' }, 'server-side-fallback-2026-07-01'],
  ['speed', { speed: 'fast', model: 'claude-opus-4-8' }, 'fast-mode-2026-02-01'],
])('%s are extra inputs without their beta', async (_, body, beta) => {
  const mock = openMock()
  const { status, error } = await mock.ask({ messages, ...body })
  expect([status, error.message]).toEqual([
    400,
    expect.stringContaining('Extra inputs are not permitted'),
  ])
  if (beta) expect((await mock.ask({ messages, ...body }, [beta])).status).toBe(200)
})

test('something that is no beta is refused', async () => {
  const { error } = await openMock().ask({ messages }, ['fast'])
  expect(error.message).toContain('anthropic-beta')
})

test('max_tokens 0 fills the cache, says nothing and cannot be streamed', async () => {
  const mock = openMock()
  const { reply } = await mock.ask({ messages, max_tokens: 0 })
  expect(reply).toMatchObject({
    content: [],
    stop_reason: 'max_tokens',
    usage: { output_tokens: 0 },
  })
  expect((await mock.ask({ messages, max_tokens: 0, stream: true })).status).toBe(400)
})

test('fast mode and geography are told in usage', async () => {
  const beta = ['fast-mode-2026-02-01']
  const body = { messages, model: 'claude-opus-5-5', speed: 'fast', inference_geo: 'us' }
  const { reply } = await openMock().ask(body, beta)
  expect(reply.usage).toMatchObject({
    speed: 'fast',
    inference_geo: 'us',
    service_tier: 'standard',
  })
  const slow = await openMock().ask({ messages, speed: 'fast' }, beta)
  expect(slow.status).toBe(400)
})

test('a schema is answered with JSON that has its keys', async () => {
  const schema = {
    type: 'object',
    properties: { cause: { type: 'string' }, parts: { type: 'integer' } },
  }
  const { reply } = await openMock().ask({
    messages,
    output_config: { format: { type: 'json_schema', schema } },
  })
  const text = reply.content.at(-1)?.['text'] as string
  expect(Object.keys(JSON.parse(text))).toEqual(['cause', 'parts'])
})
