import { createServer, type RequestListener, type Server } from 'node:http'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { seededRng } from '../../../adapters/random.ts'
import {
  deviceIdOf,
  newKeyPair,
  readSignatureInput,
  verifySignature,
} from '../../../adapters/wire/signature.ts'
import {
  sendFailure,
  signedTransport,
  type Transport,
} from '../../../device/federation/signed-transport.ts'
import { timerSleep } from '../../../device/http/sleep.ts'
import { openTransport } from '../../../device/http/transport.ts'
import { listen } from '../http/proxy.ts'

const key = newKeyPair()
const build = (
  transport: Transport,
  attempts = 3,
  more: { stallMs?: number; serverUrl?: string } = {},
) => {
  const waits: number[] = []
  const log: { what: string; bytes: number; digest: string }[] = []
  const signed = signedTransport({
    serverUrl: 'https://server.test/base/',
    transport,
    ...more,
    key,
    clock: () => 1_700_000_000_000,
    rng: seededRng(1),
    sleep: async (ms) => void waits.push(ms),
    log: (entry) => void log.push(entry),
    attempts,
  })
  return { signed, waits, log }
}
const body = new TextEncoder().encode('{"a":1}')
const post = { method: 'POST', path: '/v1/checkin', what: 'checkin', body } as const
const json = (status: number, value: unknown, headers = {}) =>
  new Response(JSON.stringify(value), { status, headers })

test('signs every attempt with a fresh nonce over the exact bytes', async () => {
  const nonces: string[] = []
  let n = 0
  const { signed } = build(async (request) => {
    const bytes = new Uint8Array(await request.arrayBuffer())
    const signable = {
      method: request.method,
      // The proxy that has the path takes it off.
      url: request.url.replace('/base', ''),
      header: (name: string) => request.headers.get(name),
      body: bytes,
    }
    const params = readSignatureInput(signable)
    verifySignature(signable, params, key.publicKey)
    expect(params.keyId).toBe(deviceIdOf(key.publicKey))
    expect(request.url).toBe('https://server.test/base/v1/checkin')
    nonces.push(params.nonce)
    return ++n < 3 ? json(503, {}) : json(200, { ok: true })
  })
  await signed.send(post)
  expect(new Set(nonces).size).toBe(3)
})

test('tries again after network errors and 5xx with growing, jittered waits', async () => {
  const outcomes = [
    () => Promise.reject(new TypeError('reset')),
    async () => json(500, {}),
    async () => json(200, {}),
  ]
  const { signed, waits, log } = build(() => outcomes.shift()!())
  expect((await signed.send(post)).status).toBe(200)
  expect(waits).toHaveLength(2)
  expect(waits[0]).toBeGreaterThanOrEqual(250)
  expect(waits[0]).toBeLessThanOrEqual(500)
  expect(waits[1]).toBeGreaterThanOrEqual(500)
  expect(log).toHaveLength(3)
})

test('waits as long as retry-after says', async () => {
  const outcomes = [json(429, {}, { 'retry-after': '7' }), json(200, {})]
  const { signed, waits } = build(async () => outcomes.shift()!)
  await signed.send(post)
  expect(waits[0]).toBe(7000)
})

test('gives up with E_UNAVAILABLE when the server cannot be reached', async () => {
  const { signed, waits } = build(() => Promise.reject(new TypeError('refused')))
  await expect(signed.send(post)).rejects.toMatchObject({ code: 'E_UNAVAILABLE' })
  expect(waits).toHaveLength(2)
})

test.each([
  ['an envelope', { error: { code: 'E_ROUND_CLOSED', message: 'late' } }, 'E_ROUND_CLOSED'],
  ['a code it does not know', { error: { code: 'E_NEW', message: 'x' } }, 'E_UPSTREAM'],
  ['something else', { hello: 1 }, 'E_UPSTREAM'],
])('a refusal in %s is not tried again', async (_name, value, code) => {
  const { signed, waits } = build(async () => json(409, value))
  await expect(signed.send(post)).rejects.toMatchObject({ code })
  expect(waits).toHaveLength(0)
})

