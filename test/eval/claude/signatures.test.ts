/** Thinking that comes back is checked against the prefix that it was made behind. */
import { expect, test } from 'vitest'
import { readSignature, sign } from '../../../eval/claude/signatures.ts'
import { type Block, converse, MODEL, openMock, QUESTIONS, type Turn, user } from './asking.ts'

const BINDING = 'thinking-binding-controls-2026-08-01'
const system = 'You help the visitors of a library.'
const tools = [{ name: 'lookup', description: 'Of a book', input_schema: { type: 'object' } }]
const next = user('And at night?')

/** Two answered questions under the given fields, then a third with changes. */
const third = async (
  change: (messages: Turn[]) => object,
  fields: object = { system, tools },
  options: Parameters<typeof openMock>[0] = {},
) => {
  const mock = openMock(options)
  const messages = await converse(mock.ask, 2, fields)
  const answered = await mock.ask({ ...fields, ...change(messages) })
  return { ...answered, counts: mock.counts() }
}

const blocks = (turn: Turn): Block[] => turn.content as Block[]
const mark = { cache_control: { type: 'ephemeral' } }
const withoutThinking = (turn: Turn): Turn =>
  typeof turn.content === 'string'
    ? turn
    : { ...turn, content: blocks(turn).filter((b) => b.type !== 'thinking') }

test.each<[string, (messages: Turn[]) => object]>([
  ['a new message', (m) => ({ messages: [...m, next] })],
  [
    'a cache mark on system, and another on a message',
    (m) => ({
      system,
      tools: [{ ...tools[0], ...mark }],
      messages: [...m, user([{ type: 'text', text: 'And at night?', ...mark }])],
    }),
  ],
  [
    'another order of keys',
    (m) => ({
      tools: [{ input_schema: { type: 'object' }, description: 'Of a book', name: 'lookup' }],
      messages: [...m, next],
    }),
  ],
  [
    'other limits, effort, format, tool choice and display',
    (m) => ({
      max_tokens: 900,
      output_config: { effort: 'low', format: { type: 'json_schema', schema: {} } },
      tool_choice: { type: 'none' },
      metadata: { user_id: 'u' },
      thinking: { type: 'adaptive', display: 'summarized' },
      messages: [...m, next],
    }),
  ],
  [
    'thinking left out at the beginning',
    (m) => ({ messages: [m[0], withoutThinking(m[1]!), ...m.slice(2), next] }),
  ],
  [
    'thinking left out at the end',
    (m) => ({ messages: [...m.slice(0, 3), withoutThinking(m[3]!), next] }),
  ],
  [
    'an earlier question as a block of the same words',
    (m) => ({ messages: [user([{ type: 'text', text: QUESTIONS[0] }]), ...m.slice(1), next] }),
  ],
  [
    'all thinking left out',
    (m) => ({ system: 'Other.', messages: [...m.map(withoutThinking), next] }),
  ],
  [
    'a tool that is loaded later, and that nothing refers to',
    (m) => ({
      tools: [...tools, { name: 'rare', input_schema: { type: 'object' }, defer_loading: true }],
      messages: [...m, next],
    }),
  ],
])('goes through with %s', async (_, change) => {
  const { status, counts } = await third(change)
  expect(status).toBe(200)
  expect(counts.refusedPrefixes).toBe(0)
})

