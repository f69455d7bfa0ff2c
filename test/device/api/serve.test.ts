import { type AddressInfo, createServer } from 'node:net'
import { networkInterfaces, platform } from 'node:os'
import Anthropic from '@anthropic-ai/sdk'
import { afterEach, describe, expect, test } from 'vitest'
import { type RunningApi, serveApi } from '../../../device/api/serve.ts'
import {
  DEVICE_TOKEN,
  fakeClaude,
  fakeDevice,
  fakeInspection,
  messageText,
  OWN_KEY,
  planOf,
  STREAM_TEXT,
} from './fakes.ts'

const running: Pick<RunningApi, 'close'>[] = []
afterEach(async () => {
  for (const api of running.splice(0)) await api.close()
})

const start = async (fake = fakeDevice()) => {
  const claude = fakeClaude()
  const api = await serveApi(
    {
      device: fake.device,
      inspection: fakeInspection(),
      deviceToken: DEVICE_TOKEN,
      claudeKey: OWN_KEY,
      claudeUrl: 'https://claude.test',
      transport: async (request) => claude.app.request(request),
      clock: () => 0,
      logOutgoing: () => {},
      report: () => {},
    },
    0,
  )
  running.push(api)
  return { claude, url: `http://127.0.0.1:${api.port}`, port: api.port, ...fake }
}
const messages = [{ role: 'user' as const, content: 'Hi' }]

test("an app that sets the SDK's base URL to the device is personalized, with the app's own key", async () => {
  const { url, claude } = await start()
  const client = new Anthropic({ baseURL: url, apiKey: 'sk-callers' })
  const { data, response } = await client.messages
    .create({ model: 'claude', max_tokens: 10, messages })
    .withResponse()
  expect(data.id).toBe('msg_2')
  expect(response.headers.get('loreweave-decision')).toBe('d1')
  expect(claude.seen).toHaveLength(2)
  expect(claude.seen[0]!.headers.get('authorization')).toBe('Bearer sk-callers')
  expect(claude.seen[0]!.headers.get('anthropic-version')).not.toBeNull()
  expect(claude.seen[0]!.headers.get('host')).not.toBe(new URL(url).host)
})

test('the SDK works with the device token as its key', async () => {
  const { url, claude } = await start()
  const client = new Anthropic({ baseURL: url, apiKey: DEVICE_TOKEN })
  await client.messages.create({ model: 'claude', max_tokens: 10, messages })
  expect(claude.seen[0]!.headers.get('authorization')).toBe(`Bearer ${OWN_KEY}`)
  expect([...claude.seen[0]!.headers.values()].join()).not.toContain(DEVICE_TOKEN)
})

test('the SDK reads a stream through the device', async () => {
  const { url, answers } = await start()
  const client = new Anthropic({ baseURL: url, apiKey: 'sk-callers' })
  const stream = await client.messages.create({
    model: 'claude',
    max_tokens: 10,
    messages,
    stream: true,
  })
  const types: string[] = []
  for await (const event of stream) types.push(event.type)
  expect(types.at(-1)).toBe('message_stop')
  expect(answers[0]?.answers[0]?.text).toBe('Grüße you')
})

test('bytes are the same over a real connection', async () => {
  const { url } = await start()
  const post = (body: object) =>
    fetch(`${url}/v1/messages`, {
      method: 'POST',
      headers: { 'x-api-key': 'sk' },
      body: JSON.stringify({ model: 'c', messages, ...body }),
    })
  expect(await (await post({})).text()).toBe(messageText(2))
  expect(await (await post({ stream: true })).text()).toBe(STREAM_TEXT)
})

test('a caller that goes away takes its request to Claude with it', async () => {
  let seen: AbortSignal | undefined
  const fake = fakeDevice({ planCandidates: () => planOf(1) })
  const arrived = deferred()
  const aborted = deferred()
  const api = await serveApi(
    {
      device: fake.device,
      inspection: fakeInspection(),
      deviceToken: DEVICE_TOKEN,
      claudeKey: OWN_KEY,
      claudeUrl: 'https://claude.test',
      transport: (request) => {
        seen = request.signal
        request.signal.addEventListener('abort', () => aborted.resolve())
        arrived.resolve()
        return new Promise((_, reject) =>
          request.signal.addEventListener('abort', () => reject(new Error('aborted'))),
        )
      },
      clock: () => 0,
      logOutgoing: () => {},
      report: () => {},
    },
    0,
  )
  running.push(api)
  const abort = new AbortController()
  const call = fetch(`http://127.0.0.1:${api.port}/v1/messages`, {
    method: 'POST',
    headers: { 'x-api-key': 'sk' },
    body: JSON.stringify({ model: 'c', messages }),
    signal: abort.signal,
  }).catch(() => 'gone')
  await arrived.promise
  abort.abort()
  expect(await call).toBe('gone')
  await aborted.promise
  expect(seen?.aborted).toBe(true)
})

