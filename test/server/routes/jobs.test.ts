import { describe, expect, test } from 'vitest'
import type { JobSpecInput, JobView } from '../../../adapters/wire/jobs.ts'
import { JobListResponse } from '../../../adapters/wire/operator.ts'
import {
  enrolledDevices,
  expectRefusal,
  START,
  testServer,
  tinyJob,
  updateFor,
} from '../../support/federation-fixture.ts'

const protocol = 1
const HOUR = 3_600_000
const ONE = { size: 1, goal: 1, minimum: 1 }

const scene = () => {
  const server = testServer()
  const { operator } = server
  return {
    server,
    operator,
    act: async (id: string, name: string, body?: object): Promise<JobView> => {
      const answer = await operator.call('POST', `/v1/operator/jobs/${id}/${name}`, body)
      expect(answer.status).toBe(200)
      return ((await answer.json()) as { job: JobView }).job
    },
    list: async (query = '') => {
      const answer = await operator.call('GET', `/v1/operator/jobs${query}`)
      const { jobs, next } = JobListResponse.parse(await answer.json())
      return { names: jobs.map(({ spec }) => spec.name), next }
    },
    create: (name: string, more: Partial<JobSpecInput> = {}) =>
      operator.createJob(tinyJob({ name, ...more })),
  }
}

/** Another population: other weights, so another lineage. */
const otherBase = { ...tinyJob().base, weights: 'd'.repeat(64) }

