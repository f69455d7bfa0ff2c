import { describe, expect, test } from 'vitest'
import { newKeyPair } from '../../../adapters/wire/signature.ts'
import { openFolder } from '../../../server/store/open.ts'
import {
  checkInOf,
  enrolledDevices,
  expectRefusal,
  START,
  type TestDevice,
  type TestServer,
  testServer,
  tinyJob,
} from '../../support/federation-fixture.ts'

const spec = tinyJob()
const json = (body: unknown) => new TextEncoder().encode(JSON.stringify(body))

describe('signatures', () => {
  test.each<
    [
      string,
      (device: TestDevice, server: TestServer) => Promise<Response> | Request,
      number,
      string,
    ]
  >([
    [
      'no signature',
      () => new Request('http://server.test/v1/checkin', { method: 'POST', body: '{}' }),
      401,
      'E_UNSIGNED',
    ],
    [
      'a key that is not enrolled',
      (_, s) => s.device().sendJson('POST', '/v1/checkin', {}),
      401,
      'E_NOT_ENROLLED',
    ],
    [
      "another's key id",
      (d) => d.sendJson('POST', '/v1/checkin', {}, { secretKey: newKeyPair().secretKey }),
      401,
      'E_SIGNATURE',
    ],
    [
      'a clock six minutes slow',
      (d) => d.sendJson('POST', '/v1/checkin', {}, { nowMs: START - 360_000 }),
      401,
      'E_CLOCK',
    ],
    [
      'a clock six minutes fast',
      (d) => d.sendJson('POST', '/v1/checkin', {}, { nowMs: START + 360_000 }),
      401,
      'E_CLOCK',
    ],
    [
      'a body that was changed',
      (d) => {
        const { headers } = d.signed('POST', '/v1/checkin', json({ a: 1 }))
        return new Request('http://server.test/v1/checkin', {
          method: 'POST',
          headers,
          body: '{"a":2}',
        })
      },
      401,
      'E_SIGNATURE',
    ],
    [
      'another path',
      (d) => {
        const { headers } = d.signed('GET', `/v1/releases/${'a'.repeat(64)}`)
        return new Request(`http://server.test/v1/releases/${'b'.repeat(64)}`, { headers })
      },
      401,
      'E_SIGNATURE',
    ],
    [
      'a signature header that is not of this form',
      (d) => {
        const { headers } = d.signed('POST', '/v1/checkin', json({}))
        headers.set('signature-input', 'sig1=();created=1')
        return new Request('http://server.test/v1/checkin', { method: 'POST', headers, body: '{}' })
      },
      401,
      'E_SIGNATURE',
    ],
  ])('refuse %s', async (_, send, status, code) => {
    const server = testServer()
    const [device] = await enrolledDevices(server, 1)
    const sent = await send(device!, server)
    await expectRefusal(sent instanceof Request ? await server.fetch(sent) : sent, status, code)
  })

  test('nothing is read of a body that no enrolled device signed', async () => {
    const server = testServer()
    let reads = 0
    const body = new ReadableStream<Uint8Array>(
      {
        pull() {
          reads++
        },
      },
      { highWaterMark: 0 },
    )
    const { headers } = server.device().signed('PUT', '/v1/rounds/x/update', new Uint8Array(1))
    const init = { method: 'PUT', headers, body, duplex: 'half' } as RequestInit
    const answer = await server.fetch(new Request('http://server.test/v1/rounds/x/update', init))
    await expectRefusal(answer, 401, 'E_NOT_ENROLLED')
    expect(reads).toBe(0)
  })

  test('a request that is sent twice is refused with E_REPLAY, also after a restart', async () => {
    const data = openFolder(':memory:')
    const server = testServer({ data })
    const [device] = await enrolledDevices(server, 1)
    const request = () =>
      device!.signed('POST', '/v1/checkin', json(checkInOf(spec, START)), {
        nonce: 'the-same-nonce-twice',
      })
    expect((await server.fetch(request())).status).toBe(200)
    await expectRefusal(await server.fetch(request()), 409, 'E_REPLAY')
    const restarted = testServer({ data })
    await expectRefusal(await restarted.fetch(request()), 409, 'E_REPLAY')
    await restarted.pass(4 * 60_000)
    await expectRefusal(await restarted.fetch(request()), 409, 'E_REPLAY')
  })

  test('a nonce is forgotten only when its signature is too old to pass', async () => {
    const server = testServer()
    const [device] = await enrolledDevices(server, 1)
    const ahead = device!.signed('POST', '/v1/checkin', json(checkInOf(spec, START)), {
      nonce: 'signed-by-a-fast-clock',
      nowMs: START + 290_000,
    })
    expect((await server.fetch(ahead.clone())).status).toBe(200)
    await server.pass(590_000)
    await expectRefusal(await server.fetch(ahead.clone()), 409, 'E_REPLAY')
    await server.pass(10_000)
    await expectRefusal(await server.fetch(ahead), 401, 'E_CLOCK')
  })
})