test('logs each request before it is sent, and counts bytes', async () => {
  let atSend = 0
  const built = build(async () => {
    atSend = built.log.length
    return json(200, { ok: 1 })
  })
  await built.signed.send(post)
  expect(atSend).toBe(1)
  expect(built.log[0]).toMatchObject({
    what: 'checkin',
    bytes: 7,
    digest: expect.stringMatching(/^[0-9a-f]{64}$/),
  })
  expect(built.signed.traffic()).toEqual({ up: 7, down: 8, requests: 1 })
})

test('an aborted sleep rejects at once', async () => {
  const abort = new AbortController()
  const sleeping = timerSleep(60_000, abort.signal)
  abort.abort(new Error('stop'))
  await expect(sleeping).rejects.toThrow('stop')
  await expect(timerSleep(60_000, abort.signal)).rejects.toThrow('stop')
})

const errorOf = (work: Promise<unknown>): Promise<Error> =>
  work.then(
    () => expect.fail('no error'),
    (error) => error,
  )

test('an answer is read up to the limit of the request', async () => {
  let read = 0
  const endless = () =>
    new ReadableStream<Uint8Array>({
      pull(controller) {
        read += 65_536
        controller.enqueue(new Uint8Array(65_536))
      },
    })
  const { signed, waits } = build(async () => new Response(endless()))
  const error = await errorOf(signed.send({ ...post, maxBytes: 1_000_000 }))
  expect(error).toMatchObject({ code: 'E_TOO_LARGE', message: expect.stringMatching(/1000000/) })
  expect(read).toBeLessThan(1_300_000)
  expect(await errorOf(signed.send(post))).toMatchObject({ code: 'E_TOO_LARGE' })
  expect(read).toBeLessThan(2_000_000)
  expect(waits).toEqual([])
})

test('an answer that says itself that it is too long is not read', async () => {
  const pull = vi.fn()
  const headers = { 'content-length': '70000000' }
  const body = new ReadableStream({ pull }, { highWaterMark: 0 })
  const { signed } = build(async () => new Response(body, { headers }))
  expect(await errorOf(signed.send({ ...post, maxBytes: 64_000_000 }))).toMatchObject({
    code: 'E_TOO_LARGE',
    message: expect.stringContaining('got 70000000'),
  })
  expect(pull).not.toHaveBeenCalled()
})

describe('an attempt in which nothing happens ends', () => {
  const whenAborted = (signal: AbortSignal) =>
    new Promise<never>((_, reject) =>
      signal.addEventListener('abort', () => reject(signal.reason), { once: true }),
    )

  test.each<[string, Transport]>([
    ['before the answer', (request) => whenAborted(request.signal)],
    [
      'in its body, however often a byte comes',
      async (request) => {
        const body = new ReadableStream<Uint8Array>({
          async pull(controller) {
            await new Promise((resolve) => setTimeout(resolve, 5))
            if (request.signal.aborted) controller.error(request.signal.reason)
            else controller.enqueue(new Uint8Array(1))
          },
        })
        return new Response(body)
      },
    ],
  ])('a stalled answer fails with E_UNAVAILABLE: %s', async (_, transport) => {
    const { signed, waits } = build(transport, 2, { stallMs: 40 })
    const error = await errorOf(signed.send(post))
    expect(error).toMatchObject({
      code: 'E_UNAVAILABLE',
      message: expect.stringContaining('no progress within 0.04 s'),
    })
    expect(sendFailure(error)).toEqual({ status: null, isRefusal: false, isUnsent: false })
    expect(waits).toHaveLength(1)
  })

  test('but not one that makes progress, up or down', async () => {
    const slowly = () => new Promise((resolve) => setTimeout(resolve, 15))
    const { signed } = build(
      async (request) => {
        for await (const _ of request.body!) await slowly()
        let left = 5
        const body = new ReadableStream<Uint8Array>({
          async pull(controller) {
            await slowly()
            if (left-- > 0) controller.enqueue(new Uint8Array(2000))
            else controller.close()
          },
        })
        return new Response(body)
      },
      1,
      { stallMs: 60 },
    )
    const { bytes } = await signed.send({ ...post, body: new Uint8Array(5 * 65_536) })
    expect(bytes).toHaveLength(10_000)
  })
})

