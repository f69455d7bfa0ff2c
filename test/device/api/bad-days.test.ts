/**
 * The device between an app and a Claude that has a bad day: the app sees what it would have seen
 * without the device.
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import Anthropic from '@anthropic-ai/sdk'
import { afterEach, expect, test } from 'vitest'
import type { EndpointSettings } from '../../../device/api/messages/deps.ts'
import { serveApi } from '../../../device/api/serve.ts'
import { type Sleep, timerSleep } from '../../../device/http/sleep.ts'
import {
  BAD_DAY_NAMES,
  BAD_DAYS,
  type BadDayName,
  type BadDayPlan,
} from '../../../eval/claude/bad-days.ts'
import { startClaude } from '../../../eval/claude/serve.ts'
import { DEVICE_TOKEN, fakeDevice, fakeInspection, planOf, soon } from './fakes.ts'

const request = {
  model: 'claude-sonnet-5-5',
  max_tokens: 20_000,
  messages: [{ role: 'user' as const, content: 'Why do the tides rise and fall?' }],
}

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close()
})

const claude = async (badDays: BadDayPlan) => {
  const running = await startClaude({ seed: 1, badDays, sleep: async () => {} })
  open.push(running)
  return running
}

const identity = {
  rewrite: async () => ({
    decisionId: 'd1',
    system: null,
    block: null,
    preferences: [],
    reason: 'none_relevant' as const,
  }),
  planCandidates: () => planOf(1),
}

const deviceBefore = async (
  claudeUrl: string,
  fake = fakeDevice(identity),
  settings: Partial<EndpointSettings> = { retries: 0 },
  sleep: Sleep = soon,
) => {
  const reports: { what: string; code: string }[] = []
  const api = await serveApi(
    {
      device: fake.device,
      inspection: fakeInspection(),
      deviceToken: DEVICE_TOKEN,
      claudeKey: null,
      claudeUrl,
      transport: (request) => fetch(request),
      clock: () => 1000,
      logOutgoing: () => {},
      report: (event) => void reports.push(event),
      settings,
      sleep,
    },
    0,
  )
  open.push(api)
  return { url: `http://127.0.0.1:${api.port}`, reports, ...fake }
}

/** Nobody waits for less than what is waited for. */
const untilAborted: Sleep = (_ms, signal) => timerSleep(60_000, signal)

const headers = { 'x-api-key': 'k', 'anthropic-version': '2023-06-01' }

/** Everything that an app can see of an answer, up to where it breaks off. */
const see = async (url: string, body: object, more: Record<string, string> = {}) => {
  const response = await fetch(`${url}/v1/messages`, {
    method: 'POST',
    headers: { ...headers, ...more },
    body: JSON.stringify(body),
  })
  const chunks: Uint8Array[] = []
  let isBroken = false
  try {
    for await (const chunk of response.body ?? []) chunks.push(chunk)
  } catch {
    isBroken = true
  }
  const names = ['retry-after', 'retry-after-ms', 'request-id', 'content-type']
  return {
    status: response.status,
    headers: names.map((name) => [name, response.headers.get(name)]),
    body: Buffer.concat(chunks).toString(),
    isBroken,
  }
}

const sees = BAD_DAY_NAMES.flatMap((day): [BadDayName, boolean][] => [
  [day, false],
  [day, true],
])

test.each(sees)(
  'on the day "%s" (stream: %s) the app sees the same bytes, status and headers with and without the device',
  async (day, stream) => {
    const plan = { 1: day }
    const direct = await see((await claude(plan)).url, { ...request, stream })
    const device = await deviceBefore((await claude(plan)).url)
    expect(await see(device.url, { ...request, stream })).toEqual(direct)
    expect((await see(device.url, request)).status).toBe(200)
    const lost = day === 'cut' ? [{ what: 'stream', code: 'E_UPSTREAM' }] : []
    expect(device.reports).toEqual(lost)
  },
)

test.each(BAD_DAY_NAMES)(
  'on the day "%s" of the first of two answers the other one answers, unless Claude refused the first',
  async (day) => {
    const isRefused = BAD_DAYS[day].failure?.(false) !== undefined
    const upstream = await claude({ 1: day })
    const device = await deviceBefore(upstream.url, fakeDevice(), { retries: 0 }, untilAborted)
    const one = await see(device.url, request)
    const direct = await see((await claude({ 1: day })).url, request)
    expect(upstream.claude.counts().requests).toBe(isRefused ? 0 : 2)
    if (isRefused) return expect(one).toMatchObject({ status: direct.status, body: direct.body })
    expect(one.status).toBe(200)
    const { content } = JSON.parse(one.body) as { content: { type: string; text: string }[] }
    const text = content.find((b) => b.type === 'text')?.text ?? ''
    expect(text.length > 3).toBe(day !== 'refusal-at-once')
  },
)

test.each(BAD_DAY_NAMES)('on the day "%s" of both answers the app sees it', async (day) => {
  const device = await deviceBefore((await claude(() => day)).url, fakeDevice())
  const both = await see(device.url, request)
  const direct = await see((await claude(() => day)).url, request)
  expect(both).toMatchObject({ status: direct.status, isBroken: direct.isBroken })
})

test('the SDK behaves as it would without the device: it retries what may be retried', async () => {
  const device = await deviceBefore((await claude({ 1: 'rate-limit-ms', 2: 'rate-limit-ms' })).url)
  const client = new Anthropic({ apiKey: 'k', baseURL: device.url, maxRetries: 2 })
  const message = await client.messages.create(request)
  expect(message.stop_reason).toBe('end_turn')
})

