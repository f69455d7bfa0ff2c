import { describe, expect, test } from 'vitest'
import {
  checkInOf,
  enrolledDevices,
  START,
  scene,
  testServer,
  tinyJob,
  updateFor,
} from '../../support/federation-fixture.ts'

const spec = tinyJob()

describe('check-in', () => {
  test('assigns what the job asks for, and the same again, with the same upload token', async () => {
    const { device, assignment, server } = await scene()
    expect(assignment).toMatchObject({
      contributions: ['adapter', 'statistics'],
      factor: 'B',
      basisEpoch: 0,
      deadlineAt: START + 60_000,
    })
    expect(await device.join(spec)).toEqual(assignment)
    expect((await server.store.round(assignment.roundId))?.assigned).toBe(1)
  })

  test('two devices have different upload tokens', async () => {
    const { other, assignment } = await scene()
    expect((await other.join(spec)).uploadToken).not.toBe(assignment.uploadToken)
  })

  test('a device that leaves a round gives its place to another; one whose update is on its way keeps it', async () => {
    const server = testServer()
    const job = tinyJob({ cohort: { size: 1, goal: 1, minimum: 1 } })
    await server.operator.createJob(job)
    const [first, second] = await enrolledDevices(server, 2)
    const { roundId } = await first!.join(job)
    const assigned = async () => (await server.store.round(roundId))?.assigned
    const waiting = { rounds: { waiting: [roundId], left: [] } }
    expect(await first!.checkIn(job, waiting)).toMatchObject({ reason: 'contributed' })
    expect(await second!.checkIn(job)).toMatchObject({ reason: 'cohort_full' })
    const left = { rounds: { waiting: [], left: [roundId] } }
    for (let i = 0; i < 2; i++) {
      expect(await first!.checkIn(job, left)).toMatchObject({ reason: 'cohort_full' })
      expect(await assigned()).toBe(0)
    }
    expect((await second!.join(job)).roundId).toBe(roundId)
    expect(await first!.checkIn(job)).toMatchObject({ reason: 'cohort_full' })
  })

  test('a device cannot leave a round that it sent an update to', async () => {
    const { device, assignment, server } = await scene()
    await device.upload(assignment, updateFor(assignment, 'a'))
    const left = { rounds: { waiting: [], left: [assignment.roundId] } }
    expect(await device.checkIn(spec, left)).toMatchObject({ reason: 'contributed' })
    expect(await server.store.round(assignment.roundId)).toMatchObject({ assigned: 1, received: 1 })
  })

  test('a device that asks for it is told how many take part, and gets no smaller round', async () => {
    const { other, assignment } = await scene()
    expect(assignment.cohort).toBeUndefined()
    const { consent } = checkInOf(spec, START)
    const asking = (leastCohort: number) => ({ consent: { ...consent, leastCohort } })
    expect(await other.checkIn(spec, asking(2))).toMatchObject({ reason: 'not_eligible' })
    const answer = await other.checkIn(spec, asking(1))
    expect(answer).toMatchObject({ assignment: { cohort: { size: 3, minimum: 1 } } })
  })

  test('asks for no moments before there is a scale, and for no statistics once a prior has fixed it', async () => {
    const job = tinyJob({ rounds: 3, cohort: { size: 1, goal: 1, minimum: 1 } })
    const server = testServer()
    await server.operator.createJob(job)
    const [device] = await enrolledDevices(server, 1)
    const asked = []
    for (let i = 0; i < 3; i++) {
      const assignment = await device!.join(job)
      asked.push(assignment.contributions)
      expect((await device!.upload(assignment, updateFor(assignment, `${i}`))).status).toBe(202)
      await server.settle()
      await server.pass(1000)
    }
    expect(asked).toEqual([
      ['adapter', 'statistics'],
      ['adapter', 'prior', 'statistics'],
      ['adapter', 'prior'],
    ])
  })

  test('devices of version 0.1, which also tell what nobody reads, are assigned as ever', async () => {
    const { other } = await scene()
    const more = { abilities: [], conditions: { charging: true, idle: null }, release: null }
    expect(await other.checkIn(spec, more)).toMatchObject({ kind: 'assignment' })
  })

  test('a job of both factors has the devices that know how to train them', async () => {
    const both = { ...spec, strategy: 'fedavg' as const }
    const { other, server, jobId } = await scene(both)
    const before = { abilities: ['something-newer'] }
    expect(await other.checkIn(spec, before)).toMatchObject({ reason: 'not_eligible' })
    await server.settle()
    expect((await server.operator.job(jobId)).waitingFor).toContain('of a version that cannot')
    expect(await other.checkIn(spec)).toMatchObject({
      kind: 'assignment',
      assignment: { factor: 'AB' },
    })
  })

  const consent = checkInOf(spec, START).consent
  test.each<[string, object]>([
    [
      'consent that does not cover a contribution',
      { consent: { ...consent, contributions: ['adapter', 'prior'] } },
    ],
    ['consent that has expired', { consent: { ...consent, expiresAt: START } }],
    ['other weights', { base: { ...spec.base, weights: 'c'.repeat(64) } }],
    ['another tokenizer', { base: { ...spec.base, tokenizer: 'c'.repeat(64) } }],
    ['another feature space', { features: { pooled: 0, named: ['lists', 'length', 'bold'] } }],
    ['too few choices', { choices: '0' }],
  ])('finds a device not eligible with %s', async (_, overrides) => {
    const { other } = await scene()
    expect(await other.checkIn(spec, overrides)).toMatchObject({
      kind: 'retry',
      reason: 'not_eligible',
    })
  })

  test('says no_job without jobs, cohort_full when it is, contributed after an upload', async () => {
    const server = testServer()
    const [first, second, third] = await enrolledDevices(server, 3)
    expect(await first!.checkIn(spec)).toMatchObject({ reason: 'no_job', head: null })
    const job = tinyJob({ cohort: { size: 2, goal: 2, minimum: 1 } })
    const { head } = await server.operator.createJob(job)
    const assignment = await first!.join(job)
    await second!.join(job)
    expect(await third!.checkIn(job)).toMatchObject({ reason: 'cohort_full', head })
    await first!.upload(assignment, updateFor(assignment, 'a'))
    expect(await first!.checkIn(job)).toMatchObject({ reason: 'contributed' })
  })

  test('keeps the pace: soon while a round is near, later when there is nothing to do, spread by half', async () => {
    const { device, other, assignment } = await scene()
    await device.upload(assignment, updateFor(assignment, 'a'))
    const soon = await Promise.all(Array.from({ length: 20 }, () => device.checkIn(spec)))
    for (const answer of soon)
      if (answer.kind === 'retry') {
        expect(answer.retryAfterMs).toBeGreaterThanOrEqual(500)
        expect(answer.retryAfterMs).toBeLessThanOrEqual(1500)
      }
    expect(new Set(soon.map((a) => a.kind === 'retry' && a.retryAfterMs)).size).toBeGreaterThan(10)
    const later = await other.checkIn(spec, { choices: '0' })
    expect(later.kind === 'retry' && later.retryAfterMs).toBeGreaterThanOrEqual(30_000)
  })

  test('gives the oldest job that the device is eligible for', async () => {
    const server = testServer()
    const [device] = await enrolledDevices(server, 1)
    const strict = tinyJob({ name: 'strict', cohort: { ...spec.cohort, choices: '300+' } })
    const easy = tinyJob({ name: 'easy', exitLayer: 1, adapter: { ...spec.adapter, endLayer: 1 } })
    const jobs = [await server.operator.createJob(strict), await server.operator.createJob(easy)]
    const few = await device!.checkIn(spec, { choices: '1-9' })
    expect(few.kind === 'assignment' && few.assignment.jobId).toBe(jobs[1]!.id)
    const many = await device!.checkIn(spec)
    expect(many.kind === 'assignment' && many.assignment.jobId).toBe(jobs[0]!.id)
  })

  test('jobs of one line run one after the other, each from the release of the one before', async () => {
    const server = testServer()
    const job = tinyJob({ cohort: { size: 1, goal: 1, minimum: 1 } })
    const first = await server.operator.createJob(job)
    const second = await server.operator.createJob(job)
    expect(second.rounds).toEqual([])
    const [device] = await enrolledDevices(server, 1)
    const a = await device!.join(job)
    await device!.upload(a, updateFor(a, 'a'))
    await server.settle()
    const b = await device!.join(job)
    expect([a.jobId, b.jobId]).toEqual([first.id, second.id])
    expect(b).toMatchObject({ release: (await server.operator.job(first.id)).head, factor: 'A' })
  })
})
