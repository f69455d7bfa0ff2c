/** What may stand in `messages`, and where. */
import { expect, test } from 'vitest'
import { createClaude } from '../../../eval/claude/claude.ts'
import { askAt, openMock, said, user } from './asking.ts'

const question = user('Why do the tides rise and fall?')
const answer = { role: 'assistant', content: 'The moon.' }
const more = user('And the sun?')
const system = (content: unknown = 'The visitor stands in room 3.', more: object = {}) => ({
  role: 'system',
  content,
  ...more,
})
const called = {
  role: 'assistant',
  content: [{ type: 'tool_use', id: 't1', name: 'lookup', input: {} }],
}
const told = user([{ type: 'tool_result', tool_use_id: 't1', content: 'Found.' }])
const searched = {
  role: 'assistant',
  content: [{ type: 'web_search_tool_result', tool_use_id: 's1', content: [] }],
}

test.each<[string, object[], 200 | 400]>([
  ['last, behind the user', [question, system()], 200],
  ['behind the user, before an answer', [question, system(), answer, more], 200],
  ['behind a tool result', [question, called, told, system()], 200],
  ['behind a server tool result', [question, searched, system()], 200],
  ['first', [system(), question], 400],
  ['behind an answer', [question, answer, system(), more], 400],
  ['before the user', [question, system(), more], 400],
  ['between a call and its result', [question, called, system(), told], 400],
  ['twice in a row', [question, system(), system()], 400],
  ['without anything', [question, system('')], 400],
])('a system message %s', async (_, messages, status) => {
  expect((await openMock().ask({ messages })).status).toBe(status)
})

test.each([
  ['claude-opus-4-8', 200],
  ['claude-opus-5', 200],
  ['claude-haiku-5-5', 200],
  ['claude-fable-5', 200],
  ['claude-sonnet-5', 400],
  ['claude-opus-4-7', 400],
])('%s and system messages: %i', async (model, status) => {
  const { status: was, error } = await openMock().ask({ model, messages: [question, system()] })
  expect(was).toBe(status)
  if (status === 400)
    expect(error.message).toContain("role 'system' is not supported on this model")
})

const CLEAR = 'mid-conversation-system-clear-at-2026-08-21'
const OUTPUT = 'mid-conversation-output-config-2026-07-01'
const PER_TURN = 'per-turn-control-2026-07-01'
const CHANGES = 'mid-conversation-tool-changes-2026-07-01'
const mark = { cache_control: { type: 'ephemeral' } }

test.each<[string, object, string[], 200 | 400]>([
  ['clear_at without its beta', system('Now.', { clear_at: 'next_user_message' }), [], 400],
  ['clear_at', system('Now.', { clear_at: 'next_user_message' }), [CLEAR], 200],
  [
    'clear_at with a mark',
    system([{ type: 'text', text: 'Now.', ...mark }], { clear_at: 'next_user_message' }),
    [CLEAR],
    400,
  ],
  ['effort without its beta', { role: 'system', output_config: { effort: 'low' } }, [], 400],
  ['effort alone', { role: 'system', output_config: { effort: 'low' } }, [OUTPUT], 200],
  ['effort, as Claude Code', { role: 'system', output_config: { effort: 'low' } }, [PER_TURN], 200],
  [
    'a tool taken away',
    system([{ type: 'tool_removal', tool: { type: 'tool_reference', name: 'a' } }]),
    [CHANGES],
    200,
  ],
  ['a tool taken away, without its beta', system([{ type: 'tool_removal', tool: {} }]), [], 400],
  ['an image', system([{ type: 'image', source: {} }]), [], 400],
])('a system message with %s', async (_, message, betas, status) => {
  expect((await openMock().ask({ messages: [question, message] }, betas)).status).toBe(status)
})

