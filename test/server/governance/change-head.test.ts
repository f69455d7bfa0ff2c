import { describe, expect, test } from 'vitest'
import { partsOf } from '../../../adapters/container/container.ts'
import { decodeRelease } from '../../../adapters/contributions/messages.ts'
import type { JobSpecInput } from '../../../adapters/wire/jobs.ts'
import type { LineageView } from '../../../adapters/wire/operator.ts'
import { isStaged, LEAST_JUDGES } from '../../../server/releases/rollout.ts'
import {
  enrolledDevices,
  expectRefusal,
  type TestDevice,
  type TestServer,
  testServer,
  tinyJob,
  updateFor,
} from '../../support/federation-fixture.ts'

const protocol = 1

/** A lineage whose releases 1 to n come from one device each. */
const federation = async (rounds: number, overrides: Partial<JobSpecInput> = {}) => {
  const job = tinyJob({ rounds: 20, cohort: { size: 2, goal: 1, minimum: 1 }, ...overrides })
  const server = testServer()
  const { id } = await server.operator.createJob(job)
  const devices = await enrolledDevices(server, 2)
  for (let i = 0; i < rounds; i++) await contribute(server, devices[0]!, job, `update-${i}`)
  const [lineage] = await lineages(server)
  return { server, job, jobId: id, device: devices[0]!, other: devices[1]!, line: lineage!.id }
}

const contribute = async (
  server: TestServer,
  device: TestDevice,
  job: JobSpecInput,
  seed: string,
) => {
  const assignment = await device.join(job)
  await device.upload(assignment, updateFor(assignment, seed))
  await server.settle()
  return assignment
}

const lineages = async ({ operator }: TestServer): Promise<LineageView[]> => {
  const answer = await operator.call('GET', '/v1/operator/lineages')
  return ((await answer.json()) as { lineages: LineageView[] }).lineages
}

const act = (server: TestServer, line: string, deed: string, body: object = {}) =>
  server.operator.call('POST', `/v1/operator/lineages/${line}/${deed}`, { protocol, ...body })

const releases = async (server: TestServer) =>
  (await server.store.releases()).map(({ summary }) => summary)

const bytesOf = async (server: TestServer, hash: string) =>
  decodeRelease(await server.operator.releaseBytes(hash))

const headOf = async (device: TestDevice, job: JobSpecInput) => (await device.checkIn(job)).head

describe('a rollback', () => {
  test('is a new version with the old parts, in a basis epoch that never was', async () => {
    const { server, line } = await federation(3)
    const before = await releases(server)
    const answer = await act(server, line, 'rollback', { version: 1 })
    expect(answer.status).toBe(201)
    const all = await releases(server)
    const made = all.at(-1)!
    expect(made).toMatchObject({ version: 4, parent: before[3]!.hash, restores: 1, roundId: null })
    expect(Math.max(...before.map((one) => one.basisEpoch))).toBeLessThan(made.basisEpoch)
    expect(partsOf(await bytesOf(server, made.hash))).toEqual(
      partsOf(await bytesOf(server, before[1]!.hash)),
    )
  })

  test('reaches every device at its next check-in, and rounds go on from it', async () => {
    const { server, job, line, device, other } = await federation(2)
    await act(server, line, 'rollback', { version: 1 })
    const made = (await releases(server)).at(-1)!
    expect(await headOf(device, job)).toBe(made.hash)
    const assignment = await contribute(server, other, job, 'after')
    expect(assignment).toMatchObject({ release: made.hash, basisEpoch: made.basisEpoch })
    // The strategy goes on where it was: after one round, with the other factor.
    expect(assignment.factor).toBe('A')
    expect((await releases(server)).at(-1)).toMatchObject({ version: 4, parent: made.hash })
  })

  test('gives up the open round: its updates are forgotten, and later ones refused', async () => {
    const cohort = { size: 3, goal: 2, minimum: 1 }
    const { server, line, device, other } = await federation(0, { cohort })
    const job = tinyJob({ cohort })
    for (const [i, each] of [device, other].entries()) {
      const assignment = await each.join(job)
      await each.upload(assignment, updateFor(assignment, `first-${i}`))
    }
    await server.settle()
    const open = await device.join(job)
    await device.upload(open, updateFor(open, 'early'))
    const late = await other.join(job)
    expect(await server.objects.list()).toHaveLength(3)
    await act(server, line, 'rollback', { version: 0 })
    expect((await server.objects.list()).sort()).toEqual(
      (await releases(server)).map(({ hash }) => hash).sort(),
    )
    const answer = await other.upload(late, updateFor(late, 'late'))
    await expectRefusal(answer, 409, 'E_ROUND_CLOSED')
    const rounds = (await server.operator.job(late.jobId)).rounds
    expect(rounds.map(({ phase }) => phase)).toEqual(['released', 'abandoned', 'collecting'])
    expect(rounds[1]!.reason).toBe('rolled back to version 0')
    expect(rounds[2]!.attempt).toBe(0)
  })

  test('of an unknown lineage or version is refused, and so is one to the newest', async () => {
    const { server, line } = await federation(1)
    await expectRefusal(await act(server, line, 'rollback', { version: 9 }), 404, 'E_NO_RELEASE')
    await expectRefusal(await act(server, 'none', 'rollback', { version: 0 }), 404, 'E_NO_RELEASE')
    await expectRefusal(await act(server, line, 'rollback', { version: 1 }), 409, 'E_CONFLICT')
    expect(await releases(server)).toHaveLength(2)
  })
})

