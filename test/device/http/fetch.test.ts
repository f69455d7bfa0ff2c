import { expect, test } from 'vitest'
import { fetchOver } from '../../../device/http/fetch.ts'

const moved = (location: string, status = 302) =>
  new Response(null, { status, headers: { location } })

const over = (answers: (url: string) => Response) => {
  const asked: Request[] = []
  const fetch = fetchOver(async (request) => {
    asked.push(request)
    return answers(request.url)
  })
  return { fetch, asked }
}

test('follows redirects on request, including relative ones, and keeps the headers', async () => {
  const { fetch, asked } = over((url) =>
    url === 'https://a.test/x'
      ? moved('/y')
      : url.endsWith('/y')
        ? moved('https://b.test/z')
        : new Response('ok'),
  )
  const init = { redirect: 'follow', headers: { range: 'bytes=5-' } } as const
  expect(await (await fetch('https://a.test/x', init)).text()).toBe('ok')
  expect(asked.map(({ url }) => url)).toEqual([
    'https://a.test/x',
    'https://a.test/y',
    'https://b.test/z',
  ])
  for (const { headers } of asked)
    expect([headers.get('range'), headers.get('user-agent')]).toEqual(['bytes=5-', 'loreweave'])
})

test('returns a redirect unless asked to follow it', async () => {
  const { fetch, asked } = over(() => moved('https://b.test/'))
  expect((await fetch('https://a.test/')).status).toBe(302)
  expect(asked).toHaveLength(1)
})

test.each([
  ['a circle', 'https://a.test/', 'more than 10 redirects', 11],
  ['another kind of address', 'file:///etc/passwd', 'a redirect without a valid address', 1],
  ['no address', 'http://', 'a redirect without a valid address', 1],
])('ends at %s', async (_, location, words, requests) => {
  const { fetch, asked } = over(() => moved(location))
  await expect(fetch('https://a.test/', { redirect: 'follow' })).rejects.toThrow(words)
  expect(asked).toHaveLength(requests)
})