test('a port that is taken is told with E_CONFLICT', async () => {
  const { port } = await start()
  await expect(
    serveApi({ ...({} as Parameters<typeof serveApi>[0]), deviceToken: DEVICE_TOKEN }, port),
  ).rejects.toMatchObject({ code: 'E_CONFLICT' })
})

describe('other addresses', () => {
  const found = Object.values(networkInterfaces()).flatMap((one) => one ?? [])
  const hasIpv6 = found.some(({ address }) => address === '::1')
  const [outer] = found.filter(({ family, internal }) => family === 'IPv4' && !internal)
  const statusAt = (host: string, headers = {}) =>
    fetch(`http://${host}/v1/status`, { headers }).then(({ status }) => status)
  const token = { authorization: `Bearer ${DEVICE_TOKEN}` }

  const serveOn = async (changes: Partial<Parameters<typeof serveApi>[0]> = {}, port = 0) => {
    const reports: object[] = []
    const api = await serveApi(
      {
        device: fakeDevice().device,
        inspection: fakeInspection(),
        deviceToken: DEVICE_TOKEN,
        claudeKey: null,
        claudeUrl: 'https://claude.test',
        transport: async () => new Response(),
        clock: () => 0,
        logOutgoing: () => {},
        report: (event) => void reports.push(event),
        ...changes,
      },
      port,
    )
    running.push(api)
    return { ...api, reports }
  }
  const hold = async (host: string, port = 0) => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(port, host, resolve))
    running.push({ close: () => new Promise((done) => server.close(() => done())) })
    return (server.address() as AddressInfo).port
  }

  test.skipIf(!hasIpv6)('the loopback address of version 6 is listened on as well', async () => {
    const { port } = await serveOn()
    expect(await statusAt(`[::1]:${port}`, token)).toBe(200)
    expect(await statusAt(`[::1]:${port}`)).toBe(401)
  })

  test.skipIf(!hasIpv6)('where that is taken the port is, and nothing is left open', async () => {
    const port = await hold('::1')
    await expect(serveOn({}, port)).rejects.toMatchObject({ code: 'E_CONFLICT' })
    expect(await hold('127.0.0.1', port)).toBe(port)
  })

  test.skipIf(!outer)('one that the settings have is listened on, under its own name', async () => {
    const { address } = outer!
    const { port, beyond, reports } = await serveOn({ listen: [address] })
    expect(beyond).toEqual([address])
    expect(await statusAt(`${address}:${port}`, token)).toBe(200)
    expect(await statusAt(`${address}:${port}`)).toBe(401)
    expect(reports).toEqual([])
  })

  test.skipIf(platform() !== 'linux')('a further one of loopback is not beyond it', async () => {
    const { port, beyond } = await serveOn({ listen: ['127.0.0.2'] })
    expect(await statusAt(`127.0.0.2:${port}`, token)).toBe(200)
    expect(beyond).toEqual([])
  })

  test.skipIf(!outer)('by default no other address answers', async () => {
    const { port } = await serveOn()
    await expect(statusAt(`${outer!.address}:${port}`, token)).rejects.toThrow('fetch failed')
  })

  test('one that this computer has not is reported, and the others serve', async () => {
    const { port, beyond, reports } = await serveOn({ listen: ['203.0.113.7'] })
    expect(beyond).toEqual([])
    expect(reports).toEqual([{ what: 'listening on 203.0.113.7', code: 'E_USAGE' }])
    expect(await statusAt(`127.0.0.1:${port}`, token)).toBe(200)
  })
})

const deferred = () => {
  let resolve = () => {}
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve: () => resolve() }
}

test('a kept connection stays open longer than an app keeps an idle one, so that no request meets its end', async () => {
  const { url } = await start()
  const response = await fetch(`${url}/api/hello`)
  expect(response.headers.get('keep-alive')).toBe('timeout=100')
})