test.each([
  ['cut', Anthropic.AnthropicError],
  ['malformed', SyntaxError],
  ['error-event', Anthropic.APIError],
] as const)('the SDK gets its own error from a stream on the day "%s"', async (day, kind) => {
  const device = await deviceBefore((await claude({ 1: day })).url)
  const client = new Anthropic({ apiKey: 'k', baseURL: device.url, maxRetries: 0, logLevel: 'off' })
  const failed = await client.messages
    .stream(request)
    .finalMessage()
    .catch((error) => error)
  expect([failed, failed.cause].some((error) => error instanceof kind)).toBe(true)
})

test('a stream that breaks off is no answer to learn from, an odd one is', async () => {
  const answersOn = async (day: BadDayName) => {
    const device = await deviceBefore((await claude({ 1: day })).url)
    await see(device.url, { ...request, stream: true })
    return device.answers.flatMap((a) => a.answers.map((x) => x.text))
  }
  expect(await answersOn('cut')).toEqual([])
  expect(await answersOn('error-event')).toEqual([])
  expect(await answersOn('odd-events')).toEqual([expect.stringMatching(/\w/)])
})

/**
 * How clients ask that try again by themselves; tries: how often they reach a Claude that is always
 * overloaded.
 */
const CLIENTS: readonly {
  readonly name: string
  readonly tries: number
  readonly ask: (url: string) => Promise<unknown>
}[] = [
  ...[0, 1, 2, 5].map((maxRetries) => ({
    name: `the SDK with ${maxRetries} retries`,
    tries: maxRetries + 1,
    ask: (url: string) => sdkOf(url, maxRetries).messages.create(request),
  })),
  {
    name: 'a framework that tries again around an SDK that may not',
    tries: 7,
    ask: async (url: string) => {
      const ask = () => sdkOf(url, 0).messages.create(request)
      for (let i = 0; i < 7; i++) await ask().catch(() => undefined)
    },
  },
  {
    name: 'a client that knows no header of the SDKs',
    tries: 3,
    ask: async (url: string) => {
      for (let i = 0; i < 3; i++) await see(url, request)
    },
  },
]

const sdkOf = (baseURL: string, maxRetries: number) =>
  new Anthropic({ apiKey: 'k', baseURL, maxRetries, logLevel: 'off' })

/** Always overloaded, and says that it takes but a moment; arrived: requests so far. */
const overloadedClaude = async (headers: Record<string, string> = { 'retry-after-ms': '1' }) => {
  let arrived = 0
  const server = createServer((_request, response) => {
    arrived++
    response.writeHead(529, { 'content-type': 'application/json', ...headers })
    response.end('{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  open.push({ close: async () => void server.close() })
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, arrived: () => arrived }
}

test.each(CLIENTS)(
  '$name sends as many requests into an overload as without the device, whatever answers are wanted',
  async ({ tries, ask }) => {
    const [direct, through] = [await overloadedClaude(), await overloadedClaude()]
    await ask(direct.url).catch(() => undefined)
    const four = fakeDevice({ planCandidates: () => planOf(4) })
    const device = await deviceBefore(through.url, four, {}, untilAborted)
    await ask(device.url).catch(() => undefined)
    expect([direct.arrived(), through.arrived()]).toEqual([tries, tries])
    expect(four.spent).toEqual([])
  },
)

test('with the setting, the device tries again for an SDK that has begun to, and then stops it', async () => {
  const upstream = await overloadedClaude()
  const device = await deviceBefore(upstream.url, fakeDevice(identity), { retries: 2 })
  const failed = await sdkOf(device.url, 5)
    .messages.create(request)
    .catch((e) => e)
  expect(failed.status).toBe(529)
  expect(failed.headers.get('x-should-retry')).toBe('false')
  expect(upstream.arrived()).toBe(3)
})

test('a Claude that cannot be reached is tried again likewise', async () => {
  let sent = 0
  const gone = createServer().listen(0, '127.0.0.1')
  await once(gone, 'listening')
  const { port } = gone.address() as AddressInfo
  await new Promise((resolve) => gone.close(resolve))
  const url = `http://127.0.0.1:${port}`
  const device = await deviceBefore(url, fakeDevice(identity), { retries: 2 })
  const client = new Anthropic({
    apiKey: 'k',
    baseURL: device.url,
    maxRetries: 5,
    fetch: (...args) => {
      sent++
      return fetch(...args)
    },
  })
  const failed = await client.messages.create(request).catch((e) => e)
  expect(failed.status).toBe(502)
  expect(failed.headers.get('x-should-retry')).toBe('false')
  expect(sent).toBe(2)
})

test('an answer that may have been made is not asked for again', async () => {
  let arrived = 0
  const server = createServer((incoming) => {
    arrived++
    incoming.on('data', () => {}).on('end', () => incoming.socket.destroy())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  open.push({ close: async () => void server.close() })
  const { port } = server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}`
  const device = await deviceBefore(url, fakeDevice(identity), { retries: 5 })
  const response = await see(device.url, request, { 'x-stainless-retry-count': '1' })
  expect(response.status).toBe(502)
  expect(arrived).toBe(1)
})

test("an overload that outlasts a Python client's own limit is passed on at once", async () => {
  const upstream = await overloadedClaude({ 'retry-after': '30' })
  const slept: number[] = []
  const sleep: Sleep = async (ms) => void slept.push(ms)
  const device = await deviceBefore(upstream.url, fakeDevice(identity), { retries: 2 }, sleep)
  const response = await see(device.url, request, {
    'x-stainless-timeout': 'NOT_GIVEN',
    'x-stainless-read-timeout': '20',
    'x-stainless-retry-count': '1',
  })
  expect(response.status).toBe(529)
  expect(response.headers).toContainEqual(['retry-after', '30'])
  expect([upstream.arrived(), slept]).toEqual([1, []])
})
