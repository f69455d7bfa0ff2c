import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { decodeRelease } from '../../adapters/codec/container.ts'
import { sha256Hex } from '../../adapters/codec/digest.ts'
import type { Assignment } from '../../adapters/wire/federation.ts'
import { tinyJob, updateFor } from '../support/federation-fixture.ts'
import { jobEnd, type ServerProcess, startServer } from '../support/server-process.ts'

const root = mkdtempSync(join(tmpdir(), 'loreweave-kill-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const spec = tinyJob()

type Device = ReturnType<ServerProcess['device']>
type Member = { device: Device; assignment: Assignment }

/** A job and two devices that joined its round. */
const joined = async (server: ServerProcess) => {
  const { id } = await server.operator.createJob(spec)
  const members: Member[] = []
  for (const name of ['first', 'second']) {
    const device = server.device(name)
    await device.enroll(await server.operator.token())
    members.push({ device, assignment: await device.join(spec) })
  }
  return { id, first: members[0]!, second: members[1]! }
}

const upload = async (server: ServerProcess, { device, assignment }: Member) => {
  const path = `/v1/rounds/${assignment.roundId}/update`
  const headers = { 'upload-token': assignment.uploadToken }
  const body = updateFor(assignment, device.name)
  // The same keys, at the address where the server listens now.
  const here = server.device(device.name).signed('PUT', path, body, {
    headers,
    keyId: device.id,
    secretKey: device.keys.secretKey,
    nonce: `upload-${device.name}-${performance.now()}`.replace('.', '-'),
  })
  return (await fetch(here)).status
}

const releaseOf = async (server: ServerProcess, id: string) => {
  const job = await jobEnd(server.operator, id)
  expect(job.state).toBe('completed')
  return server.operator.releaseBytes(job.head!)
}

/** Everything in a release but ids and times, which two servers never share. */
const contentOf = (bytes: Uint8Array) => {
  const { header, payload } = decodeRelease(bytes)
  const { jobId, roundId, createdAt, parent, inputs, ...same } = header
  expect([jobId, roundId, createdAt, parent, inputs]).not.toContain(null)
  return { same, payload: sha256Hex(new Uint8Array(payload.buffer)) }
}

describe('a server that is killed', () => {
  test('between two uploads goes on and releases what an undisturbed server releases', async () => {
    const calm = await startServer(join(root, 'calm'))
    const calmRound = await joined(calm)
    expect(await upload(calm, calmRound.first)).toBe(202)
    expect(await upload(calm, calmRound.second)).toBe(202)
    const expected = contentOf(await releaseOf(calm, calmRound.id))
    expect(await calm.stop()).toBe(0)

    const before = await startServer(join(root, 'killed'))
    const round = await joined(before)
    expect(await upload(before, round.first)).toBe(202)
    await before.kill()
    const after = await startServer(join(root, 'killed'))
    expect(await upload(after, round.first)).toBe(200)
    expect(await upload(after, round.second)).toBe(202)
    expect(contentOf(await releaseOf(after, round.id))).toEqual(expected)
    expect(await after.stop()).toBe(0)
  })

  test('right after the last upload releases the same bytes from every copy of its data', async () => {
    const data = join(root, 'closed')
    const server = await startServer(data)
    const round = await joined(server)
    await upload(server, round.first)
    expect(await upload(server, round.second)).toBe(202)
    await server.kill()
    cpSync(data, join(root, 'copy'), { recursive: true })
    const hashes = []
    for (const folder of [data, join(root, 'copy')]) {
      const again = await startServer(folder)
      hashes.push(sha256Hex(await releaseOf(again, round.id)))
      expect(await again.stop()).toBe(0)
    }
    expect(hashes[0]).toBe(hashes[1])
  })
})