test('a new scale is set by the statistics after a rescale, and the prior begins anew', async () => {
  const { server, job, line, device } = await federation(3)
  const before = (await releases(server)).at(-1)!
  expect(before.parts).toContain('prior')
  await act(server, line, 'rescale')
  const bare = (await releases(server)).at(-1)!
  expect(bare).toMatchObject({ version: 4, parts: ['adapter'] })
  expect(bare.restores).toBeUndefined()
  await contribute(server, device, job, 'other statistics')
  const scaled = (await releases(server)).at(-1)!
  expect(scaled.parts).toEqual(['adapter', 'statistics'])
  await expectRefusal(await act((await federation(0)).server, line, 'rescale'), 409, 'E_CONFLICT')
})

describe('a staged release', () => {
  /** One device that is staged and one that is not. */
  const staged = async () => {
    const scene = await federation(1)
    await act(scene.server, scene.line, 'stage', { share: 0.5 })
    const more = await enrolledDevices(scene.server, 60)
    const early = more.filter(({ id }) => isStaged(scene.line, id, 0.5))
    const late = more.filter(({ id }) => !isStaged(scene.line, id, 0.5))
    return { ...scene, early, late }
  }

  test('is followed by its share until it is promoted, then by all', async () => {
    const { server, job, line, device, early, late } = await staged()
    const [, promoted] = await releases(server)
    await contribute(server, device, job, 'next')
    const newest = (await releases(server)).at(-1)!
    expect(await headOf(early[0]!, job)).toBe(newest.hash)
    expect(await headOf(late[0]!, job)).toBe(promoted!.hash)
    await expectRefusal(await act(server, line, 'stage', { share: 0.1 }), 409, 'E_CONFLICT')
    expect((await act(server, line, 'promote')).status).toBe(200)
    expect(await headOf(late[0]!, job)).toBe(newest.hash)
  })

  test('that its devices report as worse is rolled back, for all of them alike', async () => {
    const { server, job, line, device, early, late } = await staged()
    await contribute(server, device, job, 'a bad one')
    const bad = (await releases(server)).at(-1)!
    const judges = early.slice(0, LEAST_JUDGES)
    expect(judges).toHaveLength(LEAST_JUDGES)
    for (const [i, judge] of judges.entries()) {
      const body = { protocol, difference: -0.2 - 0.01 * (i % 4) }
      const path = `/v1/releases/${bad.hash}/judgement`
      expect((await judge.sendJson('POST', path, body)).status).toBe(202)
      const again = await judge.sendJson('POST', path, body)
      expect(await again.json()).toMatchObject({ duplicate: true })
    }
    expect((await lineages(server))[0]).toMatchObject({ judged: { devices: LEAST_JUDGES } })
    await server.settle()
    const restored = (await releases(server)).at(-1)!
    expect(restored).toMatchObject({ version: bad.version + 1, restores: 1 })
    expect(await headOf(early[0]!, job)).toBe(restored.hash)
    expect(await headOf(late[0]!, job)).toBe(restored.hash)
    // Once, not at each tick.
    await server.settle()
    expect((await releases(server)).at(-1)).toEqual(restored)
    expect((await lineages(server))[0]).toMatchObject({ id: line, share: 0.5 })
  })

  test('keeps no judgement of a release that is not there', async () => {
    const { device } = await staged()
    const path = `/v1/releases/${'0'.repeat(64)}/judgement`
    const answer = await device.sendJson('POST', path, { protocol, difference: 0 })
    await expectRefusal(answer, 404, 'E_NO_RELEASE')
  })
})
