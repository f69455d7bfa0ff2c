import { expect, test } from 'vitest'
import { pageFile, pageScript } from '../../../../device/api/page/files.ts'
import { buildApi } from '../fakes.ts'

const get = (path: string) => buildApi().app.request(`http://127.0.0.1:4141${path}`)
const NAMES = ['look.css', 'parts.css', 'docs.css', 'page.js', 'docs.js']

test.each(['/', '/docs', '/openapi.json', ...NAMES.map((n) => `/assets/${n}`)])(
  '%s comes without a session, kept by no cache, in no frame, under a strict policy',
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

test('what the page needs is there under the names that it asks for', () => {
  const asked = [...pageFile('page.html').matchAll(/\/assets\/([\w.]+)/g)].map((m) => m[1])
  expect(asked.length).toBeGreaterThan(2)
  for (const name of asked) expect(NAMES).toContain(name)
})

test('another name is no file, and no path leads out', async () => {
  for (const name of ['page.html', 'files.ts', '..%2f..%2fapp.ts', 'toString'])
    expect((await get(`/assets/${name}`)).status).toBe(404)
})

test('the scripts carry no schema library and put no text into the page as markup', () => {
  const script = pageScript()
  expect(script).not.toMatch(
    /ZodType|eval\(|new Function|insertAdjacentHTML|outerHTML|document\.write/,
  )
  expect(script).not.toMatch(/\.innerHTML\s*=[^=]/)
  expect(script.length).toBeLessThan(60_000)
})
