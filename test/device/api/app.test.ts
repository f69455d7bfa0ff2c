import { describe, expect, test } from 'vitest'
import { ERROR_CODES } from '../../../adapters/errors.ts'
import { STATUS } from '../../../device/api/envelope/errors.ts'
import { DeviceSettings } from '../../../device/home/settings.ts'
import { buildApi, DEVICE_TOKEN } from './fakes.ts'

const messages = [{ role: 'user', content: 'Hi' }]

test.each(ERROR_CODES)('%s has an HTTP error status', (code) => {
  expect(STATUS[code]).toBeGreaterThanOrEqual(400)
})

test.each(['evil.test', '127.0.0.1:4142', 'localhost', '127.0.0.1.evil.test:4141'])(
  'refuses the Host %s with E_HOST',
  async (host) => {
    const api = buildApi()
    const response = await api.call('/v1/status', { headers: { host } })
    expect(response.status).toBe(403)
    expect(await response.json()).toMatchObject({
      error: { code: 'E_HOST', message: expect.stringMatching(/setting "hosts" in config\.json/) },
    })
  },
)

test.each(['127.0.0.1:4141', 'localhost:4141', '[::1]:4141'])(
  'answers under the Host %s',
  async (host) => {
    expect((await buildApi().call('/v1/status', { headers: { host } })).status).toBe(200)
  },
)

describe('a host name that the settings have', () => {
  const hosts = ['host.docker.internal', 'Proxy.Example:8080', '[fd00::1]', 'plain.example:80']
  const ask = (host: string, headers: Record<string, string> = {}, origin = `http://${host}`) =>
    buildApi({ hosts }).app.request(
      new Request(`${origin}/v1/status`, { headers: { host, ...headers } }),
    )
  const token = { authorization: `Bearer ${DEVICE_TOKEN}` }

  test.each([
    'host.docker.internal:4141',
    'HOST.docker.internal:4141',
    'proxy.example:8080',
    '[fd00::1]:4141',
    'plain.example',
    '127.0.0.1:4141',
  ])('lets %s in, with the device token as ever', async (host) => {
    expect((await ask(host, token)).status).toBe(200)
    expect((await ask(host, { ...token, origin: `http://${host}` })).status).toBe(200)
    const refused = await ask(host)
    expect(refused.status).toBe(401)
    expect(await refused.json()).toMatchObject({ error: { code: 'E_AUTH' } })
  })

  test.each([
    'host.docker.internal',
    'host.docker.internal:8080',
    'proxy.example:4141',
    'a.host.docker.internal:4141',
    'host.docker.internal.evil.test:4141',
    'plain.example:4141',
  ])('does not let %s in', async (host) => {
    const response = await ask(host, token)
    expect(response.status).toBe(403)
    expect(await response.json()).toMatchObject({ error: { code: 'E_HOST' } })
  })

  test('has to be in the request line too, and is no leave for other origins', async () => {
    const named = 'host.docker.internal:4141'
    expect((await ask(named, token, 'http://evil.test:4141')).status).toBe(403)
    for (const origin of ['http://evil.test', `https://${named}`, 'null'])
      expect((await ask(named, { ...token, origin })).status).toBe(403)
  })

  test.each(['http://a', 'a b', '*', 'a/', '', ':80', '::1'])('cannot be %j', (host) => {
    expect(DeviceSettings.safeParse({ hosts: [host] }).success).toBe(false)
  })
})

test.each(['https://evil.test', 'null', 'http://localhost:9999'])(
  'refuses the Origin %s with E_ORIGIN, on the Messages route too',
  async (origin) => {
    const api = buildApi()
    const response = await api.post('/v1/messages', { messages }, { origin })
    expect(response.status).toBe(403)
    expect(await response.json()).toMatchObject({ error: { code: 'E_ORIGIN' } })
    expect(api.claude.seen).toHaveLength(0)
  },
)

test.each(['/v1/status', '/v1/profile'])('%s needs the device token', async (path) => {
  const { call } = buildApi()
  for (const authorization of ['', 'Bearer wrong', `Basic ${DEVICE_TOKEN}`]) {
    const response = await call(path, { headers: { authorization } })
    expect(response.status).toBe(401)
    expect(await response.json()).toMatchObject({ error: { code: 'E_AUTH' } })
  }
  expect(
    (await call(path, { headers: { authorization: '', 'x-api-key': DEVICE_TOKEN } })).status,
  ).toBe(200)
})

