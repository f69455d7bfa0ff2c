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
import { createServer } from '../../../server/routes/app.ts'
import { openFolder } from '../../../server/store/open.ts'
import { silentLog } from '../../../server/telemetry/log.ts'
import {
  CREDENTIAL,
  enrolledDevices,
  operatorClient,
  START,
  scene,
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

  test('a job that nobody answers fails after its retries and says why', async () => {
    const server = testServer()
    const cohort = { size: 3, goal: 2, minimum: 2, deadlineMs: 1000, retries: 2 }
    const { id } = await server.operator.createJob(tinyJob({ cohort }))
    for (let i = 0; i < 3; i++) await server.pass(1000)
    const job = await server.operator.job(id)
    expect(job).toMatchObject({ state: 'failed', endedAt: START + 3000 })
    expect(job.rounds.map((r) => [r.attempt, r.phase])).toEqual([
      [0, 'abandoned'],
      [1, 'abandoned'],
      [2, 'abandoned'],
    ])
    expect(job.reason).toContain('0 of at least 2 updates')
  })

  test('an aggregation that fails gives the round up, and the next attempt goes on', async () => {
    let failures = 1
    const data = openFolder(':memory:')
    const time = { now: START }
    const server = createServer({
      ...data,
      clock: () => time.now,
      rng: seededRng('server'),
      log: silentLog,
      config: { operatorCredential: CREDENTIAL, pace: { soonMs: 1, laterMs: 1 } },
      aggregate: async (plan, read) => {
        if (failures-- > 0) throw new FedError('E_NOT_FINITE', 'the mean is not finite')
        return aggregateInProcess(plan, read)
      },
    })
    const base = testServer({ data })
    const fetch = async (request: Request) => server.app.request(request)
    const operator = operatorClient(fetch)
    const spec = tinyJob({ cohort: { size: 1, goal: 1, minimum: 1 } })
    const { id } = await operator.createJob(spec)
    const [device] = await enrolledDevices(base, 1)
    for (let i = 0; i < 2; i++) {
      const assignment = await device!.join(spec)
      await fetch(
        device!.signed(
          'PUT',
          `/v1/rounds/${assignment.roundId}/update`,
          updateFor(assignment, 'a'),
          { headers: { 'upload-token': assignment.uploadToken } },
        ),
      )
      await server.tick(time.now)
    }
    const job = await operator.job(id)
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
      await tx.saveMember(round.id, { deviceId: devices[1]!.id, digest: sha256Hex(update) })
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
              contributions: assignment.contributions,
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
