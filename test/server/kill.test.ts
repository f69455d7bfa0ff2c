import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { decodeRelease } from '../../adapters/contributions/messages.ts'
import { sha256Hex } from '../../adapters/node/sha256.ts'
import type { Assignment } from '../../adapters/wire/federation.ts'
import { enrolledDevices, testServer, tinyJob, updateFor } from '../support/federation-fixture.ts'
import { jobEnd, type ServerProcess, startServer } from '../support/server-process.ts'

const root = mkdtempSync(join(tmpdir(), 'loreweave-kill-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const spec = tinyJob()
const NAMES = ['first', 'second'] as const

type Device = ReturnType<ServerProcess['device']>
type Member = { device: Device; assignment: Assignment }

/** A job and two devices that joined its round. */
const joined = async (server: ServerProcess) => {
  const { id } = await server.operator.createJob(spec)
  const members: Member[] = []
  for (const name of NAMES) {
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

/** What a server that nothing disturbs releases from the same two updates. */
const undisturbed = async () => {
  const server = testServer()
  const { id } = await server.operator.createJob(spec)
  for (const [i, device] of (await enrolledDevices(server, 2)).entries()) {
    const assignment = await device.join(spec)
    await device.upload(assignment, updateFor(assignment, NAMES[i]!))
  }
  await server.settle()
  const job = await server.operator.job(id)
  return contentOf(await server.operator.releaseBytes(job.head!))
}

describe('a server that is killed with SIGKILL', () => {
  test('between two uploads, and again after the last, releases what an undisturbed one releases', async () => {
    const data = join(root, 'data')
    const first = await startServer(data)
    const round = await joined(first)
    expect(await upload(first, round.first)).toBe(202)
    await first.kill()

    const second = await startServer(data)
    expect(await upload(second, round.first)).toBe(200)
    expect(await upload(second, round.second)).toBe(202)
    await second.kill()

    // From here on, the same data must give the same bytes wherever and whenever it goes on.
    const copy = join(root, 'copy')
    cpSync(data, copy, { recursive: true })
    const servers = await Promise.all([startServer(data), startServer(copy)])
    const releases = await Promise.all(servers.map((server) => releaseOf(server, round.id)))
    expect(sha256Hex(releases[0]!)).toBe(sha256Hex(releases[1]!))
    expect(contentOf(releases[0]!)).toEqual(await undisturbed())
    expect(await Promise.all(servers.map((server) => server.stop()))).toEqual([0, 0])
  })
})
