import { describe, expect, test } from 'vitest'
import {
  DeviceListResponse,
  JobListResponse,
  ReleaseListResponse,
  ReleaseResponse,
} from '../../../adapters/wire/operator.ts'
import { PROTOCOL_VERSION } from '../../../adapters/wire/primitives.ts'
import {
  enrolledDevices,
  expectRefusal,
  operatorClient,
  scene,
  testServer,
  tinyJob,
  updateFor,
} from '../../support/federation-fixture.ts'

const protocol = PROTOCOL_VERSION

describe('the operator routes', () => {
  test.each([
    ['GET', '/v1/operator/jobs'],
    ['POST', '/v1/operator/tokens'],
    ['GET', '/v1/operator/devices'],
    ['GET', '/v1/operator/nothing'],
  ])('%s %s refuses no credential, a wrong one, and a device', async (method, path) => {
    const server = testServer()
    const [device] = await enrolledDevices(server, 1)
    await expectRefusal(await server.app.request(path, { method }), 401, 'E_AUTH')
    const wrong = operatorClient(server.fetch, 'http://server.test', 'not-the-credential')
    await expectRefusal(await wrong.call(method, path), 401, 'E_AUTH')
    await expectRefusal(await server.fetch(device!.signed(method, path)), 401, 'E_AUTH')
  })

  test('the same Idempotency-Key makes one job, and with another spec is refused with E_CONFLICT', async () => {
    const { operator, store } = testServer()
    const key = { 'idempotency-key': 'once' }
    const create = (job: object) =>
      operator.call('POST', '/v1/operator/jobs', { protocol, job }, key)
    const answers = await Promise.all([create(tinyJob()), create(tinyJob())])
    expect(answers.map((a) => a.status).sort()).toEqual([200, 201])
    const [a, b] = await Promise.all(answers.map((answer) => answer.json()))
    expect(a).toEqual(b)
    await expectRefusal(await create(tinyJob({ name: 'other' })), 409, 'E_CONFLICT')
    expect(await store.jobs()).toHaveLength(1)
  })

  test.each<[string, object, number, string]>([
    ['minimum above goal', { cohort: { size: 3, goal: 1, minimum: 2 } }, 400, 'E_BODY'],
    ['an unknown field', { extra: true }, 400, 'E_BODY'],
    [
      'messages too large to send',
      {
        base: {
          ...tinyJob().base,
          shape: { ...tinyJob().base.shape, layers: 64, hidden: 16_384, ffn: 65_536 },
        },
        adapter: { firstLayer: 0, endLayer: 64, modules: ['q', 'up'], rank: 256, alpha: 1 },
        exitLayer: 64,
      },
      422,
      'E_SHAPE',
    ],
    ['a rank no linear has', { adapter: { ...tinyJob().adapter, rank: 5 } }, 422, 'E_SHAPE'],
    ['a prior without features', { features: { pooled: 0, named: [] } }, 422, 'E_FEATURES'],
    [
      'sums that would not be exact',
      { training: { updateNorm: 1e6 }, cohort: { size: 1_000_000, goal: 1, minimum: 1 } },
      422,
      'E_NORM',
    ],
  ])('a job with %s is refused', async (_, changes, status, code) => {
    const { operator, store, objects } = testServer()
    const job = { ...tinyJob(), ...changes }
    const answer = await operator.call('POST', '/v1/operator/jobs', { protocol, job })
    await expectRefusal(answer, status, code)
    expect([await store.jobs(), await objects.list()]).toEqual([[], []])
  })

  test('the same weights with another model shape are refused with E_CONFLICT', async () => {
    const { operator } = testServer()
    await operator.createJob()
    const { base } = tinyJob()
    const job = tinyJob({ base: { ...base, shape: { ...base.shape, ffn: 32 } } })
    await expectRefusal(
      await operator.call('POST', '/v1/operator/jobs', { protocol, job }),
      409,
      'E_CONFLICT',
    )
  })

  test('cancelling forgets the updates; the job says why it ended', async () => {
    const { server, jobId, device, assignment } = await scene()
    await device.upload(assignment, updateFor(assignment, 'a'))
    const path = `/v1/operator/jobs/${jobId}/cancel`
    expect((await server.operator.call('POST', path)).status).toBe(200)
    expect(await server.operator.job(jobId)).toMatchObject({
      state: 'cancelled',
      reason: 'cancelled by the operator',
      rounds: [{ phase: 'abandoned' }],
    })
    expect(await server.objects.list()).toEqual([assignment.release])
    await expectRefusal(await device.upload(assignment, updateFor(assignment, 'b')), 409, 'E_TWICE')
  })

  test('unknown jobs and releases are refused with their own codes', async () => {
    const { operator } = testServer()
    await expectRefusal(await operator.call('GET', '/v1/operator/jobs/x'), 404, 'E_NO_JOB')
    await expectRefusal(await operator.call('POST', '/v1/operator/jobs/x/cancel'), 404, 'E_NO_JOB')
    await expectRefusal(await operator.call('GET', '/v1/operator/releases/x'), 404, 'E_NO_RELEASE')
    await expectRefusal(
      await operator.call('GET', '/v1/operator/releases/x/bytes'),
      404,
      'E_NO_RELEASE',
    )
  })

  test('lists obey the wire schemas and show no key of a device', async () => {
    const { server, device, assignment } = await scene()
    const read = async (path: string) => (await server.operator.call('GET', path)).text()
    const jobs = JobListResponse.parse(JSON.parse(await read('/v1/operator/jobs')))
    expect(jobs.jobs[0]?.rounds[0]).toMatchObject({ assigned: 1, received: 0 })
    const releases = JSON.parse(await read('/v1/operator/releases'))
    expect(ReleaseListResponse.parse(releases).releases[0]).toMatchObject({
      hash: assignment.release,
      version: 0,
      parent: null,
      parts: ['adapter'],
    })
    ReleaseResponse.parse(JSON.parse(await read(`/v1/operator/releases/${assignment.release}`)))
    const devices = await read('/v1/operator/devices')
    expect(DeviceListResponse.parse(JSON.parse(devices)).devices).toHaveLength(2)
    expect(devices).not.toContain(device.keys.publicKey)
  })

  test('tokens are kept as hashes only', async () => {
    const server = testServer()
    const answer = await server.operator.call('POST', '/v1/operator/tokens', { protocol, count: 3 })
    const { tokens } = (await answer.json()) as { tokens: string[] }
    expect(new Set(tokens).size).toBe(3)
    expect(await server.store.spendToken(tokens[0]!, 'device', server.now())).toBe(false)
  })
})
