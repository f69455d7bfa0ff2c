import { describe, expect, test } from 'vitest'
import { sha256Hex } from '../../../adapters/node/sha256.ts'
import type { DeviceFacts } from '../../../adapters/wire/job-life.ts'
import type { JobSpecInput } from '../../../adapters/wire/jobs.ts'
import {
  enrolledDevices,
  expectRefusal,
  START,
  scene,
  type TestDevice,
  testServer,
  tinyJob,
  updateFor,
} from '../../support/federation-fixture.ts'

const protocol = 1
const HOUR = 3_600_000

const get = async (device: TestDevice, fetch: (r: Request) => Promise<Response>, path: string) =>
  (await fetch(device.signed('GET', path))).json()

describe('a place in a round', () => {
  test('that is abandoned goes to another at once, and the operator hears why', async () => {
    const server = testServer()
    const spec = tinyJob({ cohort: { size: 1, goal: 1, minimum: 1 } })
    const { id } = await server.operator.createJob(spec)
    const [device, other] = await enrolledDevices(server, 2)
    const { roundId } = await device!.join(spec)
    expect(await other!.checkIn(spec)).toMatchObject({ reason: 'cohort_full' })
    const answer = await device!.sendJson('POST', `/v1/rounds/${roundId}/abandon`, {
      protocol,
      reason: 'memory',
    })
    expect(answer.status).toBe(200)
    expect((await other!.join(spec)).roundId).toBe(roundId)
    await server.settle()
    expect((await server.operator.job(id)).waitingFor).toContain(
      '2 checked in today, 1 ran out of memory',
    )
  })

  test('is told that the goal is met, long before the deadline', async () => {
    const { server, device, other, assignment } = await scene(
      tinyJob({ cohort: { size: 2, goal: 1, minimum: 1, deadlineMs: 9 * HOUR } }),
    )
    await other.join(tinyJob())
    const path = `/v1/rounds/${assignment.roundId}`
    expect(await get(other, server.fetch, path)).toMatchObject({ isOpen: true })
    await device.upload(assignment, updateFor(assignment, 'a'))
    expect(await get(other, server.fetch, path)).toMatchObject({ isOpen: false })
    expect(await get(other, server.fetch, '/v1/rounds/none')).toMatchObject({ isOpen: false })
  })
})

describe('eligibility', () => {
  const spec = tinyJob({ eligibility: { charging: true, memoryMiB: 2048, regions: ['eu'] } })
  const fit: DeviceFacts = { charging: true, memory: '2048-4095', region: 'eu' }
  const asked = async (facts: DeviceFacts | undefined, job: JobSpecInput = spec) => {
    const server = testServer()
    const { id } = await server.operator.createJob(job)
    const [device] = await enrolledDevices(server, 1)
    const answer = await device!.checkIn(job, facts && { facts })
    await server.settle()
    return { answer, waitingFor: (await server.operator.job(id)).waitingFor }
  }

  test('asks for what a job looks at, and for nothing else', async () => {
    const { answer } = await asked({})
    expect(answer).toMatchObject({ kind: 'retry', reason: 'not_eligible' })
    expect(answer.kind === 'retry' && answer.asks).toEqual(['charging', 'memory', 'region'])
    expect((await asked({}, tinyJob())).answer).toMatchObject({ kind: 'assignment' })
  })

  test('is confirmed by the server, and goes with the assignment, so that the device looks again', async () => {
    const { answer } = await asked(fit)
    expect(answer.kind === 'assignment' && answer.assignment.eligibility).toEqual(spec.eligibility)
  })

  test.each<[string, DeviceFacts]>([
    ['1 were not charging', { ...fit, charging: false }],
    ['1 were not charging', { ...fit, charging: null }],
    ['1 have too little memory', { ...fit, memory: '1024-2047' }],
    ['1 are in another region', { ...fit, region: 'us' }],
  ])('says that %s', async (text, facts) => {
    const { answer, waitingFor } = await asked(facts)
    expect(answer).toMatchObject({ kind: 'retry', reason: 'not_eligible' })
    expect(answer).not.toHaveProperty('asks')
    expect(waitingFor).toContain(text)
  })

  test('of a device of version 0.1 is unknown, and its answer has no field that it does not know', async () => {
    const { answer } = await asked(undefined)
    expect(Object.keys(answer).sort()).toEqual([
      'head',
      'kind',
      'protocol',
      'reason',
      'retryAfterMs',
    ])
  })
})

