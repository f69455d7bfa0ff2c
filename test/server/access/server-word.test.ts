// The server's key, as devices meet it over HTTP.
import { expect, test } from 'vitest'
import { readEnrolmentToken } from '../../../adapters/wire/enrolment-token.ts'
import {
  ANSWER_SIGNATURE,
  isSignedAnswer,
  replacedKey,
  type ServerKeyResponse,
} from '../../../adapters/wire/server-key.ts'
import { fingerprintOf } from '../../../adapters/wire/spoken.ts'
import { scene, type TestServer, testServer, tinyJob } from '../../support/federation-fixture.ts'

const keyOf = async (server: TestServer) => {
  const answer = await server.fetch(new Request('http://server.test/v1/server/key'))
  return (await answer.json()) as ServerKeyResponse
}

const rotate = (server: TestServer) => server.operator.call('POST', '/v1/operator/server-key')

/** Whether the answer to the request is signed by the key. */
const isSigned = async (server: TestServer, request: Request, publicKey: string) => {
  const asked = request.headers.get('signature')!
  const answer = await server.fetch(request)
  const body = new Uint8Array(await answer.arrayBuffer())
  const signature = answer.headers.get(ANSWER_SIGNATURE)
  return isSignedAnswer({ asked, status: answer.status, body }, signature, publicKey)
}

test('the key is made with the store, and stays', async () => {
  const server = testServer()
  const { publicKey, rotations } = await keyOf(server)
  expect(rotations).toEqual([])
  expect(await keyOf(testServer({ data: server.data }))).toMatchObject({ publicKey })
  expect(await keyOf(testServer())).not.toMatchObject({ publicKey })
})

test('answers to devices are signed, each for its own request', async () => {
  const { server, device, assignment } = await scene()
  const { publicKey } = await keyOf(server)
  const path = `/v1/rounds/${assignment.roundId}`
  const request = device.signed('GET', path)
  expect(await isSigned(server, request, publicKey)).toBe(true)
  const { publicKey: another } = await keyOf(testServer())
  expect(await isSigned(server, device.signed('GET', path), another)).toBe(false)
})

test('the bytes of a release and refusals have no signature', async () => {
  const { device, assignment } = await scene()
  const release = await device.release(assignment.release)
  const refusal = await device.release('0'.repeat(64))
  expect([release.status, refusal.status]).toEqual([200, 404])
  for (const { headers } of [release, refusal]) expect(headers.get(ANSWER_SIGNATURE)).toBeNull()
})

test('tokens name the key, and the secret half of it is what enrols', async () => {
  const server = testServer()
  const token = await server.operator.token()
  const { secret, fingerprint } = readEnrolmentToken(token)
  expect(fingerprint).toBe(fingerprintOf((await keyOf(server)).publicKey))
  expect((await server.device('whole').enroll(token)).status).toBe(201)
  const [next] = [readEnrolmentToken(await server.operator.token())]
  expect((await server.device('secret').enroll(next.secret)).status).toBe(201)
  expect(secret).not.toContain('.')
})

test('a replaced key is named by the one before, whose secret half is gone from the store', async () => {
  const server = testServer()
  const before = (await keyOf(server)).publicKey
  const { secretKey } = JSON.parse((await server.store.setting('server-key'))!)
  expect((await rotate(server)).status).toBe(201)
  expect((await rotate(server)).status).toBe(201)
  const now = await keyOf(server)
  expect(replacedKey(before, now)).toBe(now.publicKey)
  expect(now.rotations).toHaveLength(2)
  expect(await server.store.setting('server-key')).not.toContain(secretKey)
})

test('another server on the store signs with the new key from its next tick on', async () => {
  const { server, device, assignment } = await scene(tinyJob())
  const second = testServer({ data: server.data, seed: 'second' })
  const before = (await keyOf(second)).publicKey
  await rotate(server)
  const ask = () => device.signed('GET', `/v1/rounds/${assignment.roundId}`)
  expect(await isSigned(second, ask(), before)).toBe(true)
  await second.settle()
  expect(await isSigned(second, ask(), (await keyOf(server)).publicKey)).toBe(true)
})