const CHANGES: [string, (messages: Turn[]) => object, string][] = [
  ['another system prompt', (m) => ({ system: `${system} `, messages: [...m, next] }), 'system'],
  [
    'a block behind the system prompt',
    (m) => ({
      system: [
        { type: 'text', text: system },
        { type: 'text', text: 'Be brief.' },
      ],
      messages: [...m, next],
    }),
    'system',
  ],
  ['no system prompt', (m) => ({ system: undefined, messages: [...m, next] }), 'system'],
  ['no tools', (m) => ({ tools: undefined, messages: [...m, next] }), 'tools'],
  [
    'an earlier question changed',
    (m) => ({ messages: [user('Why?'), ...m.slice(1), next] }),
    'message',
  ],
  [
    'system as a block of the same words',
    (m) => ({ system: [{ type: 'text', text: system }], messages: [...m, next] }),
    'system',
  ],
  [
    'an earlier answer changed',
    (m) => ({
      messages: [
        m[0],
        { ...m[1], content: [blocks(m[1]!)[0], { type: 'text', text: 'So.' }] },
        ...m.slice(2),
        next,
      ],
    }),
    'message',
  ],
  ['the first turn left out', (m) => ({ messages: [...m.slice(2), next] }), 'message'],
]

test.each(CHANGES)('is refused with %s, and says what differs', async (_, change, differs) => {
  const { status, error, counts } = await third(change)
  expect([status, error.type]).toEqual([400, 'invalid_request_error'])
  expect(error.message).toMatch(/^messages\.\d+\.content\.0: Invalid `signature`/)
  expect(error.message).toContain('bound to a different conversation')
  expect(error.message).toContain(differs)
  expect(counts.refusedPrefixes).toBe(1)
})

test('is refused with a first system prompt where there was none', async () => {
  const { status } = await third((m) => ({ system, messages: [...m, next] }), {})
  expect(status).toBe(400)
})

test('a gap among the thinking blocks, and one put back, are refused', async () => {
  const mock = openMock()
  const messages = await converse(mock.ask, 3)
  const gap = messages.map((m, i) => (i === 3 ? withoutThinking(m) : m))
  expect((await mock.ask({ messages: [...gap, next] })).status).toBe(400)
  const without = openMock()
  const begun = await converse(without.ask, 1)
  const asked = [begun[0]!, withoutThinking(begun[1]!), next]
  const { reply } = await without.ask({ messages: asked })
  const back = [...begun, next, { role: 'assistant', content: reply.content }, next]
  expect((await without.ask({ messages: back })).status).toBe(400)
})

test.each([
  ['claude-fable-5-2', 'old', 400],
  ['claude-mythos-5-2', 'old', 400],
  ['claude-fable-5-1', 'new', 400],
  ['claude-fable-5-1', 'old', 200],
  ['claude-opus-5-5', 'new', 400],
  ['claude-opus-5-5', 'old', 200],
  ['claude-haiku-5-5', 'new', 400],
  ['claude-haiku-5-5', 'old', 200],
  ['claude-opus-5', 'new', 200],
  ['claude-sonnet-5', 'new', 200],
] as const)(
  'another system prompt on %s from an %s account: %i',
  async (model, account, status) => {
    const answered = await third(
      (m) => ({ system: 'x', messages: [...m, next] }),
      { model, system },
      { account },
    )
    expect(answered.status).toBe(status)
  },
)

test('an old account is told what was let pass, where it asks', async () => {
  const mock = openMock({ account: 'old' })
  const messages = await converse(mock.ask, 1, { system })
  const body = { system: 'x', messages: [...messages, next] }
  expect((await mock.ask(body, [BINDING])).reply.input_transformations).toEqual([
    {
      type: 'thinking_mismatch_allowed',
      path: 'messages.1.content.0',
      reason: 'prefix_binding_mismatch',
    },
  ])
  expect((await mock.ask(body)).reply.input_transformations).toBeUndefined()
})

const dropping = {
  thinking: { type: 'adaptive', block_binding: { prefix_mismatch_behavior: 'drop_block' } },
}