test('a device contributes as often in a day as the job allows', async () => {
  const server = testServer()
  const spec = tinyJob({ rounds: 3, cohort: { size: 1, goal: 1, minimum: 1, perDay: 1 } })
  const { id } = await server.operator.createJob(spec)
  const [device] = await enrolledDevices(server, 1)
  const first = await device!.join(spec)
  await device!.upload(first, updateFor(first, 'a'))
  await server.settle()
  expect(await device!.checkIn(spec)).toMatchObject({ kind: 'retry', reason: 'contributed' })
  await server.settle()
  expect((await server.operator.job(id)).waitingFor).toContain('1 have contributed enough today')
  await server.pass(24 * HOUR + 1)
  expect(await device!.checkIn(spec)).toMatchObject({ kind: 'assignment' })
})

describe('a device that goes', () => {
  const sent = async () => {
    const it = await scene(tinyJob({ cohort: { size: 3, goal: 3, minimum: 1 } }))
    const bytes = updateFor(it.assignment, 'a')
    await it.device.upload(it.assignment, bytes)
    return { ...it, digest: sha256Hex(bytes) }
  }

  test('takes its update out of a round that collects, and leaves nothing that names it', async () => {
    const { server, device, other, assignment, digest } = await sent()
    const answer = await server.fetch(device.signed('DELETE', '/v1/device', new Uint8Array()))
    expect(answer.status).toBe(200)
    expect(await server.objects.list()).not.toContain(digest)
    expect(await server.store.round(assignment.roundId)).toMatchObject({ received: 0, assigned: 0 })
    expect(await server.store.device(device.id)).toBeUndefined()
    expect((await server.store.devices()).map(({ id }) => id)).toEqual([other.id])
    const again = await device.sendJson('POST', '/v1/checkin', {})
    await expectRefusal(again, 401, 'E_NOT_ENROLLED')
  })

  test('is erased by the operator as well; what ended keeps a count and no name', async () => {
    const { server, device, jobId, digest, assignment } = await sent()
    await server.pass(HOUR)
    expect((await server.operator.job(jobId)).state).toBe('completed')
    const path = `/v1/operator/devices/${device.id}`
    expect((await server.operator.call('DELETE', path)).status).toBe(200)
    expect(await server.store.digests(assignment.roundId)).toEqual([digest])
    expect(await server.store.memberships(device.id)).toEqual([])
    await expectRefusal(await server.operator.call('DELETE', path), 404, 'E_NOT_FOUND')
  })

  test('is blocked until it is unblocked, also where it enrols again', async () => {
    const { server, device } = await sent()
    const path = `/v1/operator/devices/${device.id}`
    expect((await server.operator.call('POST', `${path}/block`)).status).toBe(200)
    const list = await (await server.operator.call('GET', '/v1/operator/devices')).json()
    expect(list).toMatchObject({ devices: [{ id: device.id, blockedAt: START }, {}] })
    await expectRefusal(await device.sendJson('POST', '/v1/checkin', {}), 401, 'E_NOT_ENROLLED')
    const token = await server.operator.token()
    await expectRefusal(await device.enroll(token), 401, 'E_NOT_ENROLLED')
    expect((await server.operator.call('POST', `${path}/unblock`)).status).toBe(200)
    expect(await device.checkIn(tinyJob())).toMatchObject({ reason: 'contributed' })
    for (const name of ['block', 'unblock'])
      await expectRefusal(
        await server.operator.call('POST', `/v1/operator/devices/none/${name}`),
        404,
        'E_NOT_FOUND',
      )
  })
})
