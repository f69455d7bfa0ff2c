/** The network of the soak, weather by weather. */

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { openNetwork, type Weather } from '../../../eval/soak/network.ts'

const open: (() => unknown)[] = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

const BODY = 'an answer of some length'

const networkBefore = async (weather: Weather) => {
  const server = createServer((request, response) => {
    request.resume()
    request.on('end', () => response.end(BODY))
  }).listen(0, '127.0.0.1')
  open.push(() => server.close())
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  const network = await openNetwork(`http://127.0.0.1:${port}`, () => 7)
  open.push(() => network.close())
  network.setWeather(weather)
  return network
}

const seen = async (url: string, bytes = 10) => {
  try {
    const response = await fetch(`${url}/x`, {
      method: 'POST',
      body: 'x'.repeat(bytes),
      signal: AbortSignal.timeout(300),
    })
    const { status } = response
    return { status, body: await response.text().catch(() => 'lost') }
  } catch {
    return { status: null, body: '' }
  }
}

test.each<[Weather, number | null, string]>([
  ['fair', 200, BODY],
  ['refused', null, ''],
  ['hangs', null, ''],
  ['silent', 200, 'lost'],
  ['broken', 200, 'lost'],
  ['overloaded', 529, 'overloaded_error'],
  ['limited', 429, 'rate_limit_error'],
  ['failing', 500, 'api_error'],
  ['page', 502, '<html>'],
  ['small', 200, BODY],
])('%s', async (weather, status, body) => {
  const network = await networkBefore(weather)
  const answer = await seen(network.url)
  expect(answer.status).toBe(status)
  expect(answer.body).toContain(body)
  const isWhole = status !== null && body !== 'lost'
  expect(network.passed.at(-1)?.status ?? null).toBe(isWhole ? status : null)
})

test('a small gateway takes no body over a megabyte', async () => {
  const network = await networkBefore('small')
  expect((await seen(network.url, 1_048_577)).status).toBe(413)
})

test('what was passed is told with its time', async () => {
  const network = await networkBefore('fair')
  await seen(network.url)
  expect(network.passed).toEqual([{ at: 7, method: 'POST', path: '/x', bytes: 10, status: 200 }])
})
