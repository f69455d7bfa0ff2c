/** Who is refused, over real HTTP: other hosts, other sites, no credential, a wrong one, one in the wrong place. */
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningApi, serveApi } from '../../../../device/api/serve.ts'
import { DEVICE_TOKEN, fakeClaude, fakeDevice, fakeInspection, OWN_KEY } from '../fakes.ts'

const claude = fakeClaude()
let api: RunningApi
beforeAll(async () => {
  api = await serveApi(
    {
      device: fakeDevice().device,
      inspection: fakeInspection(),
      deviceToken: DEVICE_TOKEN,
      claudeKey: OWN_KEY,
      claudeUrl: 'https://claude.test',
      transport: async (request) => claude.app.request(request),
      clock: Date.now,
      logOutgoing: () => {},
      report: () => {},
    },
    0,
  )
})
afterAll(() => api.close())

type Sent = {
  line?: string
  /** PORT is put in. */
  host?: string | null
  headers?: Readonly<Record<string, string>>
  body?: string
}

/** The answer's bytes to exactly these: fetch would correct what is tested here. */
const raw = ({
  line = 'GET /v1/status HTTP/1.1',
  host = '127.0.0.1:PORT',
  headers = {},
  body = '',
}: Sent) =>
  new Promise<{ status: number; head: string; body: string }>((resolve, reject) => {
    const lines = [
      line,
      ...(host === null ? [] : [`Host: ${host}`]),
      ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
      ...(body ? [`Content-Length: ${Buffer.byteLength(body)}`] : []),
      'Connection: close',
    ]
    const socket = connect(api.port, '127.0.0.1', () =>
      socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`.replaceAll('PORT', String(api.port))),
    )
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk
    })
    socket.on('error', reject)
    socket.on('close', () => {
      const [head = '', ...rest] = text.split('\r\n\r\n')
      // Without the sizes of chunks around it.
      const whole = rest.join('\r\n\r\n')
      const body = /\{.*\}/s.exec(whole)?.[0] ?? whole
      resolve({ status: Number(head.split(' ')[1]), head, body })
    })
  })

const token = { authorization: `Bearer ${DEVICE_TOKEN}` }
const PAGES = ['/', '/docs', '/openapi.json', '/assets/page.js']

test('with its own host and the device token a request is answered', async () => {
  expect(await raw({ headers: token })).toMatchObject({ status: 200 })
  expect(await raw({ headers: token, host: 'LOCALHOST:PORT' })).toMatchObject({ status: 200 })
})

describe('a host name that was bound to this machine', () => {
  const hosts = [
    'rebound.example:PORT',
    'REBOUND.EXAMPLE:PORT',
    '127.0.0.1.rebound.example:PORT',
    '10.0.0.7:PORT',
    '0.0.0.0:PORT',
    '[::]:PORT',
    '127.0.0.1.:PORT',
    'localhost.:PORT',
    '127.0.0.1',
    '127.0.0.1:1',
    '127.0.0.1:PORT, rebound.example',
    'rebound.example@127.0.0.1:PORT',
    '',
  ]
  test.each(hosts)('as %j is refused, with the right token, too', async (host) => {
    for (const line of ['GET /v1/status HTTP/1.1', ...PAGES.map((p) => `GET ${p} HTTP/1.1`)]) {
      const answer = await raw({ line, host, headers: token })
      expect([400, 403]).toContain(answer.status)
      expect(answer.body).not.toContain('<html')
    }
  })

  test('in an absolute request line is refused, whatever the Host header says', async () => {
    const line = 'GET http://rebound.example:PORT/v1/status HTTP/1.1'
    expect(await raw({ line, headers: token })).toMatchObject({ status: 403 })
    const own = 'GET http://127.0.0.1:PORT/v1/status HTTP/1.1'
    expect(await raw({ line: own, headers: token })).toMatchObject({ status: 200 })
    expect(await raw({ line: own, host: 'rebound.example:PORT', headers: token })).toMatchObject({
      status: 403,
    })
  })

  test('and none at all is refused', async () => {
    for (const version of ['1.0', '1.1'])
      expect([400, 403]).toContain(
        (await raw({ line: `GET /v1/status HTTP/${version}`, host: null, headers: token })).status,
      )
  })
})

describe('a page of the web', () => {
  const foreign = [
    { origin: 'https://foreign.example' },
    { origin: 'null' },
    { origin: 'http://127.0.0.1:1' },
    { origin: 'https://127.0.0.1:PORT' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
  ]
  test.each(foreign)('with %j is refused on every route', async (headers) => {
    const lines = [
      'GET /v1/status HTTP/1.1',
      'GET / HTTP/1.1',
      'POST /v1/session HTTP/1.1',
      'POST /v1/messages HTTP/1.1',
    ]
    for (const line of lines) {
      const answer = await raw({ line, headers: { ...token, ...(headers as object) } })
      expect(answer.status).toBe(403)
      expect(JSON.parse(answer.body)).toMatchObject({ error: { code: 'E_ORIGIN' } })
    }
  })

  test('that asks first gets no leave: no CORS header on any answer', async () => {
    for (const origin of ['https://foreign.example', `http://127.0.0.1:PORT`]) {
      const headers = { origin, 'access-control-request-method': 'POST' }
      const answer = await raw({ line: 'OPTIONS /v1/feedback HTTP/1.1', headers })
      expect(answer.status).toBeGreaterThanOrEqual(400)
      expect(answer.head.toLowerCase()).not.toContain('access-control')
    }
    const own = await raw({ headers: { ...token, origin: 'http://127.0.0.1:PORT' } })
    expect(own.status).toBe(200)
    expect(own.head.toLowerCase()).not.toContain('access-control')
  })

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', ''])(
    'whose form sends %j is refused: the body must say that it is JSON',
    async (type) => {
      const body = '{"paused":true}'
      const line = 'POST /v1/training HTTP/1.1'
      const answer = await raw({ line, body, headers: { ...token, 'content-type': type } })
      expect(answer.status).toBe(400)
      expect(JSON.parse(answer.body)).toMatchObject({ error: { code: 'E_BODY' } })
    },
  )
})

