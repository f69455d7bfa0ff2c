import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { sha256Hex } from '../../../adapters/node/sha256.ts'
import {
  expectRefusal,
  scene,
  testServer,
  tinyJob,
  updateFor,
} from '../../support/federation-fixture.ts'
import { ask, bodyOf, patch, pathOf, streamed } from '../../support/uploading.ts'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

const newFolder = () => {
  const folder = mkdtempSync(join(tmpdir(), 'loreweave-test-'))
  folders.push(folder)
  return folder
}

describe('with two servers on the same data, an upload', () => {
  const two = async () => {
    const first = await scene(tinyJob(), { traffic: { folder: newFolder() } })
    const { data } = first.server
    const second = testServer({ data, traffic: { folder: newFolder() }, seed: 'second' })
    return { ...first, second }
  }

  test('in pieces may send each to another one', async () => {
    const { server, second, device, assignment } = await two()
    const bytes = updateFor(assignment, 'a')
    const send = (at: typeof second, from: number, to: number, isLast = false) =>
      at.fetch(patch(device, assignment, bytes, [from, to], isLast))
    expect((await send(server, 0, 200)).status).toBe(204)
    const asked = await second.fetch(ask(device, assignment, bytes))
    expect(asked.headers.get('upload-offset')).toBe('200')
    expect((await send(second, 200, 400)).headers.get('upload-offset')).toBe('400')
    const last = await send(server, 400, bytes.length, true)
    expect(await last.json()).toMatchObject({ accepted: true, digest: sha256Hex(bytes) })
    expect(await server.objects.get(sha256Hex(bytes))).toEqual(bytes)
    // The pieces are gone, their records too.
    expect(await server.objects.list()).toHaveLength(2)
    expect(await server.store.parts(assignment.roundId, device.id)).toEqual([])
  })

  test('whose piece broke off at one begins anew at the other', async () => {
    const { server, second, device, assignment } = await two()
    const bytes = updateFor(assignment, 'a')
    const { stream } = bodyOf(bytes.subarray(0, 100), 'breaks')
    await server.fetch(streamed(device, assignment, stream, { signed: bytes }))
    const asked = await second.fetch(ask(device, assignment, bytes))
    expect(asked.headers.get('upload-offset')).toBe('0')
    const rest = await second.fetch(patch(device, assignment, bytes, [100, bytes.length]))
    await expectRefusal(rest, 409, 'E_CONFLICT')
    const whole = device.signed('PUT', pathOf(assignment), bytes, {
      headers: { 'upload-token': assignment.uploadToken },
    })
    expect((await second.fetch(whole)).status).toBe(202)
  })

  test('of other bytes takes the place of the pieces before', async () => {
    const { server, second, device, assignment } = await two()
    const [a, b] = [updateFor(assignment, 'a'), updateFor(assignment, 'b')]
    await server.fetch(patch(device, assignment, a, [0, 200], false))
    await second.fetch(patch(device, assignment, b, [0, 200], false))
    expect(await server.objects.list()).toHaveLength(2)
    const asked = await server.fetch(ask(device, assignment, b))
    expect(asked.headers.get('upload-offset')).toBe('200')
    expect((await second.fetch(patch(device, assignment, b, [200, b.length]))).status).toBe(202)
    expect(await server.objects.list()).toEqual(
      expect.arrayContaining([assignment.release, sha256Hex(b)]),
    )
  })
})
