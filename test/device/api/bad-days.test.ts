/** The device between an app and a Claude that has a bad day: the app sees what it would have seen without the device. */
import Anthropic from '@anthropic-ai/sdk'
import { afterEach, expect, test } from 'vitest'
import type { EndpointSettings } from '../../../device/api/messages/deps.ts'
import { serveApi } from '../../../device/api/serve.ts'
import { BAD_DAY_NAMES, type BadDayName, type BadDayPlan } from '../../../eval/mock/bad-days.ts'
import { startClaude } from '../../../eval/mock/serve.ts'
import { DEVICE_TOKEN, fakeDevice, fakeOversight, planOf, soon } from './fakes.ts'

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
) => {
  const reports: { what: string; code: string }[] = []
  const api = await serveApi(
    {
      device: fake.device,
      oversight: fakeOversight(),
      deviceToken: DEVICE_TOKEN,
      claudeKey: null,
      claudeUrl,
      transport: (request) => fetch(request),
      clock: () => 1000,
      logOutgoing: () => {},
      report: (event) => void reports.push(event),
      settings,
      sleep: soon,
    },
    0,
  )
  open.push(api)
  return { url: `http://127.0.0.1:${api.port}`, reports, ...fake }
}

const headers = { 'x-api-key': 'k', 'anthropic-version': '2023-06-01' }

/** Everything that an app can see of an answer, up to where it breaks off. */
const see = async (url: string, body: object) => {
  const response = await fetch(`${url}/v1/messages`, {
    method: 'POST',
    headers,
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
  'on the day "%s" of one candidate the other one answers, or the bad one when both are',
  async (day) => {
    const device = await deviceBefore((await claude({ 1: day, 3: day, 4: day })).url, fakeDevice())
    const one = await see(device.url, request)
    expect(one.status).toBe(200)
    const { content } = JSON.parse(one.body) as { content: { type: string; text: string }[] }
    const text = content.find((b) => b.type === 'text')?.text ?? ''
    expect(text.length > 3).toBe(day !== 'refusal-at-once')
    const both = await see(device.url, request)
    const direct = await see((await claude(() => day)).url, request)
    expect(both).toMatchObject({ status: direct.status, isBroken: direct.isBroken })
  },
)

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

test.each([{}, { stream: true }])(
  'the device tries again what may pass (%o), and after its count says so: the SDK does not do it all again',
  async (stream) => {
    let arrived = 0
    const always = await claude(() => {
      arrived++
      return 'overloaded'
    })
    const device = await deviceBefore(always.url, fakeDevice(identity), { retries: 2 })
    const client = new Anthropic({ apiKey: 'k', baseURL: device.url, maxRetries: 5 })
    const failed = await client.messages.create({ ...request, ...stream }).catch((e) => e)
    expect(failed).toBeInstanceOf(Anthropic.InternalServerError)
    expect(failed.status).toBe(529)
    expect(arrived).toBe(3)
    const healed = await deviceBefore(
      (await claude({ 1: 'gateway', 2: 'rate-limit' })).url,
      fakeDevice(identity),
      { retries: 2 },
    )
    expect((await see(healed.url, { ...request, ...stream })).status).toBe(200)
  },
)

test('a Claude that cannot be reached is tried again, and then not by the SDK', async () => {
  let sent = 0
  const device = await deviceBefore('http://127.0.0.1:1', fakeDevice(identity), { retries: 1 })
  const client = new Anthropic({
    apiKey: 'k',
    baseURL: device.url,
    maxRetries: 3,
    fetch: (...args) => {
      sent++
      return fetch(...args)
    },
  })
  const failed = await client.messages.create(request).catch((e) => e)
  expect(failed.status).toBe(502)
  expect(failed.headers.get('x-should-retry')).toBe('false')
  expect(sent).toBe(1)
})