test('a cleared message costs nothing any more, and is still part of what thinking is bound to', async () => {
  const mock = openMock()
  const now = system('The visitor stands in room 3. '.repeat(100), {
    clear_at: 'next_user_message',
  })
  const first = await mock.ask({ messages: [question, now] }, [CLEAR])
  const later = [question, now, said(first.reply), more]
  const second = await mock.ask({ messages: later }, [CLEAR])
  expect(second.status).toBe(200)
  expect(second.reply.usage.input_tokens).toBeLessThan(first.reply.usage.input_tokens)
  const without = later.filter((m) => m !== now)
  expect((await mock.ask({ messages: without }, [CLEAR])).status).toBe(400)
})

test('what a system message demands is followed, and a tool that it adds may be called', async () => {
  const ask = (messages: object[], betas: string[] = []) => openMock().ask({ messages }, betas)
  const block = '<reader_preferences>\n- Use bullet lists.\n</reader_preferences>'
  const plain = await ask([question])
  const listed = await ask([question, system(block)])
  expect(JSON.stringify(listed.reply.content)).not.toBe(JSON.stringify(plain.reply.content))
  const definition = { name: 'lookup', input_schema: { type: 'object' } }
  const added = system([{ type: 'tool_addition', tool: { type: 'tool_definition', definition } }])
  const call = await ask([user('Use the tool.'), added], ['inline-tools-2026-09-15'])
  expect(call.reply.stop_reason).toBe('tool_use')
})

test.each<[string, object[], string]>([
  ['no message', [], 'at least one message'],
  ['an unknown key of a message', [{ ...question, name: 'Ada' }], 'messages.0.name: Extra inputs'],
  ['an unknown block', [user([{ type: 'smell' }])], "Input tag 'smell'"],
  [
    'an unknown key of a block',
    [user([{ type: 'text', text: 'a', size: 1 }])],
    'text.size: Extra inputs',
  ],
  ["a user's thinking", [user([{ type: 'thinking', thinking: '', signature: 's' }])], 'assistant'],
  [
    'a marked thought',
    [
      question,
      { role: 'assistant', content: [{ type: 'thinking', thinking: '', signature: 's', ...mark }] },
      more,
    ],
    'cache_control',
  ],
  ['a marked empty text', [user([{ type: 'text', text: '', ...mark }])], 'empty text'],
  ['a call without a result', [question, called, more], 'without `tool_result`'],
  ['a result without a call', [question, answer, told], 'unexpected `tool_use_id`'],
])('%s is refused', async (_, messages, words) => {
  const { status, error } = await openMock().ask({ messages })
  expect([status, error.type]).toEqual([400, 'invalid_request_error'])
  expect(error.message).toContain(words)
})

test('since API version 2026-10-21 the assistant has no documents and the user no citations', async () => {
  const claude = createClaude({ seed: 1 })
  const document = { type: 'document', source: { type: 'text', data: 'x' } }
  const bodies = [
    [question, { role: 'assistant', content: [document, { type: 'text', text: 'So.' }] }, more],
    [user([{ type: 'text', text: 'Why?', citations: [] }])],
  ]
  for (const messages of bodies) {
    expect((await askAt(claude, { messages })).status).toBe(200)
    expect((await askAt(claude, { messages }, [], '/v1/messages', '2026-10-21')).status).toBe(400)
  }
})

test('more than 100 000 messages are too many', async () => {
  const messages = Array.from({ length: 100_001 }, () => user('a'))
  expect((await openMock().ask({ messages })).status).toBe(400)
})

test('a server tool runs in the answer, and a paused turn is resumed', async () => {
  const mock = openMock({ badDays: { 2: 'pause' } })
  const body = {
    tools: [{ type: 'web_search_20260318', name: 'web_search' }],
    messages: [user('Search the web for tides.')],
  }
  const whole = await mock.ask(body)
  expect(whole.reply.content.map((b) => b.type)).toEqual([
    'thinking',
    'server_tool_use',
    'web_search_tool_result',
    'text',
  ])
  expect(whole.reply.usage.server_tool_use.web_search_requests).toBe(1)
  const paused = await mock.ask(body)
  expect(paused.reply.stop_reason).toBe('pause_turn')
  const resumed = await mock.ask({ ...body, messages: [...body.messages, said(paused.reply)] })
  expect(resumed.reply.stop_reason).toBe('end_turn')
})
