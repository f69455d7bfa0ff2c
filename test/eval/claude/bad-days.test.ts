import Anthropic from '@anthropic-ai/sdk'
import { afterEach, expect, test } from 'vitest'
import {
  BAD_DAY_NAMES,
  BAD_DAYS,
  type BadDayName,
  badDayAt,
} from '../../../eval/claude/bad-days.ts'
import { createClaude } from '../../../eval/claude/claude.ts'
import { startClaude } from '../../../eval/claude/serve.ts'
import { addBadDay } from '../../../eval/commands/claude.ts'
import { interceptClaude } from './msw.ts'

const request = {
  model: 'claude-sonnet-5-5',
  max_tokens: 20_000,
  messages: [{ role: 'user' as const, content: 'Why do the tides rise and fall?' }],
}

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
})

/**
 * The first request is on the given day, the next ones are not. Waits are remembered, not waited.
 */
const claudeOn = async (day: BadDayName) => {
  const waits: number[] = []
  const sleep = async (ms: number) => void waits.push(ms)
  const running = await startClaude({ seed: 1, badDays: { 1: day }, sleep })
  open.push(running)
  const client = new Anthropic({
    apiKey: 'k',
    baseURL: running.url,
    maxRetries: 0,
    logLevel: 'off',
  })
  const post = (body: object) =>
    fetch(`${running.url}/v1/messages`, {
      method: 'POST',
      headers: { 'x-api-key': 'k', 'anthropic-version': '2023-06-01' },
      body: JSON.stringify(body),
    })
  return { client, post, waits, claude: running.claude, url: running.url }
}

const streamed = async (client: Anthropic) => {
  let text = ''
  const stream = client.messages.stream(request)
  stream.on('text', (piece) => {
    text += piece
  })
  return stream.finalMessage().then(
    (message) => ({ message, error: undefined, text }),
    (error: Error) => ({ message: undefined, error, text }),
  )
}

const failures: [BadDayName, number, unknown, Record<string, string | null>][] = [
  ['rate-limit', 429, Anthropic.RateLimitError, { 'retry-after': '1' }],
  ['rate-limit-ms', 429, Anthropic.RateLimitError, { 'retry-after-ms': '200' }],
  ['overloaded', 529, Anthropic.InternalServerError, { 'retry-after': null }],
  ['server-error', 500, Anthropic.InternalServerError, {}],
  ['gateway', 502, Anthropic.InternalServerError, { 'content-type': 'text/html' }],
]

test.each(failures)(
  'on the day "%s" request and stream are refused with %i',
  async (day, status, errorClass, headers) => {
    for (const stream of [false, true]) {
      const { client, post, claude } = await claudeOn(day)
      const response = await post({ ...request, stream })
      expect(response.status).toBe(status)
      for (const [name, value] of Object.entries(headers))
        expect(response.headers.get(name)).toBe(value)
      expect(claude.counts().requests).toBe(0)
      expect((await client.messages.create(request)).stop_reason).toBe('end_turn')
    }
    const { client } = await claudeOn(day)
    await expect(client.messages.create(request)).rejects.toBeInstanceOf(errorClass)
  },
)

test('the SDK waits as long as retry-after-ms says and then gets its answer', async () => {
  const { url } = await claudeOn('rate-limit-ms')
  const client = new Anthropic({ apiKey: 'k', baseURL: url, maxRetries: 1 })
  expect((await client.messages.create(request)).stop_reason).toBe('end_turn')
})

test('on a slow day there is a wait before each event, and the answer is whole', async () => {
  const { client, waits } = await claudeOn('slow')
  const { message } = await streamed(client)
  expect(message?.stop_reason).toBe('end_turn')
  expect(waits.length).toBeGreaterThan(6)
  const whole = await claudeOn('slow')
  expect((await whole.client.messages.create(request)).stop_reason).toBe('end_turn')
  expect(whole.waits).toHaveLength(2)
})

test('a cut connection ends a stream without message_stop, and a whole answer without its end', async () => {
  const { client, claude } = await claudeOn('cut')
  const { error, text } = await streamed(client)
  expect(error).toBeInstanceOf(Anthropic.AnthropicError)
  expect(text.length).toBeGreaterThan(10)
  expect(claude.counts().requests).toBe(1)
  const again = await claudeOn('cut')
  const response = await again.post({ ...request, stream: true })
  const decoder = new TextDecoder()
  let seen = ''
  const reading = (async () => {
    for await (const chunk of response.body!) seen += decoder.decode(chunk, { stream: true })
  })()
  await expect(reading).rejects.toThrow()
  expect(seen).toContain('message_start')
  expect(seen).not.toContain('message_stop')
  const whole = await claudeOn('cut')
  await expect(whole.post(request).then((r) => r.json())).rejects.toThrow()
})

