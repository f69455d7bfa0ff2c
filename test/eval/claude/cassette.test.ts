import Anthropic from '@anthropic-ai/sdk'
import { afterEach, expect, test } from 'vitest'
import { openCassette, parseCassette, requestKey } from '../../../eval/claude/cassette.ts'
import { createClaude } from '../../../eval/claude/claude.ts'
import { startClaude } from '../../../eval/claude/serve.ts'
import { expectCode } from '../../support/expect-code.ts'
import { interceptClaude } from './msw.ts'

const request = {
  model: 'claude-sonnet-5-5',
  max_tokens: 100,
  messages: [{ role: 'user' as const, content: 'What are tides?' }],
}
const answered = (text: string, changes: object = {}) => ({
  id: `msg_${text}`,
  type: 'message',
  role: 'assistant',
  model: request.model,
  content: [{ type: 'text', text }],
  stop_reason: 'end_turn',
  stop_sequence: null,
  usage: { input_tokens: 8, output_tokens: 3 },
  ...changes,
})
const tape = (...responses: object[]) =>
  responses.map((response) => `${JSON.stringify({ request, response })}\n`).join('')
const play = (text: string) => openCassette(parseCassette(text).lines)

const open: { close(): void | Promise<void> }[] = []
afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
})

test.each(['a loopback port', 'msw'])(
  'the SDK gets the k-th answer to the k-th request, then the first again, over %s',
  async (transport) => {
    const cassette = play(tape(answered('one'), answered('two')))
    let baseURL = 'https://api.anthropic.com'
    if (transport === 'msw') open.push(interceptClaude(createClaude({ seed: 1, cassette })))
    else {
      const running = await startClaude({ seed: 1, cassette })
      open.push(running)
      baseURL = running.url
    }
    const client = new Anthropic({ apiKey: 'none', baseURL, maxRetries: 0 })
    const first = await client.messages.create(request)
    expect(first).toMatchObject(answered('one'))
    const second = await client.messages.stream({ ...request, max_tokens: 7 }).finalMessage()
    expect(second).toMatchObject({
      content: [{ type: 'text', text: 'two' }],
      stop_reason: 'end_turn',
    })
    expect((await client.messages.create(request)).id).toBe('msg_one')
  },
)

test('a request that was not recorded gets a 404 that says what to do, and no key is needed', async () => {
  const claude = createClaude({ seed: 1, cassette: play(tape(answered('one'))) })
  const post = (body: object) =>
    claude.request('/v1/messages', {
      method: 'POST',
      headers: { 'anthropic-version': '2023-06-01' },
      body: JSON.stringify(body),
    })
  expect((await post(request)).status).toBe(200)
  const response = await post({ ...request, system: 'Be kind.' })
  expect(response.status).toBe(404)
  const { error } = (await response.json()) as { error: { type: string; message: string } }
  expect(error.type).toBe('not_found_error')
  expect(error.message).toMatch(/not on the cassette.*loreweave-eval record/)
})

test('blocks of kinds that the mock does not make are replayed as they came', async () => {
  const odd = { type: 'redacted_thinking', data: 'AAAA' }
  const content = [odd, { type: 'text', text: 'x' }]
  const running = await startClaude({ seed: 1, cassette: play(tape(answered('', { content }))) })
  open.push(running)
  const client = new Anthropic({ apiKey: 'none', baseURL: running.url, maxRetries: 0 })
  expect((await client.messages.create(request)).content).toEqual(content)
  expect((await client.messages.stream(request).finalMessage()).content).toMatchObject(content)
})

test('requests are the same whatever their limits, cache marks and way of writing a text', () => {
  const block = {
    type: 'text',
    text: 'What are tides?',
    cache_control: { type: 'ephemeral' as const },
  }
  const key = requestKey(request)
  expect(requestKey({ ...request, messages: [{ role: 'user', content: [block] }] })).toBe(key)
  expect(requestKey({ ...request, max_tokens: 1, temperature: 0 } as typeof request)).toBe(key)
  expect(requestKey({ ...request, system: 'x' })).not.toBe(key)
  expect(requestKey({ ...request, model: 'claude-opus-5-5' })).not.toBe(key)
  expect(requestKey({ ...request, thinking: { type: 'adaptive' } })).not.toBe(key)
})

test('a torn last line is passed over, a bad one refused by its number and never quoted', () => {
  const whole = tape(answered('one'))
  expect(parseCassette(`${whole}{"request":`)).toMatchObject({
    lines: [{}],
    wholeLength: whole.length,
  })
  expect(parseCassette('')).toEqual({ lines: [], wholeLength: 0 })
  for (const bad of [
    '{"secret":1}',
    'secret',
    JSON.stringify({ request, response: { secret: 1 } }),
  ]) {
    const error = expectCode('E_DATA', () => parseCassette(`${whole}${bad}\n`))
    expect(error.message).toContain('line 2')
    expect(error.message).not.toContain('secret')
  }
})
