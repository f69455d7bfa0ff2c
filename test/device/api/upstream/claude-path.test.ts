import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { OWN_ROUTES } from '../../../../device/api/routes/own.ts'
import { claudePath } from '../../../../device/api/upstream/claude-path.ts'
import { buildApi, fakeDevice, messageText, planOf } from '../fakes.ts'

const request = {
  model: 'claude',
  max_tokens: 10,
  messages: [{ role: 'user', content: 'Hi' }],
}
const PREFIXES = ['', '/v1', '/v1/v1', '//v1', '/v1//v1', '/v1/', '/']

describe.each(PREFIXES)('after the base URL’s %j', (prefix) => {
  test('messages are personalized, with their query, and Claude sees one path', async () => {
    const api = buildApi({}, fakeDevice({ planCandidates: () => planOf(1) }))
    const urls: string[] = []
    const { app } = buildApi({
      device: api.device,
      claudeUrl: 'https://claude.test',
      transport: async (sent) => {
        urls.push(sent.url)
        return api.claude.app.request(sent)
      },
    })
    const response = await app.request(
      new Request(`http://127.0.0.1:4141${prefix}/messages?beta=true`, {
        method: 'POST',
        headers: { 'x-api-key': 'k' },
        body: JSON.stringify(request),
      }),
    )
    expect(await response.text()).toBe(messageText(1))
    expect(response.headers.get('loreweave-status')).toBe('personalized')
    expect(JSON.parse(api.claude.seen[0]!.text).system).toBe('[block]')
    expect(urls).toEqual(['https://claude.test/v1/messages?beta=true'])
  })

  test('tokens are counted as they would be sent', async () => {
    const api = buildApi()
    const response = await api.post(`${prefix}/messages/count_tokens`, request)
    expect(await response.json()).toEqual({ input_tokens: 3 })
    expect(JSON.parse(api.claude.seen[0]!.text).system).toBe('[block]')
    expect(api.claude.seen[0]!.path).toBe('/v1/messages/count_tokens')
  })

  test.each(['/models', '/models/claude-a', '/files', '/messages/batches/b_1/results', '/skills'])(
    '%s is forwarded',
    async (path) => {
      const api = buildApi()
      expect((await api.call(`${prefix}${path}`)).status).toBe(200)
      expect(api.claude.seen.map((s) => s.path)).toEqual([`/v1${path}`])
      expect(api.outgoing.map((o) => o.what)).toEqual([path.slice(1)])
    },
  )
})

test.each(
  ['/v1', '/v1/v1', '//v1', '/v1/'].flatMap((prefix) =>
    ['rewrite', 'PROFILE', '%70rofile', 'decisions/d1/more', 'session/'].map(
      (name) => `${prefix}/${name}`,
    ),
  ),
)('PUT %s begins like a route of the device and never reaches Claude', async (path) => {
  const api = buildApi()
  expect((await api.call(path, { method: 'PUT', body: '{}' })).status).not.toBe(200)
  expect(api.claude.seen).toHaveLength(0)
})

test.each([
  '/elsewhere',
  '/rewrite',
  '/favicon.ico',
  '/messages.html',
  '/V1/messages',
  '/v2/messages',
])('%s is nobody’s', async (path) => {
  const api = buildApi()
  expect((await api.call(path)).status).toBe(404)
  expect(api.claude.seen).toHaveLength(0)
})

test('every path of the SDK may be asked for without /v1', () => {
  const names = new Set<string>()
  const folder = join(
    dirname(createRequire(import.meta.url).resolve('@anthropic-ai/sdk')),
    'resources',
  )
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' }))
    if (file.endsWith('.js'))
      for (const [, name = ''] of readFileSync(join(folder, file), 'utf8').matchAll(
        /['"`]\/v1\/(\w+)/g,
      ))
        names.add(name)
  expect(names).toContain('messages')
  for (const name of names) expect(claudePath(`/${name}/x`)).toBe(`/v1/${name}/x`)
})

test('no route of the device has the name of one of Claude’s', () => {
  for (const { path } of Object.values(OWN_ROUTES)) {
    const [, name = ''] = /^\/v1\/([^/]+)/.exec(path) ?? []
    expect(claudePath(`/${name}`)).toBe(`/${name}`)
  }
})

test('a path that was read once stays as it is', () => {
  const segment = fc.constantFrom('v1', 'messages', 'models', '', 'x', 'profile', '%2e')
  fc.assert(
    fc.property(fc.array(segment, { maxLength: 6 }), (segments) => {
      const once = claudePath(`/${segments.join('/')}`)
      expect(claudePath(once)).toBe(once)
    }),
  )
})

test.each(['/', '/api/hello'])(
  'HEAD and GET %s are answered without a credential',
  async (path) => {
    const { app, claude } = buildApi()
    for (const method of ['HEAD', 'GET']) {
      const response = await app.request(new Request(`http://127.0.0.1:4141${path}`, { method }))
      expect(response.status).toBe(200)
      if (method === 'HEAD') expect(await response.text()).toBe('')
    }
    expect(claude.seen).toHaveLength(0)
  },
)
