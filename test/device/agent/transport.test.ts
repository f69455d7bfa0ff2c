import { expect, test } from 'vitest'
import { seededRng } from '../../../adapters/random.ts'
import {
  deviceIdOf,
  newKeyPair,
  readSignatureInput,
  verifySignature,
} from '../../../adapters/wire/signature.ts'
import { signedTransport, type Transport, timerSleep } from '../../../device/agent/transport.ts'

const key = newKeyPair()
const build = (transport: Transport, attempts = 3) => {
  const waits: number[] = []
  const log: { what: string; bytes: number; digest: string }[] = []
  const signed = signedTransport({
    serverUrl: 'https://server.test/base/',
    transport,
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
      url: request.url,
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

test('writes what is sent in the log before it is sent, and counts bytes', async () => {
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
