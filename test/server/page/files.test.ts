import { expect, test } from 'vitest'
import { pageFile, pageScript } from '../../../server/page/files.ts'
import { testServer } from '../../support/federation-fixture.ts'

const get = (path: string) => testServer().app.request(`http://server.test${path}`)
const NAMES = ['look.css', 'parts.css', 'operator.css', 'docs.css', 'page.js', 'docs.js']

test.each(['/', '/docs', '/openapi.json', ...NAMES.map((name) => `/assets/${name}`)])(
  '%s comes without a credential, kept by no cache, in no frame, under a strict policy',
  async (path) => {
    const { status, headers } = await get(path)
    expect(status).toBe(200)
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('x-frame-options')).toBe('DENY')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    const policy = headers.get('content-security-policy') ?? ''
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).not.toMatch(/unsafe|\*|https?:/)
  },
)

test('what the page needs is there under the names that it asks for, below any path', () => {
  const page = pageFile('page.html')
  const asked = [...page.matchAll(/"assets\/([\w.]+)"/g)].map((m) => m[1])
  expect(asked.length).toBeGreaterThan(3)
  for (const name of asked) expect(NAMES).toContain(name)
  expect(page).not.toMatch(/(?:src|href)="\//)
})

test('the script carries no schema library and puts no text into the page as markup', () => {
  const script = pageScript()
  expect(script).not.toMatch(
    /ZodType|eval\(|new Function|insertAdjacentHTML|outerHTML|document\.write|localStorage/,
  )
  expect(script).not.toMatch(/\.innerHTML\s*=[^=]/)
  expect(script.length).toBeLessThan(60_000)
})

const overview = (headers: Record<string, string>, hosts?: readonly string[]) => {
  const { app } = testServer(hosts ? { hosts } : {})
  const authorization = 'Bearer operator-credential-for-tests'
  const request = { headers: { host: 'server.test', authorization, ...headers } }
  return app.request('http://server.test/v1/operator/overview', request)
}

test.each<[string, Record<string, string>, number]>([
  ['a program', {}, 200],
  ['the own page', { origin: 'http://server.test', 'sec-fetch-site': 'same-origin' }, 200],
  ['the own page behind a proxy that ends TLS', { origin: 'https://server.test' }, 200],
  ['a page of another host', { origin: 'http://evil.test' }, 403],
  ['a page of another port', { origin: 'http://server.test:81' }, 403],
  ['a sandboxed frame', { origin: 'null' }, 403],
  ['a page of the same site', { 'sec-fetch-site': 'same-site' }, 403],
  ['another site', { 'sec-fetch-site': 'cross-site' }, 403],
])('the operator API for %s: %j is answered with %i', async (_, headers, status) => {
  expect((await overview(headers)).status).toBe(status)
})

test('with names of its own it is under no other, whatever the port', async () => {
  const hosts = ['server.test']
  expect((await overview({}, hosts)).status).toBe(200)
  expect((await overview({ host: 'server.test:8787' }, hosts)).status).toBe(200)
  expect((await overview({ host: 'rebound.test' }, hosts)).status).toBe(403)
})
