import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { decodeRelease } from '../../../adapters/contributions/messages.ts'
import { FedError } from '../../../adapters/errors.ts'
import { sha256Hex } from '../../../adapters/node/sha256.ts'
import { seededRng } from '../../../adapters/random.ts'
import { aggregateInProcess } from '../../../server/releases/aggregate.ts'
import type { Aggregate } from '../../../server/releases/aggregation-plan.ts'
import { createServer } from '../../../server/routes/app.ts'
import { openFolder } from '../../../server/store/open.ts'
import { silentLog } from '../../../server/telemetry/log.ts'
import {
  CREDENTIAL,
  enrolledDevices,
  operatorClient,
  START,
  scene,
  type TestDevice,
  testDevice,
  testServer,
  tinyJob,
  updateFor,
} from '../../support/federation-fixture.ts'

const root = mkdtempSync(join(tmpdir(), 'loreweave-rounds-'))
let folders = 0
const freshFolder = () => join(root, `data-${folders++}`)
afterAll(() => rmSync(root, { recursive: true, force: true }))

/** Keys of devices are random, and so may be who uploads what: the bytes depend on neither. */
const releasedWith = async (order: readonly number[]): Promise<string> => {
  const server = testServer()
  const spec = tinyJob({ cohort: { size: 4, goal: 4, minimum: 1 } })
  const job = await server.operator.createJob(spec)
  const devices = await enrolledDevices(server, 4)
  const assignments = []
  for (const device of devices) assignments.push(await device.join(spec))
  for (const i of order)
    await devices[i]!.upload(assignments[i]!, updateFor(assignments[i]!, `update-${i}`))
  await server.settle()
  return (await server.operator.job(job.id)).head!
}

const HOUR = 3_600_000

/** A server with its own aggregation and devices that send when told. */
const ownScene = async (aggregate?: Aggregate, cohort = { size: 1, goal: 1, minimum: 1 }) => {
  const data = openFolder(':memory:')
  const time = { now: START }
  const server = createServer({
    ...data,
    clock: () => time.now,
    rng: seededRng('server'),
    log: silentLog,
    config: { operatorCredential: CREDENTIAL, pace: { soonMs: 1, laterMs: 1 }, leastCohort: 1 },
    ...(aggregate && { aggregate }),
  })
  const fetch = async (request: Request) => server.app.request(request)
  const operator = operatorClient(fetch)
  const spec = tinyJob({ cohort })
  const { id: jobId } = await operator.createJob(spec)
  const devices = new Map<string, TestDevice>()
  const upload = async (name: string, isSent = true): Promise<string> => {
    const device = devices.get(name) ?? testDevice(fetch, () => time.now, name)
    if (!devices.has(name)) await device.enroll(await operator.token())
    devices.set(name, device)
    const assignment = await device.join(spec)
    const update = updateFor(assignment, name)
    if (isSent) await device.upload(assignment, update)
    return sha256Hex(update)
  }
  return { server, operator, time, upload, jobId, objects: data.objects }
}