test('in this process a cut connection is an error of the body, and a taken port is said to be taken', async () => {
  const claude = createClaude({ seed: 1, badDays: { 1: 'cut' } })
  open.push({ close: async () => intercepted.close() })
  const intercepted = interceptClaude(claude)
  const client = new Anthropic({ apiKey: 'k', maxRetries: 0 })
  const { error, text } = await streamed(client)
  expect(error).toBeDefined()
  expect(text.length).toBeGreaterThan(10)
  const { url } = await claudeOn('slow')
  const port = Number(new URL(url).port)
  await expect(startClaude({ seed: 1, port })).rejects.toMatchObject({ code: 'E_CONFLICT' })
})

test('a malformed event, and a whole answer that is no JSON, fail to parse', async () => {
  const { client } = await claudeOn('malformed')
  const { error, text } = await streamed(client)
  expect(error).toBeDefined()
  expect(text.length).toBeGreaterThan(10)
  const { post } = await claudeOn('malformed')
  const response = await post(request)
  expect(response.status).toBe(200)
  await expect(response.json()).rejects.toThrow()
})

test('unknown events, comments and CRLF do not trouble the SDK', async () => {
  const { client } = await claudeOn('odd-events')
  const { message, error } = await streamed(client)
  expect(error).toBeUndefined()
  const plain = await client.messages.create(request)
  expect(message?.content.at(-1)?.type).toBe('text')
  expect(plain.stop_reason).toBe('end_turn')
})

test("an error event ends a stream with the SDK's error; a whole answer is refused with 529", async () => {
  const { client } = await claudeOn('error-event')
  const { error, text } = await streamed(client)
  expect(error).toBeInstanceOf(Anthropic.APIError)
  expect((error as InstanceType<typeof Anthropic.APIError>).type).toBe('overloaded_error')
  expect(text.length).toBeGreaterThan(10)
  const whole = await claudeOn('error-event')
  await expect(whole.client.messages.create(request)).rejects.toMatchObject({ status: 529 })
})

test.each([
  ['refusal', 'refusal', 2, 6],
  ['refusal-at-once', 'refusal', 0, 0],
  ['empty', 'end_turn', 0, 2],
  ['max-tokens', 'max_tokens', 2, 20],
] as const)(
  'on the day "%s" the message stops with %s, whole and streamed',
  async (day, reason, blocks, tokens) => {
    const whole = await (await claudeOn(day)).client.messages.create(request)
    expect(whole.stop_reason).toBe(reason)
    expect(whole.content).toHaveLength(blocks)
    const { output_tokens: all, output_tokens_details: details } = whole.usage
    if (blocks > 0) expect(all - details!.thinking_tokens).toBeLessThanOrEqual(tokens)
    else expect(all).toBeLessThanOrEqual(tokens)
    const { message } = await streamed((await claudeOn(day)).client)
    expect(message).toMatchObject({ stop_reason: reason, content: whole.content })
  },
)

test('a refusal says what kind it is', async () => {
  const message = await (await claudeOn('refusal')).client.messages.create(request)
  expect(message.stop_details?.type).toBe('refusal')
})

test('a long answer has 8000 words, unless max_tokens is less', async () => {
  const { client } = await claudeOn('long')
  const { message } = await streamed(client)
  const words = (message!.content[1] as Anthropic.TextBlock).text.split(/\s+/).length
  expect(words).toBeGreaterThanOrEqual(8000)
  const short = await claudeOn('long')
  const cut = await short.client.messages.create({ ...request, max_tokens: 3000 })
  expect(cut.stop_reason).toBe('max_tokens')
  expect(cut.usage.output_tokens).toBeGreaterThan(2900)
  expect(cut.usage.output_tokens).toBeLessThanOrEqual(3000)
})

test('a plan is a table or a function; for people it is written NAME or NAME:n', () => {
  expect(badDayAt({ 2: 'cut' }, 1)).toBeUndefined()
  expect(badDayAt({ 2: 'cut' }, 2)).toBe(BAD_DAYS.cut)
  expect(badDayAt((n) => (n > 3 ? 'slow' : undefined), 4)).toBe(BAD_DAYS.slow)
  const plan = addBadDay('empty:every 2', addBadDay('long:3'))
  expect([1, 2, 3, 4, 5, 6].map(plan)).toEqual([
    undefined,
    'empty',
    'long',
    'empty',
    undefined,
    'long',
  ])
  expect(addBadDay('cut')(1)).toBe('cut')
  expect(() => addBadDay('sunny')).toThrow(/NAME one of/)
  expect(() => addBadDay('cut:0')).toThrow()
  expect(BAD_DAY_NAMES.length).toBe(new Set(BAD_DAY_NAMES).size)
})
