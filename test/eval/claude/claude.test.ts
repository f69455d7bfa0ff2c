import Anthropic from '@anthropic-ai/sdk'
import { afterEach, expect, test } from 'vitest'
import { TOPICS } from '../../../eval/answers/topic-bank.ts'
import { type ClaudeOptions, createClaude, type MockClaude } from '../../../eval/claude/claude.ts'
import { startClaude } from '../../../eval/claude/serve.ts'
import { interceptClaude } from './msw.ts'

const question = TOPICS[0]!.phrasings[0]
const ask = (content = question) => ({
  model: 'claude-sonnet-5-5',
  max_tokens: 1024,
  messages: [{ role: 'user' as const, content }],
})
const textOf = ({ content }: Anthropic.Message): string =>
  content.flatMap((b) => (b.type === 'text' ? [b.text] : [])).join('')
const kindsOf = ({ content }: Anthropic.Message): string[] => content.map((b) => b.type)
const sdk = (baseURL: string) => new Anthropic({ apiKey: 'test-key', baseURL, maxRetries: 0 })

const open: { close(): void | Promise<void> }[] = []
afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
})

const overLoopback = async (options: ClaudeOptions) => {
  const running = await startClaude({ ...options, port: 0 })
  open.push(running)
  return { client: sdk(running.url), claude: running.claude }
}
const overMsw = async (options: ClaudeOptions) => {
  const claude = createClaude(options)
  open.push(interceptClaude(claude))
  return { client: sdk('https://api.anthropic.com'), claude }
}

const transports: [
  string,
  (o: ClaudeOptions) => Promise<{ client: Anthropic; claude: MockClaude }>,
][] = [
  ['a loopback port', overLoopback],
  ['msw', overMsw],
]

test.each(transports)('the SDK reads a whole message over %s', async (_, connect) => {
  const { client, claude } = await connect({ seed: 1 })
  const message = await client.messages.create(ask())
  expect(message).toMatchObject({
    type: 'message',
    role: 'assistant',
    stop_reason: 'end_turn',
    model: 'claude-sonnet-5-5',
  })
  expect(message.id).toMatch(/^msg_/)
  expect(message._request_id).toMatch(/^req_/)
  expect(kindsOf(message)).toEqual(['thinking', 'text'])
  expect(textOf(message).length).toBeGreaterThan(60)
  expect(message.usage.output_tokens).toBeGreaterThan(20)
  expect(claude.counts()).toMatchObject({ requests: 1, outputTokens: message.usage.output_tokens })
})

test.each(transports)('the SDK streams the same text over %s', async (_, connect) => {
  const { client } = await connect({ seed: 1 })
  const whole = await client.messages.create(ask())
  await open.pop()?.close()
  const again = await connect({ seed: 1 })
  const events: string[] = []
  const stream = again.client.messages
    .stream(ask())
    .on('streamEvent', (e) => void events.push(e.type))
  const streamed = await stream.finalMessage()
  expect(textOf(streamed)).toBe(textOf(whole))
  expect(kindsOf(streamed)).toEqual(kindsOf(whole))
  expect(streamed.usage.output_tokens).toBe(whole.usage.output_tokens)
  expect(streamed.stop_reason).toBe('end_turn')
  expect(events.slice(0, 2)).toEqual(['message_start', 'content_block_start'])
  expect(events.slice(-3)).toEqual(['content_block_stop', 'message_delta', 'message_stop'])
  expect(events.filter((e) => e === 'content_block_delta').length).toBeGreaterThan(3)
})

const weather: Anthropic.Tool = {
  name: 'get_weather',
  description: 'Weather of a city',
  input_schema: {
    type: 'object',
    properties: { city: { type: 'string' }, days: { type: 'integer' } },
    required: ['city'],
  },
}

test.each(transports)(
  'a named tool is called, and its result told, over %s',
  async (_, connect) => {
    const { client } = await connect({ seed: 1 })
    const request = ask('Use get_weather to look up 3 days in Lisbon')
    const called = await client.messages.create({ ...request, tools: [weather] })
    expect(called.stop_reason).toBe('tool_use')
    expect(called.content).toMatchObject([
      { type: 'thinking' },
      { type: 'tool_use', name: 'get_weather', input: { city: 'Lisbon', days: 3 } },
    ])
    const streamed = await client.messages.stream({ ...request, tools: [weather] }).finalMessage()
    expect(streamed.content).toMatchObject([
      { type: 'thinking' },
      { type: 'tool_use', input: { city: 'Lisbon', days: 3 } },
    ])
    const use = called.content[1] as Anthropic.ToolUseBlock
    const told = await client.messages.create({
      ...request,
      tools: [weather],
      messages: [
        ...request.messages,
        { role: 'assistant', content: called.content },
        {
          role: 'user',
          content: [{ type: 'tool_result', tool_use_id: use.id, content: 'sunny, 24 degrees' }],
        },
      ],
    })
    expect(textOf(told)).toContain('sunny, 24 degrees')
  },
)

