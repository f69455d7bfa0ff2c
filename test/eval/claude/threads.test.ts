/**
 * Message threads: kept for five minutes, continued once, under the fields that they began with.
 */
import { expect, test } from 'vitest'
import { openMock, said, user } from './asking.ts'

const BETAS = ['message-threads-2026-08-12']
const system = 'You help the visitors of a library.'
const MINUTE = 60_000
const create = { thread: { type: 'create' } }
const next = [user('And at night?')]
const goOn = (id: string) => ({ thread: { type: 'continue', previous_message_id: id } })

const begun = async (fields: object = {}, options: Parameters<typeof openMock>[0] = {}) => {
  let now = 0
  const mock = openMock({ clock: () => now, ...options })
  const ask = (body: object) => mock.ask(body, BETAS)
  const messages = [user('Why do the tides rise and fall?')]
  const first = await ask({ system, messages, ...create, ...fields })
  const pass = (ms: number) => {
    now += ms
  }
  return { ...mock, ask, pass, messages, first, id: first.reply.id }
}

test('a continued thread knows what was said, and its thinking stays valid in a replay', async () => {
  const { ask, id, first, messages, counts } = await begun()
  const second = await ask({ messages: next, ...goOn(id) })
  expect(second.status).toBe(200)
  const third = await ask({ messages: [user('Why?')], ...goOn(second.reply.id) })
  expect(third.reply.usage.input_tokens).toBeGreaterThan(second.reply.usage.input_tokens)
  const replay = [...messages, said(first.reply), ...next, said(second.reply), user('Why?')]
  expect((await ask({ system, messages: replay, ...create })).status).toBe(200)
  expect((await ask({ system: 'x', messages: replay, ...create })).status).toBe(400)
  expect(counts()).toMatchObject({ threadsBegun: 2, threadsContinued: 2 })
})

const attribution = { type: 'text', text: 'x-anthropic-billing-header: cc_version=2.1.328;' }

test.each<[string, object, string[]]>([
  ['system', { system }, ['system']],
  ['tools', { tools: [] }, ['tools']],
  ['another model', { model: 'claude-opus-5-5' }, ['model']],
  [
    'other settings',
    {
      output_config: { effort: 'low' },
      tool_choice: { type: 'auto' },
      thinking: { type: 'adaptive' },
    },
    ['output_config', 'tool_choice', 'thinking'],
  ],
])('%s on continue is a mismatch that is named', async (_, fields, named) => {
  const { ask, id } = await begun()
  const { status, error } = await ask({ messages: next, ...goOn(id), ...fields })
  expect([status, error.details]).toEqual([
    400,
    { error_code: 'thread_fingerprint_mismatch', fields: named },
  ])
})

test("Claude Code's attribution block alone may stand in system", async () => {
  const { ask, id } = await begun()
  const body = { messages: next, ...goOn(id) }
  const both = [attribution, { type: 'text', text: 'Be brief.' }]
  expect((await ask({ ...body, system: both })).error.details?.error_code).toBe(
    'thread_fingerprint_mismatch',
  )
  expect((await ask({ ...body, system: [attribution] })).status).toBe(200)
})

test('an answer can be continued once, and not twice at the same time', async () => {
  const { ask, id } = await begun()
  const body = { messages: next, ...goOn(id) }
  const both = await Promise.all([ask(body), ask(body)])
  expect(both.map((b) => b.error?.details?.error_code ?? 'ok')).toEqual([
    'ok',
    'thread_continue_in_flight',
  ])
  expect((await ask(body)).error.details?.error_code).toBe('thread_already_continued')
})

test('a continuation that failed may be sent again', async () => {
  const { ask, id } = await begun()
  expect((await ask({ messages: [user([{ type: 'smell' }])], ...goOn(id) })).status).toBe(400)
  expect((await ask({ messages: next, ...goOn(id) })).status).toBe(200)
})

test('a thread is there five minutes after its last use', async () => {
  const { ask, id, pass } = await begun()
  pass(5 * MINUTE)
  const { reply } = await ask({ messages: next, ...goOn(id) })
  pass(5 * MINUTE + 1)
  const { status, error } = await ask({ messages: next, ...goOn(reply.id) })
  expect([status, error.type, error.details?.error_code]).toEqual([
    404,
    'not_found_error',
    'thread_not_found',
  ])
})

const marked = { type: 'text', text: 'x', cache_control: { type: 'ephemeral' } }

test.each<[string, object]>([
  ['cache_control', { messages: [user([marked, marked, marked, marked])], system: [marked] }],
  [
    'thinking',
    {
      model: 'claude-sonnet-4-6',
      thinking: { type: 'enabled', budget_tokens: 1024 },
      max_tokens: 2000,
    },
  ],
])('%s cannot be combined with a thread', async (what, fields) => {
  const { first } = await begun(fields)
  expect(first.status).toBe(400)
  if (what !== 'cache_control') expect(first.error.details).toMatchObject({ unsupported: [what] })
})

test('context management and named fallbacks cannot be combined with a thread', async () => {
  const mock = openMock()
  const messages = [user('Why?')]
  const betas = [...BETAS, 'context-management-2025-06-27', 'server-side-fallback-2026-06-01']
  const edits = [{ type: 'clear_thinking_20251015' }]
  const one = await mock.ask({ messages, ...create, context_management: { edits } }, betas)
  const fallbacks = [{ model: 'claude-sonnet-5' }]
  const two = await mock.ask({ messages, ...create, fallbacks }, betas)
  expect([one, two].map((a) => a.error.details)).toEqual([
    { error_code: 'thread_unsupported_request', unsupported: ['context_management'] },
    { error_code: 'thread_unsupported_request', unsupported: ['fallbacks'] },
  ])
})

test('nothing is sent only where a turn was paused; a refusal is not kept', async () => {
  const { ask, id } = await begun()
  expect((await ask({ messages: [], ...goOn(id) })).status).toBe(400)
  const refused = await begun({}, { refuses: () => 'midway' })
  expect(refused.first.reply.stop_reason).toBe('refusal')
  const after = await refused.ask({ messages: next, ...goOn(refused.id) })
  expect(after.error.details?.error_code).toBe('thread_not_found')
  const tools = [{ type: 'web_search_20260318', name: 'web_search' }]
  const paused = await begun(
    { tools, messages: [user('Search the web.')] },
    { badDays: { 1: 'pause' } },
  )
  expect((await paused.ask({ messages: [], ...goOn(paused.id) })).reply.stop_reason).toBe(
    'end_turn',
  )
})

test('a model from before 4.5 has no threads', async () => {
  const { first } = await begun({ model: 'claude-opus-4-1' })
  expect(first.status).toBe(400)
})
