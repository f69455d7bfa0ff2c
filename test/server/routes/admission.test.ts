import { describe, expect, test } from 'vitest'
import {
  checkInOf,
  enrolledDevices,
  expectRefusal,
  START,
  testServer,
  tinyJob,
} from '../../support/federation-fixture.ts'

const body = new TextEncoder().encode(JSON.stringify(checkInOf(tinyJob(), START)))

describe('rate limits', () => {
  test('a device that asks too often is told with 429 when to come back; others are not', async () => {
    let now = 0
    const limits = { byDevice: { burst: 2, perSecond: 0.1 } }
    const server = testServer({ traffic: { limits, monotonicMs: () => now } })
    const [device, other] = await enrolledDevices(server, 2)
    const ask = (who = device!) => server.fetch(who.signed('POST', '/v1/checkin', body))
    expect((await ask()).status).toBe(200)
    expect((await ask()).status).toBe(200)
    const turned = await ask()
    expect(turned.headers.get('retry-after')).toBe('10')
    await expectRefusal(turned, 429, 'E_TOO_MANY')
    expect((await ask(other)).status).toBe(200)
    now += 10_000
    expect((await ask()).status).toBe(200)
  })

  test("nobody else can use up a device's requests: its signature is checked first", async () => {
    const limits = { byDevice: { burst: 1, perSecond: 0.1 } }
    const server = testServer({ traffic: { limits } })
    const [device, other] = await enrolledDevices(server, 2)
    const forged = { keyId: device!.id, secretKey: other!.keys.secretKey }
    const sent = () => server.fetch(device!.signed('POST', '/v1/checkin', body, forged))
    for (let i = 0; i < 3; i++) await expectRefusal(await sent(), 401, 'E_SIGNATURE')
    expect((await server.fetch(device!.signed('POST', '/v1/checkin', body))).status).toBe(200)
  })

  const from = (remoteAddress: string, forwarded?: string) => {
    const headers = forwarded ? { 'x-forwarded-for': forwarded } : undefined
    const request = new Request('http://server.test/v1/operator/jobs', headers && { headers })
    return [request, { incoming: { socket: { remoteAddress } } }] as const
  }

  test.each<[string, readonly [string, string?], number]>([
    ['the same address', ['192.0.2.7'], 429],
    ['another one', ['192.0.2.8'], 401],
    ['another one whose header says the same', ['192.0.2.8', '192.0.2.7'], 401],
    ['a proxy of this machine for the same address', ['127.0.0.1', '10.0.0.1, 192.0.2.7'], 429],
    ['a proxy of this machine for another', ['::ffff:127.0.0.1', '192.0.2.7, 192.0.2.8'], 401],
    ['a program of this machine', ['127.0.0.1'], 401],
  ])('after too many from an address, %s is answered %j with %i', async (_, sender, status) => {
    const limits = { byAddress: { burst: 3, perSecond: 0.1 } }
    const { app } = testServer({ traffic: { limits } })
    for (let i = 0; i < 3; i++)
      expect((await app.fetch(...from('192.0.2.7', '127.0.0.1'))).status).toBe(401)
    expect((await app.fetch(...from(...sender))).status).toBe(status)
  })
})