test('rewrites, reranks, edits the profile and takes feedback', async () => {
  const { post, call } = buildApi()
  const rewrite = await (await post('/v1/rewrite', { protocol: 1, messages })).json()
  expect(rewrite).toMatchObject({ protocol: 1, decisionId: 'd1', block: '[block]' })
  const rerank = await (
    await post('/v1/rerank', { protocol: 1, messages, candidates: ['a', 'b'] })
  ).json()
  expect(rerank).toMatchObject({ protocol: 1, decisionId: 'd2', winner: 1 })
  expect(rerank).toMatchObject({ propensity: 1, explored: false })
  const feedback = { protocol: 1, event: { kind: 'choose', decisionId: 'd2', chosen: 0 } }
  expect(await (await post('/v1/feedback', feedback)).json()).toEqual({
    protocol: 1,
    recorded: true,
    choices: 1,
  })
  for (const method of ['PATCH', 'PUT']) {
    const body = JSON.stringify({
      protocol: 1,
      changes: [{ op: 'state', dimension: 'length', direction: -1 }],
    })
    expect(await (await call('/v1/profile', { method, body })).json()).toMatchObject({
      sentences: ['edited'],
    })
  }
})

test('names the decision in a header, and does not need the protocol version', async () => {
  const { post } = buildApi()
  const rewrite = await post('/v1/rewrite', { messages })
  expect(rewrite.headers.get('loreweave-decision')).toBe('d1')
  const rerank = await post('/v1/rerank', { messages, candidates: ['a', 'b'] })
  expect(rerank.headers.get('loreweave-decision')).toBe('d2')
})

test('takes feedback by the id of the message that the app got', async () => {
  const { post, events } = buildApi()
  const answer = (await (await post('/v1/messages', { model: 'claude', messages })).json()) as {
    id: string
  }
  const event = { kind: 'thumbs', messageId: answer.id, value: 1 }
  expect((await post('/v1/feedback', { protocol: 1, event })).status).toBe(200)
  expect(events).toEqual([event])
  const other = await post('/v1/feedback', {
    protocol: 1,
    event: { ...event, messageId: 'msg_other' },
  })
  expect(other.status).toBe(404)
  expect(await other.json()).toMatchObject({ error: { code: 'E_NO_DECISION' } })
})

test.each([
  ['not JSON', '{', 'E_BODY', 400],
  ['another protocol', '{"protocol":2}', 'E_PROTOCOL', 400],
  [
    'an unknown field',
    '{"protocol":1,"messages":[{"role":"user","content":"secret"}],"extra":1}',
    'E_BODY',
    400,
  ],
  ['no messages', '{"protocol":1,"messages":[]}', 'E_BODY', 400],
])(
  'refuses a body with %s in the error envelope, without quoting it',
  async (_name, body, code, status) => {
    const response = await buildApi().post('/v1/rewrite', body)
    expect(response.status).toBe(status)
    const text = await response.text()
    expect(JSON.parse(text)).toMatchObject({ error: { code } })
    expect(text).not.toContain('secret')
  },
)

test('refuses a body over the limit with E_TOO_LARGE', async () => {
  const response = await buildApi().post('/v1/rewrite', 'x'.repeat(32 * 1024 * 1024 + 1))
  expect(response.status).toBe(413)
  expect(await response.json()).toMatchObject({ error: { code: 'E_TOO_LARGE' } })
})

test('unknown routes and methods answer E_NOT_FOUND and never reach Claude', async () => {
  const api = buildApi()
  for (const response of [
    await api.call('/elsewhere'),
    await api.call('/v1/rewrite'),
    await api.call('/v1/status', { method: 'DELETE' }),
  ])
    expect(await response.json()).toMatchObject({ error: { code: 'E_NOT_FOUND' } })
  expect(api.claude.seen).toHaveLength(0)
})

test('training is paused and resumed; anything but a boolean is refused', async () => {
  const { post } = buildApi()
  const paused = await post('/v1/training', { paused: true })
  expect(await paused.json()).toMatchObject({ state: 'paused', step: null })
  const resumed = await post('/v1/training', { paused: false })
  expect(await resumed.json()).toMatchObject({ state: 'idle' })
  expect((await post('/v1/training', { paused: 'yes' })).status).toBe(400)
})

test.each([
  ['/v1/rewrite', {}],
  ['/v1/rerank', { candidates: ['one', 'two'] }],
])('%s takes a conversation with photos, as Messages does', async (path, more) => {
  const { call } = buildApi()
  const source = { type: 'base64', media_type: 'image/png', data: 'A'.repeat(4_000_000) }
  const photo = { type: 'image', source }
  const content = [photo, photo, { type: 'text', text: 'What is this?' }]
  const body = { messages: [{ role: 'user', content }], ...more }
  const { status } = await call(path, { method: 'POST', body: JSON.stringify(body) })
  expect(status).toBe(200)
})

test('who has not shown the token may send no more than a megabyte', async () => {
  const { app } = buildApi()
  const response = await app.request(
    new Request('http://127.0.0.1:4141/v1/session', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ code: 'x'.repeat(1_100_000) }),
    }),
  )
  expect(response.status).toBe(413)
})
