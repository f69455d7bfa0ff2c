import { describe, expect, test } from 'vitest'
import { MAX_JSON_BYTES } from '../../../adapters/wire/primitives.ts'
import {
  checkInOf,
  enrolledDevices,
  expectRefusal,
  START,
  testServer,
  tinyJob,
} from '../../support/federation-fixture.ts'

const spec = tinyJob()
const json = (body: unknown) => new TextEncoder().encode(JSON.stringify(body))

describe('bodies', () => {
  const checkIn = async (body: Uint8Array) => {
    const server = testServer()
    const [device] = await enrolledDevices(server, 1)
    return server.fetch(device!.signed('POST', '/v1/checkin', body))
  }

  test.each<[string, Uint8Array, number, string]>([
    ['malformed JSON', new TextEncoder().encode('{"a":'), 400, 'E_BODY'],
    ['bytes that are not UTF-8', Uint8Array.of(0xff, 0xfe), 400, 'E_BODY'],
    ['JSON that is not an object', json(null), 400, 'E_BODY'],
    ['an unknown field', json({ ...checkInOf(spec, START), extra: 1 }), 400, 'E_BODY'],
    ['a missing field', json({ protocol: 1 }), 400, 'E_BODY'],
    ['another protocol, even where all else is wrong', json({ protocol: 2 }), 400, 'E_PROTOCOL'],
    ['too many bytes', new Uint8Array(MAX_JSON_BYTES + 1), 413, 'E_TOO_LARGE'],
  ])('refuses %s', async (_, body, status, code) => {
    await expectRefusal(await checkIn(body), status, code)
  })

  test('names the field that is wrong and never repeats its value', async () => {
    const answer = await checkIn(json({ ...checkInOf(spec, START), choices: 'my secret' }))
    const text = await answer.text()
    expect(text).toContain('choices')
    expect(text).not.toContain('my secret')
  })

  /** As it comes over HTTP: with its length, read in one go. */
  const withLength = async (body: Uint8Array, stream?: ReadableStream<Uint8Array>) => {
    const limits = { pace: { bytes: 1000, withinMs: 50 } }
    const server = testServer({ traffic: { limits } })
    const [device] = await enrolledDevices(server, 1)
    const type = { 'content-type': 'application/json' }
    const { url, headers } = device!.signed('POST', '/v1/checkin', body, { headers: type })
    headers.set('content-length', String(body.length))
    const init = { method: 'POST', headers, body: stream ?? body, duplex: 'half' }
    return server.fetch(new Request(url, init as RequestInit))
  }

  test('a body whose length is told is read, checked against its digest, and not waited for', async () => {
    const good = json(checkInOf(spec, START))
    expect((await withLength(good)).status).toBe(200)
    const other = new Response(json({ ...checkInOf(spec, START), choices: '0' })).body!
    await expectRefusal(await withLength(good, other), 401, 'E_SIGNATURE')
    const never = new ReadableStream<Uint8Array>({ pull: () => new Promise(() => {}) })
    await expectRefusal(await withLength(good, never), 408, 'E_TOO_SLOW')
    await expectRefusal(await withLength(new Uint8Array(MAX_JSON_BYTES + 1)), 413, 'E_TOO_LARGE')
  })
})