describe('a credential', () => {
  const OWN = [
    'GET /v1/profile',
    'GET /v1/decisions',
    'GET /v1/log',
    'DELETE /v1/consent',
    'POST /v1/forget',
    'POST /v1/session/code',
  ]
  const bad: [string, Record<string, string>][] = [
    ['that is missing', {}],
    ['that is wrong', { authorization: 'Bearer lw-wrong' }],
    ['that is empty', { authorization: 'Bearer ' }],
    ['of another scheme', { authorization: `Basic ${DEVICE_TOKEN}` }],
    ['in a cookie', { cookie: `token=${DEVICE_TOKEN}` }],
  ]
  test.each(bad)('%s is refused', async (_, headers) => {
    for (const route of OWN) {
      const answer = await raw({ line: `${route} HTTP/1.1`, headers })
      expect(answer.status).toBe(401)
      expect(answer.body).not.toContain(DEVICE_TOKEN)
    }
  })

  test('in the query is never taken, and never sent to Claude', async () => {
    for (const name of ['token', 'key', 'x-api-key', 'access_token'])
      expect(await raw({ line: `GET /v1/status?${name}=${DEVICE_TOKEN} HTTP/1.1` })).toMatchObject({
        status: 401,
      })
    expect(await raw({ line: `GET /v1/models?key=${DEVICE_TOKEN} HTTP/1.1` })).toMatchObject({
      status: 401,
    })
    expect(claude.seen.filter((s) => s.path === '/v1/models')).toEqual([])
  })
})

describe('a session of the page', () => {
  const post = async (path: string, body: object, headers = {}) =>
    raw({
      line: `POST ${path} HTTP/1.1`,
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', ...headers },
    })
  const open = async () =>
    JSON.parse((await post('/v1/session', { token: DEVICE_TOKEN })).body).session as string

  test('comes from a code that works once, or from the device token', async () => {
    const { body } = await raw({ line: 'POST /v1/session/code HTTP/1.1', headers: token })
    const { code } = JSON.parse(body)
    expect(await post('/v1/session', { code })).toMatchObject({ status: 200 })
    expect(await post('/v1/session', { code })).toMatchObject({ status: 401 })
    expect(await post('/v1/session', { token: 'lw-wrong' })).toMatchObject({ status: 401 })
    expect(await post('/v1/session', { code, token: DEVICE_TOKEN })).toMatchObject({ status: 400 })
  })

  test("opens the device's own routes, no code for another session, and nothing at Claude", async () => {
    const headers = { authorization: `Bearer ${await open()}` }
    const before = claude.seen.length
    expect(await raw({ headers })).toMatchObject({ status: 200 })
    for (const line of [
      'POST /v1/session/code HTTP/1.1',
      'POST /v1/messages HTTP/1.1',
      'POST /v1/messages/count_tokens HTTP/1.1',
      'GET /v1/models HTTP/1.1',
    ])
      expect(await raw({ line, headers })).toMatchObject({ status: 401 })
    expect(claude.seen).toHaveLength(before)
  })

  test('ends when the page is locked', async () => {
    const headers = { authorization: `Bearer ${await open()}` }
    expect(await raw({ line: 'DELETE /v1/session HTTP/1.1', headers })).toMatchObject({
      status: 200,
    })
    expect(await raw({ headers })).toMatchObject({ status: 401 })
  })
})

test.each([
  'PUT /v1/status',
  'DELETE /v1/profile',
  'PATCH /v1/consent',
  'POST /v1/decisions',
  'GET /v1/forget',
  'PUT /v1/profile/',
  'POST /v1/decisions/d1/more',
  'POST /v1//profile',
  'POST /v1/PROFILE',
  'POST /v1/%70rofile',
  'GET /v1/session',
])('%s is nobody’s, and never reaches Claude', async (route) => {
  const before = claude.seen.length
  const answer = await raw({ line: `${route} HTTP/1.1`, headers: token })
  expect(answer.status).toBe(404)
  expect(claude.seen).toHaveLength(before)
})