test('tools that nobody asks for are left alone', async () => {
  const { client } = await overMsw({ seed: 1 })
  const message = await client.messages.create({ ...ask(), tools: [weather] })
  expect(message.stop_reason).toBe('end_turn')
})

test.each(transports)("errors are the SDK's own classes over %s", async (_, connect) => {
  const { client } = await connect({
    seed: 1,
    badDays: { 1: 'overloaded', 2: 'rate-limit' },
  })
  await expect(client.messages.create(ask())).rejects.toMatchObject({ status: 529 })
  await expect(client.messages.create(ask())).rejects.toBeInstanceOf(Anthropic.RateLimitError)
  await expect(client.messages.create({ ...ask(), model: 'gpt' })).rejects.toBeInstanceOf(
    Anthropic.NotFoundError,
  )
  await expect(client.messages.create({ ...ask(), messages: [] })).rejects.toMatchObject({
    status: 400,
    error: {
      type: 'error',
      error: {
        type: 'invalid_request_error',
        message: 'messages: at least one message is required',
      },
    },
  })
})

const post = (claude: MockClaude, body: unknown, headers: Record<string, string> = {}) =>
  claude.request('/v1/messages', {
    method: 'POST',
    headers: { 'anthropic-version': '2023-06-01', 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })

test('a request without a credential is refused with 401', async () => {
  const response = await post(createClaude({ seed: 1 }), ask())
  expect(response.status).toBe(401)
  expect(await response.json()).toMatchObject({
    type: 'error',
    error: { type: 'authentication_error' },
  })
})

test.each([
  ['a missing max_tokens', { ...ask(), max_tokens: undefined }, 'max_tokens: Field required'],
  ['an unknown role', { ...ask(), messages: [{ role: 'robot', content: 'x' }] }, 'messages.0.role'],
  ['something that is no JSON', '{', 'not valid JSON'],
])('%s is answered with 400', async (_, body, problem) => {
  const response = await post(createClaude({ seed: 1 }), body, { 'x-api-key': 'k' })
  expect(response.status).toBe(400)
  const { error } = (await response.json()) as { error: { type: string; message: string } }
  expect(error.type).toBe('invalid_request_error')
  expect(error.message).toContain(problem)
})

const texts = async (client: Anthropic, count: number, content = question) => {
  const messages = await Promise.all(
    Array.from({ length: count }, () => client.messages.create(ask(content))),
  )
  return messages.map(textOf)
}

test('parallel identical requests get different answers, and a new instance repeats them', async () => {
  const first = await texts((await overMsw({ seed: 5 })).client, 6)
  await open.pop()?.close()
  const second = await texts((await overMsw({ seed: 5 })).client, 6)
  await open.pop()?.close()
  const other = await texts((await overMsw({ seed: 6 })).client, 6)
  expect(new Set(first).size).toBe(6)
  expect([...second].sort()).toEqual([...first].sort())
  expect([...other].sort()).not.toEqual([...first].sort())
})

test('traits are known for answers given, and only for those', async () => {
  const { client, claude } = await overMsw({ seed: 5 })
  const [text] = await texts(client, 1)
  expect(claude.traitsOf(text!)?.length).toBeGreaterThanOrEqual(14)
  expect(claude.traitsOf('never said')).toBeUndefined()
})

test('max_tokens cuts the answer, thinking included, and says so; a stop sequence ends it', async () => {
  const { client } = await overMsw({ seed: 5 })
  const cut = await client.messages.create({ ...ask(), max_tokens: 60 })
  expect(cut.stop_reason).toBe('max_tokens')
  expect(kindsOf(cut)).toEqual(['thinking', 'text'])
  expect(cut.usage.output_tokens).toBeLessThanOrEqual(60)
  const thought = await client.messages.create({ ...ask(), max_tokens: 10 })
  expect(kindsOf(thought)).toEqual(['thinking'])
  expect(thought).toMatchObject({
    stop_reason: 'max_tokens',
    usage: { output_tokens: 10, output_tokens_details: { thinking_tokens: 10 } },
  })
  const stopped = await client.messages.create({ ...ask(), stop_sequences: ['.'] })
  expect(stopped).toMatchObject({ stop_reason: 'stop_sequence', stop_sequence: '.' })
})

test('a marked prefix is written to the cache once and read afterwards, whatever follows it', async () => {
  const { client } = await overMsw({ seed: 5 })
  const long = 'Some standing instruction about the house style. '.repeat(300)
  const system = [
    { type: 'text' as const, text: long, cache_control: { type: 'ephemeral' as const } },
  ]
  const first = await client.messages.create({ ...ask(), system })
  const second = await client.messages.create({ ...ask('What are tides?'), system })
  const extended = await client.messages.create({
    ...ask(),
    system: [...system, { type: 'text' as const, text: 'More.' }],
  })
  const changed = await client.messages.create({
    ...ask(),
    system: [{ ...system[0]!, text: `New ${long}` }],
  })
  const size = first.usage.cache_creation_input_tokens!
  expect(size).toBeGreaterThan(1024)
  expect(first.usage.cache_read_input_tokens).toBe(0)
  for (const hit of [second, extended]) {
    expect(hit.usage.cache_read_input_tokens).toBe(size)
    expect(hit.usage.cache_creation_input_tokens).toBe(0)
  }
  expect(changed.usage.cache_read_input_tokens).toBe(0)
})

test('without a mark nothing is cached', async () => {
  const { client } = await overMsw({ seed: 5 })
  const request = { ...ask(), system: 'word '.repeat(3000) }
  await client.messages.create(request)
  const { usage } = await client.messages.create(request)
  expect(usage.cache_read_input_tokens).toBe(0)
})

test('tokens can be counted and models listed', async () => {
  const { client } = await overMsw({ seed: 5 })
  const { input_tokens } = await client.messages.countTokens({
    model: 'claude-sonnet-5-5',
    messages: ask().messages,
  })
  expect(input_tokens).toBeGreaterThan(5)
  const models = await client.models.list()
  expect(models.data.length).toBeGreaterThan(0)
  expect((await client.models.retrieve(models.data[0]!.id)).id).toBe(models.data[0]!.id)
})

test('odd requests are answered: no topic, blocks, images, history, a prefilled answer, other alphabets', async () => {
  const { client } = await overMsw({ seed: 5 })
  const conversations: Anthropic.MessageParam[][] = [
    [{ role: 'user', content: '' }],
    [{ role: 'user', content: 'Schreibe mir ein Gedicht über Ölfarben 🎨' }],
    [{ role: 'user', content: '請解釋潮汐' }],
    [{ role: 'user', content: '$& {subject} ** <x> \n\n```js\n1\n```' }],
    [
      {
        role: 'user',
        content: [
          { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AA==' } },
        ],
      },
    ],
    [
      { role: 'user', content: question },
      { role: 'assistant', content: 'Well.' },
      { role: 'user', content: 'Make it shorter.' },
    ],
    [
      { role: 'user', content: question },
      { role: 'assistant', content: 'To begin with,' },
    ],
  ]
  for (const messages of conversations) {
    const model = 'claude-opus-4-5'
    const message = await client.messages.create({ ...ask(), model, messages })
    expect(textOf(message).length).toBeGreaterThan(10)
  }
})

test.each(transports)(
  'a request that enables thinking gets a signed thought first, and takes it back, over %s',
  async (_, connect) => {
    const { client } = await connect({ seed: 5 })
    const thinking = { type: 'adaptive' as const, display: 'summarized' as const }
    const request = { ...ask(), max_tokens: 4000, thinking }
    const whole = await client.messages.create(request)
    expect(whole.content.map((b) => b.type)).toEqual(['thinking', 'text'])
    const [thought] = whole.content as [Anthropic.ThinkingBlock]
    expect(thought.signature.length).toBeGreaterThan(10)
    expect(thought.thinking.length).toBeGreaterThan(10)
    expect(await client.messages.create(ask())).toMatchObject({ content: [{ thinking: '' }, {}] })
    const streamed = await client.messages.stream(request).finalMessage()
    expect(streamed.content).toMatchObject([
      { type: 'thinking', thinking: thought.thinking, signature: expect.stringMatching(/.{10}/) },
      { type: 'text' },
    ])
    const plain = await client.messages.create({
      ...request,
      model: 'claude-opus-5',
      thinking: { type: 'disabled' },
    })
    expect(kindsOf(plain)).toEqual(['text'])
    const messages = [
      ...request.messages,
      { role: 'assistant' as const, content: whole.content },
      { role: 'user' as const, content: 'And why?' },
    ]
    expect((await client.messages.create({ ...request, messages })).stop_reason).toBe('end_turn')
  },
)

test('images and documents are taken and counted', async () => {
  const { client } = await overMsw({ seed: 5 })
  const document = {
    type: 'document' as const,
    source: { type: 'text' as const, media_type: 'text/plain' as const, data: 'word '.repeat(500) },
  }
  const image = {
    type: 'image' as const,
    source: { type: 'base64' as const, media_type: 'image/png' as const, data: 'AA==' },
  }
  const words = { type: 'text' as const, text: question }
  const tokensOf = async (content: Anthropic.ContentBlockParam[]) => {
    const messages = [{ role: 'user' as const, content }]
    const { usage } = await client.messages.create({ ...ask(), messages })
    const { input_tokens } = await client.messages.countTokens({ model: ask().model, messages })
    expect(usage.input_tokens).toBe(input_tokens)
    return input_tokens
  }
  const plain = await tokensOf([words])
  expect(await tokensOf([image, words])).toBeGreaterThan(plain + 1000)
  expect(await tokensOf([document, words])).toBeGreaterThan(plain + 500)
})
