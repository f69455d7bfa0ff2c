/** Summaries in place of a conversation, and what a long conversation has cleared. */
import { expect, test } from 'vitest'
import { type Block, converse, openMock, said, type Turn, user } from './asking.ts'

const ON_DEMAND = ['compact-2026-09-04']
const THRESHOLD = ['compact-2026-01-12', 'context-management-2025-06-27']
const system = 'You help the visitors of a library.'
const tools = [{ name: 'lookup', input_schema: { type: 'object' } }]
const next = user('And at night?')
const compaction = { type: 'summarize' }

const compacted = async () => {
  const mock = openMock()
  const ask = (body: object) => mock.ask(body, ON_DEMAND)
  const messages = await converse(ask, 3, { system, tools })
  const { reply } = await ask({ system, tools, messages, compaction })
  return { ...mock, ask, bare: mock.ask, messages, reply, summary: said(reply) }
}

test('a summary is one signed block, and its cost stands in the iterations', async () => {
  const { reply, counts } = await compacted()
  expect(reply).toMatchObject({
    stop_reason: 'compaction',
    content: [{ type: 'compaction', content: expect.stringContaining('tides'), tool_changes: [] }],
    usage: { input_tokens: 0, output_tokens: 0 },
  })
  const [cost] = reply.usage.iterations
  expect(cost).toMatchObject({ type: 'compaction' })
  expect(cost.input_tokens).toBeGreaterThan(100)
  expect(counts().summaries).toBe(1)
})

test('in place of the conversation it goes on, with turns kept or without', async () => {
  const { ask, messages, summary } = await compacted()
  for (const kept of [[], messages.slice(-2), messages.slice(-4)]) {
    const { status, reply } = await ask({ system, tools, messages: [summary, ...kept, next] })
    expect(status).toBe(200)
    const further = [summary, ...kept, next, said(reply), user('Why?')]
    expect((await ask({ system, tools, messages: further })).status).toBe(200)
    expect((await ask({ system: 'x', tools, messages: further })).status).toBe(400)
  }
})

test.each<[string, (kept: Turn[]) => object]>([
  ['another system prompt', (kept) => ({ system: 'x', messages: kept })],
  ['other tools', (kept) => ({ tools: undefined, messages: kept })],
  ['a turn that was changed', (kept) => ({ messages: [user('What?'), ...kept.slice(1)] })],
])('turns that were kept are not valid under %s', async (_, change) => {
  const { ask, messages, summary } = await compacted()
  const body = { system, tools, ...change(messages.slice(-2)) } as unknown as { messages: Turn[] }
  const { status, error } = await ask({ ...body, messages: [summary, ...body.messages, next] })
  expect(status).toBe(400)
  expect(error.message).toContain('different conversation')
})

test('a second summary vouches for what the first one did', async () => {
  const { ask, messages, summary } = await compacted()
  const whole = [summary, ...messages.slice(-2), next]
  const { reply } = await ask({ system, tools, messages: whole })
  const again = await ask({ system, tools, messages: [...whole, said(reply)], compaction })
  const kept = [said(again.reply), ...messages.slice(-2), next, said(reply), user('Why?')]
  expect((await ask({ system, tools, messages: kept })).status).toBe(200)
})

test.each<[string, (block: Block, rest: Turn) => Turn[], string]>([
  ['not first', (b, rest) => [next, { role: 'assistant', content: [b] }, rest], 'block_misplaced'],
  ['twice', (b, rest) => [{ role: 'assistant', content: [b, b] }, rest], 'block_ambiguous'],
  [
    'with a signature of nobody',
    (b, rest) => [{ role: 'assistant', content: [{ ...b, signature: 'x' }] }, rest],
    'signature_invalid',
  ],
  [
    'with other words',
    (b, rest) => [{ role: 'assistant', content: [{ ...b, content: 'So.' }] }, rest],
    'content_mismatch',
  ],
  [
    'with other changes of tools',
    (b, rest) => [
      { role: 'assistant', content: [{ ...b, tool_changes: [{ type: 'tool_removal' }] }] },
      rest,
    ],
    'tool_changes_mismatch',
  ],
])('a summary that comes back %s is refused', async (_, messages, code) => {
  const { ask, reply } = await compacted()
  const { status, error } = await ask({
    system,
    tools,
    messages: messages(reply.content[0]!, next),
  })
  expect([status, error.details?.error_code]).toEqual([400, `compaction_${code}`])
})