const page = (status: number) =>
  new Response('<html>', { status, headers: { 'content-type': 'text/html' } })

test.each([
  ['a sign-in page', () => page(200), 'E_UNAVAILABLE', /gateway answered 200 .*sign-in/, 0],
  ['a page that forbids', () => page(403), 'E_UNAVAILABLE', /gateway answered 403/, 0],
  ['a page of a gateway', () => page(502), 'E_UNAVAILABLE', /gateway answered 502/, 2],
  [
    'a proxy that requires credentials',
    () => page(407),
    'E_UNAVAILABLE',
    /requires credentials/,
    0,
  ],
  ['a limit of size', () => page(413), 'E_UNAVAILABLE', /rejects 7 bytes \(413\)/, 0],
  [
    'a redirect',
    () => new Response(null, { status: 301, headers: { location: 'https://new.test/v1/checkin' } }),
    'E_UPSTREAM',
    /has moved to https:\/\/new\.test: enrol/,
    0,
  ],
] as const)('%s has its own error', async (_, answer, code, message, waited) => {
  const { signed, waits } = build(async () => answer())
  const error = await errorOf(signed.send(post))
  expect(error).toMatchObject({ code, message: expect.stringMatching(message) })
  expect(sendFailure(error)).toEqual({
    status: answer().status,
    isRefusal: false,
    isUnsent: false,
  })
  expect(waits).toHaveLength(waited)
})

test('the details of a failure are available', async () => {
  const refused = build(async () => json(409, { error: { code: 'E_TWICE', message: 'x' } }))
  expect(sendFailure(await errorOf(refused.signed.send(post)))).toEqual({
    status: 409,
    isRefusal: true,
    isUnsent: false,
  })
  expect(sendFailure(new Error('another'))).toBeNull()
})

test('an address that is not encrypted is refused before anything leaves, and not tried again', async () => {
  const { signed, waits } = build(() =>
    openTransport({})(new Request('http://server.test/v1/checkin')),
  )
  const error = await errorOf(signed.send(post))
  expect(error).toMatchObject({ code: 'E_INSECURE' })
  expect(sendFailure(error)).toEqual({ status: null, isRefusal: false, isUnsent: true })
  expect(waits).toEqual([])
})

describe('over a real connection', () => {
  const servers: Server[] = []
  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections()
      server.close()
    }
  })
  const connected = async (listener: RequestListener, more: { stallMs?: number } = {}) => {
    const server = createServer(listener)
    servers.push(server)
    const serverUrl = `http://127.0.0.1:${await listen(server)}`
    return build(openTransport({}), 1, { serverUrl, ...more }).signed
  }
  const update = { ...post, method: 'PUT', body: new Uint8Array(20_000_000).fill(7) } as const

  test('an update is sent with its length and without an identity', async () => {
    let seen = {}
    const signed = await connected(async (request, response) => {
      let bytes = 0
      for await (const chunk of request) bytes += chunk.length
      seen = { ...request.headers, bytes }
      response.end('{}')
    })
    await signed.send(update)
    expect(seen).toMatchObject({
      bytes: 20_000_000,
      'content-length': '20000000',
      'user-agent': 'loreweave',
      'content-digest': expect.any(String),
    })
    expect(seen).not.toHaveProperty('transfer-encoding')
    expect(seen).not.toHaveProperty('accept-language')
  })

  test('a server that stops to read ends the attempt', async () => {
    const signed = await connected(() => {}, { stallMs: 200 })
    expect(await errorOf(signed.send(update))).toMatchObject({
      code: 'E_UNAVAILABLE',
      message: expect.stringContaining('no progress'),
    })
  })

  test('a refusal before the end of the upload is reported', async () => {
    const signed = await connected((_, response) => {
      response.writeHead(413, { 'content-type': 'text/html' })
      response.end('<html>')
    })
    expect(await errorOf(signed.send(update))).toMatchObject({
      code: 'E_UNAVAILABLE',
      message: expect.stringContaining('rejects 20000000 bytes (413)'),
    })
  })
})
