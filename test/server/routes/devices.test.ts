import { describe, expect, test } from 'vitest'
import { sha256Hex } from '../../../adapters/node/sha256.ts'
import { newKeyPair } from '../../../adapters/wire/signature.ts'
import {
  expectRefusal,
  scene,
  type TestDevice,
  type TestServer,
  testServer,
  updateFor,
} from '../../support/federation-fixture.ts'

describe('enrolment', () => {
  test('answers the pseudonym, and again for the same key and token', async () => {
    const server = testServer()
    const device = server.device()
    const token = await server.operator.token()
    const answers = [await device.enroll(token), await device.enroll(token)]
    expect(answers.map((a) => a.status)).toEqual([201, 201])
    expect(await answers[0]!.json()).toEqual({ protocol: 1, deviceId: device.id })
    expect(await server.store.devices()).toHaveLength(1)
  })

  test.each<
    [string, (server: TestServer, device: TestDevice) => Promise<Response>, number, string]
  >([
    ['a token nobody made', (_, d) => d.enroll('x'.repeat(20)), 403, 'E_ENROLL_TOKEN'],
    [
      'a token that another device used',
      async (s, d) => {
        const token = await s.operator.token()
        await s.device().enroll(token)
        return d.enroll(token)
      },
      403,
      'E_ENROLL_TOKEN',
    ],
    [
      'a token past its time',
      async (s, d) => {
        const token = await s.operator.token()
        await s.pass(8 * 24 * 3600 * 1000)
        return d.enroll(token)
      },
      403,
      'E_ENROLL_TOKEN',
    ],
    [
      "another's key, not signed with it",
      async (s, d) =>
        d.sendJson('POST', '/v1/enroll', {
          protocol: 1,
          token: await s.operator.token(),
          publicKey: newKeyPair().publicKey,
        }),
      401,
      'E_SIGNATURE',
    ],
  ])('refuses %s', async (_, send, status, code) => {
    const server = testServer()
    await expectRefusal(await send(server, server.device()), status, code)
  })

  test('looks a token up before it checks any signature', async () => {
    const server = testServer()
    const device = server.device()
    const enrol = (token: string) =>
      device.sendJson(
        'POST',
        '/v1/enroll',
        { protocol: 1, token, publicKey: device.keys.publicKey },
        { secretKey: newKeyPair().secretKey },
      )
    await expectRefusal(await enrol('x'.repeat(20)), 403, 'E_ENROLL_TOKEN')
    await expectRefusal(await enrol(await server.operator.token()), 401, 'E_SIGNATURE')
  })
})

describe('releases', () => {
  test('are sent whole with their hash as ETag, and not again to whom has them', async () => {
    const { device, assignment } = await scene()
    const answer = await device.release(assignment.release)
    expect(answer.headers.get('etag')).toBe(`"${assignment.release}"`)
    expect(answer.headers.get('cache-control')).toContain('immutable')
    expect(sha256Hex(new Uint8Array(await answer.arrayBuffer()))).toBe(assignment.release)
    const again = await device.release(assignment.release, {
      'if-none-match': `"x", "${assignment.release}"`,
    })
    expect([again.status, await again.text()]).toEqual([304, ''])
  })

  test('an unknown hash is refused with E_NO_RELEASE, and an update cannot be fetched as one', async () => {
    const { device, assignment } = await scene()
    await expectRefusal(await device.release('0'.repeat(64)), 404, 'E_NO_RELEASE')
    const bytes = updateFor(assignment, 'a')
    await device.upload(assignment, bytes)
    await expectRefusal(await device.release(sha256Hex(bytes)), 404, 'E_NO_RELEASE')
  })

  test('need a signature', async () => {
    const { server, assignment } = await scene()
    const plain = await server.app.request(`/v1/releases/${assignment.release}`)
    await expectRefusal(plain, 401, 'E_UNSIGNED')
  })
})
