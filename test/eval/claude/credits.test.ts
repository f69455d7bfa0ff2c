/** A refused request earns a token, which its retry at another model presents. */
import { expect, test } from 'vitest'
import { openMock, said, user } from './asking.ts'

const BETAS = ['fallback-credit-2026-07-01']
const system = [
  { type: 'text', text: 'House rules. '.repeat(300), cache_control: { type: 'ephemeral' } },
]
const messages = [user('Why do the tides rise and fall?')]
const REFUSING = 'claude-fable-5-2'
const other = { model: 'claude-opus-5-5', system, messages }

const refused = async (kind: 'before' | 'midway', fields: object = {}) => {
  let now = 0
  const refuses = (_: unknown, model: string) => (model === REFUSING ? kind : undefined)
  const mock = openMock({ clock: () => now, refuses })
  const ask = (body: object, betas = BETAS) => mock.ask(body, betas)
  const first = await ask({ model: REFUSING, system, messages, ...fields })
  const token = first.reply.stop_details?.fallback_credit_token
  const pass = (ms: number) => {
    now += ms
  }
  return { ...mock, ask, pass, first, token }
}

test('a refusal is an answer of status 200 with a token, where the beta asks for one', async () => {
  const { first, counts, ask } = await refused('midway')
  expect(first.status).toBe(200)
  expect(first.reply).toMatchObject({
    stop_reason: 'refusal',
    stop_details: {
      type: 'refusal',
      fallback_credit_token: expect.stringMatching(/^fct_/),
      fallback_has_prefill_claim: true,
      recommended_model: null,
    },
  })
  expect(counts()).toMatchObject({ refusals: 1 })
  const plain = await ask({ model: REFUSING, messages }, [])
  expect(plain.reply.stop_details?.fallback_credit_token).toBeUndefined()
})

test('before any output nothing is billed, although input is told', async () => {
  const { first, counts } = await refused('before')
  expect(first.reply.content).toEqual([])
  expect(first.reply.usage.cache_creation_input_tokens).toBeGreaterThan(500)
  expect(counts().usd).toBe(0)
  expect((await refused('midway')).counts().usd).toBeGreaterThan(0)
})

test('the same request at another model redeems it, and reads what was warm', async () => {
  const { ask, token, counts } = await refused('before')
  const { reply } = await ask({ ...other, fallback_credit_token: token })
  expect(reply.usage).toMatchObject({
    fallback_credit: { status: { type: 'redeemed' } },
    cache_creation_input_tokens: 0,
  })
  expect(reply.usage.cache_read_input_tokens).toBeGreaterThan(500)
  expect(counts().creditsTaken).toBe(1)
})

test('so does the same request with what was said appended, which is no prefill then', async () => {
  const { ask, token, first } = await refused('midway')
  const begun = [...messages, said(first.reply)]
  expect((await ask({ ...other, messages: begun })).status).toBe(400)
  const { status, reply } = await ask({ ...other, messages: begun, fallback_credit_token: token })
  expect(status).toBe(200)
  const [partial] = first.reply.content.slice(-1)
  const whole = [{ type: 'fallback', from: {}, to: {} }, ...reply.content]
  const merged = { role: 'assistant', content: [partial, ...whole] }
  const next = await ask({ ...other, messages: [...messages, merged, user('And at night?')] })
  expect(next.status).toBe(200)
})

test.each<[string, object, string]>([
  ['another system prompt', { system: [...system, { type: 'text', text: 'x' }] }, 'differs'],
  ['another message', { messages: [user('Why?')] }, 'differs'],
  ['other tools', { tools: [{ name: 'a', input_schema: {} }] }, 'differs'],
  ['other settings', { output_config: { effort: 'low' } }, 'differs'],
  ['a message more', { messages: [...messages, { role: 'assistant', content: 'So.' }] }, 'differs'],
  ['the same model', { model: REFUSING }, 'another one'],
])('%s is refused', async (_, changes, words) => {
  const { ask, token } = await refused('midway')
  const { status, error } = await ask({ ...other, ...changes, fallback_credit_token: token })
  expect(status).toBe(400)
  expect(error.message).toContain(words)
})

test('other betas, and five minutes, are too much; best effort is served all the same', async () => {
  const { ask, token, pass } = await refused('midway')
  const more = [...BETAS, 'thinking-binding-controls-2026-08-01']
  const body = { ...other, fallback_credit_token: token }
  expect((await ask(body, more)).error.message).toContain('differs')
  pass(5 * 60_000 + 1)
  expect((await ask(body)).error.message).toContain('expired')
  const best = { ...other, fallback_credit_token: { token, mode: 'best_effort' } }
  expect((await ask(best)).reply.usage.fallback_credit).toEqual({
    status: { type: 'not_applied', reason: 'expired' },
  })
  const odd = { ...other, fallback_credit_token: 'x' }
  expect((await ask(odd)).status).toBe(400)
})