describe('rounds', () => {
  test('the order of uploads is irrelevant to the released bytes', async () => {
    const expected = await releasedWith([0, 1, 2, 3])
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4, maxLength: 4 }),
        async (order) => {
          expect(await releasedWith(order)).toBe(expected)
        },
      ),
      { numRuns: 5 },
    )
  })

  test('alternating rounds move B, then A, each from the release before', async () => {
    const server = testServer()
    const spec = tinyJob({ rounds: 3, cohort: { size: 1, goal: 1, minimum: 1 } })
    const job = await server.operator.createJob(spec)
    const [device] = await enrolledDevices(server, 1)
    const seen = []
    for (let i = 0; i < 3; i++) {
      const assignment = await device!.join(spec)
      seen.push([assignment.factor, assignment.basisEpoch])
      await device!.upload(assignment, updateFor(assignment, `round-${i}`))
      await server.settle()
    }
    expect(seen).toEqual([
      ['B', 0],
      ['A', 1],
      ['B', 2],
    ])
    const ended = await server.operator.job(job.id)
    expect(ended.state).toBe('completed')
    expect(ended.rounds.map((r) => r.release).at(-1)).toBe(ended.head)
    const head = decodeRelease(await server.operator.releaseBytes(ended.head!)).header
    expect([head.version, head.parent]).toEqual([3, ended.rounds[1]?.release])
  })

  test("rounds of gradients go on from the optimizer's moments, of which the newest are kept", async () => {
    const server = testServer()
    const spec = tinyJob({
      rounds: 4,
      contributions: ['adapter'],
      cohort: { size: 1, goal: 1, minimum: 1 },
      training: { method: 'gradient' },
    })
    const job = await server.operator.createJob(spec)
    const [device] = await enrolledDevices(server, 1)
    const moments: (string | undefined)[] = []
    for (let i = 0; i < 4; i++) {
      const assignment = await device!.join(spec)
      expect(assignment.training.method).toBe('gradient')
      await device!.upload(assignment, updateFor(assignment, `round-${i}`))
      await server.settle()
      const { head } = await server.operator.job(job.id)
      moments.push((await server.store.release(head!))!.optimizer?.moments)
    }
    expect(new Set(moments).size).toBe(4)
    const releases = (await server.store.releases()).map(({ summary }) => summary.hash)
    const kept = [...releases, moments.at(-1)!].sort()
    expect((await server.objects.list()).sort()).toEqual(kept)
    await server.recover()
    expect((await server.objects.list()).sort()).toEqual(kept)

    const plain = await server.operator.createJob({ ...spec, rounds: 1, training: {} })
    const assignment = await device!.join(spec)
    await device!.upload(assignment, updateFor(assignment, 'plain'))
    await server.settle()
    const { head } = await server.operator.job(plain.id)
    expect((await server.store.release(head!))!.optimizer).toEqual({
      strategy: 'alternating',
      state: null,
    })
    expect(await server.objects.list()).not.toContain(moments.at(-1))
  })

  test('the deadline releases with the minimum, and updates are forgotten once the release is out', async () => {
    const { server, jobId, device, assignment } = await scene()
    await device.upload(assignment, updateFor(assignment, 'only'))
    await server.pass(59_999)
    expect((await server.operator.job(jobId)).state).toBe('running')
    await server.pass(1)
    const job = await server.operator.job(jobId)
    expect([job.state, job.rounds[0]?.received]).toEqual(['completed', 1])
    expect((await server.objects.list()).sort()).toEqual([assignment.release, job.head!].sort())
  })

  test('a job that nobody answers waits, says for what, and expires at the end of its span', async () => {
    const server = testServer()
    const cohort = { size: 3, goal: 2, minimum: 2, deadlineMs: 1000 }
    const { id } = await server.operator.createJob(tinyJob({ cohort, maxDays: 2 }))
    for (let i = 0; i < 3; i++) await server.pass(12 * HOUR)
    expect(await server.operator.job(id)).toMatchObject({
      state: 'running',
      waitingFor: 'devices: 0 of 2 have taken part, 0 at work; none checked in today',
      rounds: [{ phase: 'collecting', attempt: 0, startedAt: null }],
    })
    await server.pass(12 * HOUR)
    const job = await server.operator.job(id)
    expect(job).toMatchObject({ state: 'expired', endedAt: START + 48 * HOUR, waitingFor: null })
    expect(job.reason).toContain('0 of at least 2 updates')
  })

  test('places of silent devices are given on, so three of them do not hold a round', async () => {
    const server = testServer()
    const cohort = { size: 3, goal: 2, minimum: 2, deadlineMs: 4 * HOUR, uploadMs: HOUR }
    const spec = tinyJob({ cohort })
    const { id } = await server.operator.createJob(spec)
    const devices = await enrolledDevices(server, 5)
    const silent = []
    for (const device of devices.slice(0, 3)) silent.push(await device.join(spec))
    expect(silent[0]!.deadlineAt).toBe(START + HOUR)
    expect(await devices[3]!.checkIn(spec)).toMatchObject({ reason: 'cohort_full' })
    await server.pass(HOUR)
    const taken = await devices[3]!.join(spec)
    await devices[3]!.upload(taken, updateFor(taken, 'a'))
    // One that was only slow is welcome all the same.
    expect((await devices[0]!.upload(silent[0]!, updateFor(silent[0]!, 'b'))).status).toBe(202)
    await server.settle()
    expect((await server.operator.job(id)).state).toBe('completed')
  })

  test('a fault of the server keeps the updates: tried again with growing waits, then paused until the operator resumes', async () => {
    let isBroken = true
    const { server, operator, time, upload, jobId } = await ownScene(async (plan, read) => {
      if (isBroken) throw new Error('EMFILE: too many open files')
      return aggregateInProcess(plan, read)
    })
    await upload('a')
    await server.tick(time.now)
    const waiting = await operator.job(jobId)
    expect(waiting).toMatchObject({ state: 'running', rounds: [{ phase: 'aggregating' }] })
    expect(waiting.waitingFor).toMatch(/^another attempt to aggregate 1 updates, .*EMFILE/)
    for (let i = 0; i < 5; i++) {
      time.now += HOUR
      await server.tick(time.now)
    }
    const paused = await operator.job(jobId)
    expect(paused).toMatchObject({ state: 'paused', rounds: [{ received: 1 }] })
    expect(paused.reason).toContain('EMFILE')
    expect(paused.reason).toContain('Its 1 updates are kept')
    isBroken = false
    await operator.call('POST', `/v1/operator/jobs/${jobId}/resume`)
    await server.tick(time.now)
    expect((await operator.job(jobId)).state).toBe('completed')
  })

  test('a bad update is named by its digest and left out, and the others become the release', async () => {
    const cohort = { size: 3, goal: 3, minimum: 2 }
    const { server, operator, time, upload, jobId, objects } = await ownScene(undefined, cohort)
    const digests = [await upload('a'), await upload('b'), await upload('c', false)]
    // What the door let in is not what lies on the disk.
    await objects.put(digests[1]!, new Uint8Array(9))
    await upload('c')
    await server.tick(time.now)
    const job = await operator.job(jobId)
    expect(job).toMatchObject({ state: 'completed', rounds: [{ received: 2, phase: 'released' }] })
    expect(job.rounds[0]?.leftOut).toEqual([digests[1]])
    expect(job.rounds[0]?.reason).toContain(digests[1])
    const { header } = decodeRelease(await operator.releaseBytes(job.head!))
    expect(header.cohort).toBe(2)
  })

  test('updates that cannot be aggregated give the round up, and the next attempt goes on', async () => {
    let failures = 1
    const { server, operator, time, upload, jobId } = await ownScene(async (plan, read) => {
      if (failures-- > 0) throw new FedError('E_NOT_FINITE', 'the mean is not finite')
      return aggregateInProcess(plan, read)
    })
    for (let i = 0; i < 2; i++) {
      await upload('a')
      await server.tick(time.now)
    }
    const job = await operator.job(jobId)
    expect(job.rounds.map((r) => r.phase)).toEqual(['abandoned', 'released'])
    expect(job.rounds[0]?.reason).toContain('E_NOT_FINITE')
    expect(job.state).toBe('completed')
  })

  test('a server that dies before it aggregates releases the same bytes, whenever it comes back', async () => {
    const folder = freshFolder()
    const server = testServer({ folder })
    const spec = tinyJob()
    const { id } = await server.operator.createJob(spec)
    const devices = await enrolledDevices(server, 2)
    const assignments = [await devices[0]!.join(spec), await devices[1]!.join(spec)]
    await devices[0]!.upload(assignments[0]!, updateFor(assignments[0]!, 'a'))
    const update = updateFor(assignments[1]!, 'b')
    await server.store.transaction(async (tx) => {
      const round = (await tx.round(assignments[1]!.roundId))!
      await tx.saveMember(round.id, {
        ...(await tx.member(round.id, devices[1]!.id))!,
        digest: sha256Hex(update),
      })
      await tx.saveRound({ ...round, received: 2, phase: 'aggregating', closedAt: START + 7 })
    })
    await server.objects.put(sha256Hex(update), update)
    await server.store.close()

    const copy = freshFolder()
    cpSync(folder, copy, { recursive: true })
    const heads = []
    for (const [i, data] of [folder, copy].entries()) {
      const again = testServer({ folder: data, seed: `other-${i}`, start: START + i * 1e9 })
      await again.recover()
      await again.settle()
      const job = await again.operator.job(id)
      expect(job.state).toBe('completed')
      heads.push(job.head)
      await again.close()
    }
    expect(heads[0]).toBe(heads[1])
  })

  test('recovering removes objects that nothing names and keeps updates of an open round', async () => {
    const { server, device, assignment } = await scene()
    const bytes = updateFor(assignment, 'a')
    await device.upload(assignment, bytes)
    await server.objects.put('0'.repeat(64), new Uint8Array(3))
    await server.recover()
    expect((await server.objects.list()).sort()).toEqual(
      [assignment.release, sha256Hex(bytes)].sort(),
    )
  })

  test('a device that comes back after a restart has the same assignment', async () => {
    const { server, device, assignment } = await scene()
    const restarted = testServer({ data: server.data, seed: 'another' })
    const answer = await restarted.fetch(
      device.signed(
        'POST',
        '/v1/checkin',
        new TextEncoder().encode(
          JSON.stringify({
            protocol: 1,
            base: assignment.base,
            features: assignment.features,
            consent: {
              purpose: 'personalization',
              contributions: ['adapter', 'prior', 'statistics'],
              grantedAt: START,
              expiresAt: null,
            },
            choices: '300+',
          }),
        ),
        { nonce: 'asked-again-after-restart' },
      ),
    )
    expect(await answer.json()).toMatchObject({ kind: 'assignment', assignment })
  })
})