test('an app may have the blocks dropped, behind its beta', async () => {
  const mock = openMock()
  const messages = await converse(mock.ask, 2, { system })
  const body = { ...dropping, system: 'x', messages: [...messages, next] }
  expect((await mock.ask(body)).error.message).toContain('block_binding: Extra inputs')
  const { reply } = await mock.ask(body, [BINDING])
  expect(reply.input_transformations).toHaveLength(2)
  expect(reply.input_transformations).toContainEqual({
    type: 'thinking_dropped',
    path: 'messages.3.content.0',
    reason: 'prefix_binding_mismatch',
  })
  expect(mock.counts()).toMatchObject({ droppedForPrefix: 2, refusedPrefixes: 0 })
  const whole = await mock.ask({ ...dropping, system, messages: [...messages, next] }, [BINDING])
  expect(whole.reply.input_transformations).toEqual([])
  expect(whole.reply.usage.input_tokens).toBeGreaterThan(reply.usage.input_tokens)
})

test('a block of another model is dropped without an error; one that nobody signed is refused', async () => {
  const mock = openMock()
  const messages = await converse(mock.ask, 1)
  const other = await mock.ask({ model: 'claude-opus-5-5', messages: [...messages, next] }, [
    BINDING,
  ])
  expect(other.reply.input_transformations).toMatchObject([{ reason: 'model_binding_mismatch' }])
  expect(mock.counts()).toMatchObject({ droppedThinking: 1, droppedForPrefix: 0 })
  const foreign = { type: 'thinking', thinking: '', signature: 'c29tZXRoaW5n' }
  const { status, error } = await mock.ask({
    messages: [messages[0], { role: 'assistant', content: [foreign] }, next],
  })
  expect(status).toBe(400)
  expect(error.message).not.toContain('different conversation')
})

test('count_tokens checks too', async () => {
  const mock = openMock()
  const messages = await converse(mock.ask, 1, { system })
  const path = '/v1/messages/count_tokens'
  expect((await mock.ask({ system, messages }, [], path)).status).toBe(200)
  expect((await mock.ask({ system: 'x', messages }, [], path)).status).toBe(400)
  expect(mock.counts()).toMatchObject({ requests: 1, refusedPrefixes: 1 })
})

test('redacted thinking is bound as well, and tool turns are one conversation', async () => {
  const mock = openMock()
  const first = user('Use the tool. ANTHROPIC_MAGIC_STRING_TRIGGER_REDACTED_THINKING')
  const { reply } = await mock.ask({ system, tools, messages: [first] })
  expect(reply.content.map((b) => b.type)).toEqual(['redacted_thinking', 'tool_use'])
  const result = { type: 'tool_result', tool_use_id: reply.content[1]!['id'], content: 'Found.' }
  const messages = [first, { role: 'assistant', content: reply.content }, user([result])]
  const told = await mock.ask({ system, tools, messages })
  expect(told.status).toBe(200)
  const further = [...messages, { role: 'assistant', content: told.reply.content }, next]
  expect((await mock.ask({ system, tools, messages: further })).status).toBe(200)
  expect((await mock.ask({ system: 'x', tools, messages: further })).status).toBe(400)
})

test('an answer that was cut in thinking, and an answer sent back in two messages, stay valid', async () => {
  const mock = openMock()
  const asked = [user(QUESTIONS[0])]
  const { reply } = await mock.ask({ max_tokens: 5, messages: asked })
  const cut = [...asked, { role: 'assistant', content: reply.content }, next]
  const second = await mock.ask({ messages: cut })
  expect(second.status).toBe(200)
  const dropped = [
    ...asked,
    next,
    { role: 'assistant', content: second.reply.content.slice(1) },
    next,
  ]
  expect((await mock.ask({ messages: dropped })).status).toBe(200)
  const [thought, text] = second.reply.content
  const halves = [[thought], [text]].map((content) => ({ role: 'assistant', content }))
  expect((await mock.ask({ messages: [...cut, ...halves, next] })).status).toBe(200)
})

test('a signature is read only as it was made', () => {
  const signed = { id: 'a', previous: '', bound: 'b', system: 's', tools: 't', model: MODEL }
  const signature = sign(signed)
  expect(readSignature({ type: 'thinking', signature })).toEqual(signed)
  expect(readSignature({ type: 'thinking', signature: `${signature}x` })).toBeUndefined()
})