test.each<[string, object]>([
  ['stop_sequences', { stop_sequences: ['.'] }],
  ['a format', { output_config: { format: { type: 'json_schema', schema: {} } } }],
  ['a forced tool', { model: 'claude-opus-4-8', tool_choice: { type: 'any' } }],
])('%s cannot be combined with a summary', async (_, fields) => {
  const mock = openMock()
  const body = { tools, messages: [next], compaction, ...fields }
  expect((await mock.ask(body, ON_DEMAND)).status).toBe(400)
})

test('there is nothing to summarize in a summary, nor while a call is open', async () => {
  const { ask, summary } = await compacted()
  const empty = await ask({ system, tools, messages: [summary], compaction })
  expect(empty.error.details?.error_code).toBe('compaction_nothing_to_summarize')
  const call = { type: 'tool_use', id: 't', name: 'lookup', input: {} }
  const open = [next, { role: 'assistant', content: [call] }]
  const incomplete = await ask({ tools, messages: open, compaction })
  expect(incomplete.error.details?.error_code).toBe('compaction_incomplete_turn')
  const unavailable = await openMock({ badDays: { 1: 'no-compaction' } }).ask({ messages: [next] })
  expect([unavailable.status, unavailable.error.details?.error_code]).toEqual([
    529,
    'compaction_unavailable',
  ])
})

test('a carried block needs its beta, and counting takes no notice of a summary that is asked for', async () => {
  const { bare, summary, messages } = await compacted()
  expect((await bare({ system, tools, messages: [summary, next] })).status).toBe(400)
  const count = async (body: object) =>
    (await bare({ system, tools, messages, ...body }, ON_DEMAND, '/v1/messages/count_tokens')).text
  expect(await count({ compaction })).toBe(await count({}))
})

const edits = [{ type: 'compact_20260112', trigger: { type: 'input_tokens', value: 200 } }]

test('a long conversation is summarized in the answer, at a cost of its own, and may lose its beginning', async () => {
  const mock = openMock()
  const ask = (body: object) => mock.ask(body, THRESHOLD)
  const messages = await converse(ask, 2, { system })
  const managed = { system, context_management: { edits } }
  const { reply } = await ask({ ...managed, messages: [...messages, next] })
  expect(reply.content.map((b) => b.type)).toEqual(['compaction', 'thinking', 'text'])
  const [cost, own] = reply.usage.iterations
  expect([cost.type, own.type]).toEqual(['compaction', 'message'])
  expect(own.input_tokens).toBe(reply.usage.input_tokens)
  for (const before of [[...messages, next], []]) {
    const later = [...before, said(reply), user('Why?')]
    const { status, reply: after } = await ask({ ...managed, messages: later })
    expect(status).toBe(200)
    expect(after.usage.input_tokens).toBeLessThan(cost.input_tokens)
  }
  const paused = [{ ...edits[0], pause_after_compaction: true }]
  const body = { system, messages: [...messages, next], context_management: { edits: paused } }
  expect((await ask(body)).reply.stop_reason).toBe('compaction')
})

test('clearing changes what is counted, not what thinking is bound to', async () => {
  const mock = openMock()
  const ask = (body: object) => mock.ask(body, THRESHOLD)
  const messages: Turn[] = []
  for (let i = 0; i < 3; i++) {
    messages.push(user('Use the tool.'))
    const { reply } = await ask({ tools, messages })
    const use = reply.content.find((b) => b.type === 'tool_use')!
    const result = { type: 'tool_result', tool_use_id: use['id'], content: 'Found it. '.repeat(50) }
    messages.push(said(reply), user([result]))
    messages.push(said((await ask({ tools, messages })).reply))
  }
  const clear = [
    {
      type: 'clear_tool_uses_20250919',
      keep: { type: 'tool_uses', value: 1 },
      trigger: { type: 'input_tokens', value: 100 },
    },
    { type: 'clear_thinking_20251015', keep: { type: 'thinking_turns', value: 2 } },
  ]
  const body = { tools, messages: [...messages, next] }
  const plain = await ask(body)
  const cleared = await ask({ ...body, context_management: { edits: clear } })
  expect(cleared.status).toBe(200)
  expect((cleared.reply as unknown as { context_management: object }).context_management).toEqual({
    applied_edits: [
      { type: clear[0]!.type, cleared_tool_uses: 2, cleared_input_tokens: expect.any(Number) },
      { type: clear[1]!.type, cleared_thinking_turns: 4, cleared_input_tokens: expect.any(Number) },
    ],
  })
  expect(cleared.reply.usage.input_tokens).toBeLessThan(plain.reply.usage.input_tokens - 100)
  const later = [...messages, next, said(cleared.reply), user('Why?')]
  expect((await ask({ tools, messages: later })).status).toBe(200)
})
