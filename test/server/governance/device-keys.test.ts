import { expect, test } from 'vitest'
import { keyProof } from '../../../adapters/wire/key-proof.ts'
import { type KeyPair, newKeyPair } from '../../../adapters/wire/signature.ts'
import {
  codeOf,
  expectRefusal,
  scene,
  type TestDevice,
  tinyJob,
  updateFor,
} from '../../support/federation-fixture.ts'

const protocol = 1

const announce = (device: TestDevice, next: KeyPair, proof = keyProof(device.id, next)) =>
  device.sendJson('POST', '/v1/device/key', { protocol, publicKey: next.publicKey, proof })

test('both keys are good until the new one has signed; then an update for a round of before still counts', async () => {
  const { server, device, assignment } = await scene()
  const next = newKeyPair()
  expect((await announce(device, next)).status).toBe(200)
  expect((await announce(device, next)).status).toBe(200)
  const question = device.signed('GET', `/v1/rounds/${assignment.roundId}`)
  expect((await server.fetch(question)).status).toBe(200)
  const bytes = updateFor(assignment, 'mine')
  const signed = device.signed('PUT', `/v1/rounds/${assignment.roundId}/update`, bytes, {
    headers: { 'upload-token': assignment.uploadToken, 'content-type': 'application/octet-stream' },
    secretKey: next.secretKey,
  })
  expect((await server.fetch(signed)).status).toBe(202)
  const late = await device.checkIn(tinyJob()).catch(() => undefined)
  expect(late).toMatchObject({ error: { code: 'E_SIGNATURE' } })
  expect(await server.store.device(device.id)).toMatchObject({ publicKey: next.publicKey })
})

test('a key is not announced without its own proof, nor a third one beside two', async () => {
  const { device, other } = await scene()
  const next = newKeyPair()
  const stolen = keyProof(other.id, next)
  await expectRefusal(await announce(device, next, stolen), 401, 'E_SIGNATURE')
  await announce(device, next)
  await expectRefusal(await announce(device, newKeyPair()), 409, 'E_CONFLICT')
})

test('a key that was replaced cannot enrol again', async () => {
  const { server, device } = await scene()
  const next = newKeyPair()
  await announce(device, next)
  await device.sendJson(
    'POST',
    '/v1/device/key',
    { protocol, publicKey: next.publicKey, proof: keyProof(device.id, next) },
    { secretKey: next.secretKey },
  )
  expect(await codeOf(await device.enroll(await server.operator.token()))).toBe('E_NOT_ENROLLED')
})