describe('jobs', () => {
  test('are listed newest first, each with as many rounds as were asked for', async () => {
    const { list, create, operator } = scene()
    for (const name of ['one', 'two', 'three']) await create(name)
    const first = await list('?order=newest&limit=2')
    expect(first.names).toEqual(['three', 'two'])
    expect(await list(`?order=newest&cursor=${first.next}`)).toEqual({ names: ['one'], next: null })
    const answer = await operator.call('GET', '/v1/operator/jobs?rounds=0')
    const { jobs } = JobListResponse.parse(await answer.json())
    expect(jobs.map(({ rounds }) => rounds.length)).toEqual([0, 0, 0])
  })

  test('are listed page by page, by state, name and base', async () => {
    const { list, create, act } = scene()
    const made = []
    for (const name of ['Prior one', 'adapter', 'prior two']) made.push(await create(name))
    await create('prior of others', { base: otherBase })
    await act(made[0]!.id, 'pause')
    await act(made[1]!.id, 'cancel')
    expect((await list()).names).toHaveLength(4)
    expect((await list('?state=paused,cancelled')).names).toEqual(['Prior one', 'adapter'])
    expect((await list('?name=prior&base=aa')).names).toEqual(['Prior one', 'prior two'])
    expect((await list('?base=dd')).names).toEqual(['prior of others'])
    const first = await list('?name=prior&limit=2')
    expect(first.names).toEqual(['Prior one', 'prior two'])
    expect(await list(`?name=prior&limit=2&cursor=${first.next}`)).toEqual({
      names: ['prior of others'],
      next: null,
    })
  })

  test.each(['?state=asleep', '?limit=0', '?cursor=x', '?base=xyz', '?more=1'])(
    'refuses the query %s with E_BODY',
    async (query) => {
      const { operator } = scene()
      await expectRefusal(await operator.call('GET', `/v1/operator/jobs${query}`), 400, 'E_BODY')
    },
  )

  test('one that is paused assigns nothing, takes what has begun, and goes on when resumed', async () => {
    const { server, create, act, operator } = scene()
    const spec = tinyJob({ cohort: { size: 2, goal: 1, minimum: 1 } })
    const { id } = await create('paused', spec)
    const [device, other] = await enrolledDevices(server, 2)
    const assignment = await device!.join(spec)
    expect(await act(id, 'pause')).toMatchObject({
      state: 'paused',
      reason: 'paused by the operator',
      waitingFor: 'its operator: resume it',
    })
    expect(await other!.checkIn(spec)).toMatchObject({ kind: 'retry', reason: 'no_job' })
    expect((await device!.upload(assignment, updateFor(assignment, 'a'))).status).toBe(202)
    await server.settle()
    expect((await operator.job(id)).rounds[0]?.phase).toBe('aggregating')
    await act(id, 'resume')
    await server.settle()
    expect((await operator.job(id)).state).toBe('completed')
  })

  test('one that expired is taken up again after its last release', async () => {
    const { server, create, act, operator } = scene()
    const { id } = await create('again', { maxDays: 1, cohort: ONE })
    await server.pass(24 * HOUR)
    expect((await operator.job(id)).state).toBe('expired')
    const again = await act(id, 'retry')
    expect(again).toMatchObject({ state: 'running', reason: null, expiresAt: START + 48 * HOUR })
    const [device] = await enrolledDevices(server, 1)
    const assignment = await device!.join(tinyJob())
    await device!.upload(assignment, updateFor(assignment, 'a'))
    await server.settle()
    expect((await operator.job(id)).state).toBe('completed')
  })

  test('the one of the highest priority has the next round of a lineage, and devices of others', async () => {
    const { server, create, act } = scene()
    const [first, second] = [await create('first'), await create('second')]
    expect(second.waitingFor).toBe(`job ${first.id} of the same lineage, which is running`)
    expect(await act(second.id, 'priority', { protocol, priority: 9 })).toMatchObject({
      priority: 9,
    })
    const other = await create('other', { exitLayer: 1, adapter: SHALLOW, priority: 50 })
    const [device] = await enrolledDevices(server, 1)
    expect((await device!.join(tinyJob())).jobId).toBe(other.id)
    await act(other.id, 'cancel')
    await act(first.id, 'cancel')
    expect((await device!.join(tinyJob())).jobId).toBe(second.id)
  })

  test('starts when it is scheduled to, and follows itself as often as it says', async () => {
    const { server, create, operator, list } = scene()
    const schedule = { startAt: START + HOUR, repeat: { everyMs: 24 * HOUR, times: 2 } }
    const { id, state, waitingFor } = await create('nightly', { schedule, cohort: ONE })
    expect([state, waitingFor]).toEqual(['scheduled', 'its start, 2023-11-14T23:13Z'])
    const [device] = await enrolledDevices(server, 1)
    expect(await device!.checkIn(tinyJob())).toMatchObject({ reason: 'no_job' })
    const ids = [id]
    for (let run = 0; run < 2; run++) {
      await server.pass(run === 0 ? HOUR : 24 * HOUR)
      const assignment = await device!.join(tinyJob())
      expect(assignment.jobId).toBe(ids.at(-1))
      await device!.upload(assignment, updateFor(assignment, `run-${run}`))
      await server.settle()
      const answer = await operator.call('GET', '/v1/operator/jobs?state=scheduled')
      const [next] = JobListResponse.parse(await answer.json()).jobs
      if (next) ids.push(next.id)
    }
    expect(ids).toHaveLength(2)
    expect((await list('?state=completed')).names).toEqual(['nightly', 'nightly'])
  })

  test('what could never be is refused with the reason', async () => {
    const { operator } = scene()
    const job = tinyJob({ maxDays: 3, expiresAt: START + HOUR })
    const answer = await operator.call('POST', '/v1/operator/jobs', { protocol, job })
    const { error } = (await answer.json()) as { error: { code: string; message: string } }
    expect([answer.status, error.code]).toEqual([400, 'E_BODY'])
    expect(error.message).toBe('job.expiresAt and maxDays: give one of the two')
  })

  test.each(['pause', 'resume', 'retry', 'cancel', 'priority'])(
    '%s is refused for jobs that are not there, or not in a state for it',
    async (name) => {
      const { operator, create, act } = scene()
      const body = name === 'priority' ? { protocol, priority: 1 } : undefined
      const post = (id: string) => operator.call('POST', `/v1/operator/jobs/${id}/${name}`, body)
      await expectRefusal(await post('none'), 404, 'E_NO_JOB')
      const { id } = await create('over')
      await act(id, 'cancel')
      if (name !== 'cancel') await expectRefusal(await post(id), 409, 'E_JOB_STATE')
    },
  )
})

const SHALLOW = { ...tinyJob().adapter, endLayer: 1 }
