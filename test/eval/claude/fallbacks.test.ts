/** Another model answers in place of one that refuses. */
import { expect, test } from 'vitest'
import { openMock, said, user } from './asking.ts'

const BETAS = ['server-side-fallback-2026-07-01']
const messages = [user('Why do the tides rise and fall?')]
const REFUSING = 'claude-fable-5-2'
const HOUR = 3_600_000

const open = (kind: 'before' | 'midway', alsoRefuse: string[] = []) => {
  let now = 0
  const refuses = (_: unknown, model: string) =>
    model === REFUSING || alsoRefuse.includes(model) ? kind : undefined
  const mock = openMock({ clock: () => now, refuses })
  const ask = (body: object, betas = BETAS) =>
    mock.ask({ model: REFUSING, messages, ...body }, betas)
  const pass = (ms: number) => {
    now += ms
  }
  return { ...mock, ask, pass }
}

test('who answered is the model of the answer, and each attempt is an iteration', async () => {
  const { ask, counts } = open('midway')
  const { reply } = await ask({ fallbacks: 'default' })
  expect(reply.model).toBe('claude-opus-5-5')
  const kinds = ['thinking', 'text', 'fallback', 'thinking', 'text']
  expect(reply.content.map((b) => b.type)).toEqual(kinds)
  const [declined, served] = reply.usage.iterations
  expect([declined.type, declined.model]).toEqual(['message', REFUSING])
  expect([served.type, served.model]).toEqual(['fallback_message', 'claude-opus-5-5'])
  expect(reply.usage.output_tokens).toBe(served.output_tokens)
  expect(counts()).toMatchObject({ fallbackAnswers: 1, requests: 1 })
})

test('the answer goes on at the model that gave it, with its seams or without', async () => {
  for (const kind of ['before', 'midway'] as const) {
    const { ask } = open(kind)
    const { reply } = await ask({ fallbacks: 'default' })
    const turns = [...messages, said(reply), user('And at night?')]
    expect((await ask({ model: reply.model, messages: turns })).status).toBe(200)
    const bare = { role: 'assistant', content: reply.content.filter((b) => b.type !== 'fallback') }
    const without = [...messages, bare, user('And at night?')]
    expect((await ask({ model: reply.model, messages: without })).status).toBe(200)
  }
})

test('the choice stays for an hour', async () => {
  const { ask, pass } = open('before')
  await ask({ fallbacks: 'default' })
  pass(HOUR - 1)
  const again = await ask({ fallbacks: 'default' })
  expect(again.reply.usage.iterations).toMatchObject([{ type: 'fallback_message' }])
  expect(again.reply.content[0]?.type).toBe('thinking')
  pass(HOUR)
  expect((await ask({ fallbacks: 'default' })).reply.usage.iterations).toHaveLength(2)
})

test('a chain is tried in its order; where all refuse, the last one has', async () => {
  const chain = ['claude-opus-5-5', 'claude-sonnet-5-5'].map((model) => ({ model }))
  const second = await open('before', ['claude-opus-5-5']).ask({ fallbacks: chain })
  expect(second.reply.model).toBe('claude-sonnet-5-5')
  const none = await open(
    'before',
    chain.map((c) => c.model),
  ).ask({ fallbacks: chain })
  expect(none.reply).toMatchObject({ stop_reason: 'refusal' })
})

test('Haiku 5.5 has none, a dearer model is no fallback, and a token is not for both', async () => {
  const { ask } = open('before')
  const named = [{ model: 'claude-opus-5-5' }]
  expect((await ask({ model: 'claude-haiku-5-5', fallbacks: named })).status).toBe(400)
  expect((await ask({ model: 'claude-haiku-5-5', fallbacks: 'default' })).status).toBe(200)
  const dearer = { model: 'claude-sonnet-5-5', fallbacks: [{ model: 'claude-fable-5-1' }] }
  expect((await ask(dearer)).status).toBe(400)
  const both = { fallbacks: 'default', fallback_credit_token: 'x' }
  expect((await ask(both, [...BETAS, 'fallback-credit-2026-07-01'])).status).toBe(400)
})

test("the service's own word for a test is refused", async () => {
  const asked = [user('ANTHROPIC_MAGIC_STRING_TRIGGER_REFUSAL_1')]
  expect((await openMock().ask({ messages: asked })).reply.stop_reason).toBe('refusal')
})
