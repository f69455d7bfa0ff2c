import { describe, expect, test } from 'vitest'
import { seededRng } from '../../../adapters/random.ts'
import { createServer } from '../../../server/routes/app.ts'
import { openFolder } from '../../../server/store/open.ts'
import { silentLog } from '../../../server/telemetry/log.ts'
import {
  CREDENTIAL,
  enrolledDevices,
  expectRefusal,
  START,
  scene,
  testServer,
  tinyJob,
  updateFor,
} from '../../support/federation-fixture.ts'

const metricsOf = async (server: Awaited<ReturnType<typeof scene>>['server']) =>
  (await server.operator.call('GET', '/metrics')).text()

/** The value of one line, and NaN where there is none. */
const countOf = (text: string, line: string): number =>
  Number(
    text
      .split('\n')
      .find((one) => one.startsWith(`${line} `))
      ?.slice(line.length + 1),
  )

describe('/metrics', () => {
  test('counts a round from its check-ins to its release', async () => {
    const job = tinyJob({ rounds: 2, cohort: { size: 3, goal: 2, minimum: 1 } })
    const { server, device, other, assignment } = await scene(job)
    const [third] = await enrolledDevices(server, 1)
    await third!.join(job)
    await device.upload(assignment, updateFor(assignment, 'a'))
    const second = await other.join(job)
    await other.upload(second, updateFor(second, 'b'))
    await server.settle()
    await device.checkIn(job, { choices: '0' })

    const text = await metricsOf(server)
    const line = (await server.store.lineages())[0]!.id.slice(0, 12)
    const counted = (name: string) => countOf(text, `loreweave_${name}`)
    expect(counted('devices_enrolled_total')).toBe(3)
    expect(counted('devices{state="seen_last_hour"}')).toBe(3)
    expect(counted('check_ins_total{answer="assigned"}')).toBe(3)
    expect(counted('check_ins_total{answer="not_eligible"}')).toBe(1)
    expect(counted('round_places_total{outcome="uploaded"}')).toBe(2)
    expect(counted('round_places_total{outcome="straggler"}')).toBe(1)
    expect(counted('rounds_total{outcome="released"}')).toBe(1)
    expect(counted('round_phase_seconds_count{phase="aggregating"}')).toBe(1)
    expect(counted('open_rounds{phase="collecting"}')).toBe(1)
    expect(counted(`release_version{lineage="${line}"}`)).toBe(1)
    expect(counted(`release_cohort{lineage="${line}"}`)).toBe(2)
    expect(counted(`release_change{lineage="${line}",part="adapter"}`)).toBeGreaterThan(0)
    expect(counted(`update_norm_updates{lineage="${line}",le="1"}`)).toBe(2)
    expect(counted('last_release_timestamp_seconds')).toBe(START / 1000)
    expect(
      counted('request_seconds_count{route="PUT /v1/rounds/{roundId}/update",status="202"}'),
    ).toBe(2)
  })

  test('counts refusals by code, dropouts, and nothing of one device', async () => {
    const { server, jobId, device, other } = await scene()
    await expectRefusal(
      await server.operator.call('GET', '/v1/operator/jobs/none'),
      404,
      'E_NO_JOB',
    )
    await server.pass(60_001)
    await server.operator.call('POST', `/v1/operator/jobs/${jobId}/cancel`)
    const text = await metricsOf(server)
    expect(countOf(text, 'loreweave_refusals_total{code="E_NO_JOB"}')).toBe(1)
    expect(countOf(text, 'loreweave_round_places_total{outcome="dropout"}')).toBe(1)
    expect(countOf(text, 'loreweave_rounds_total{outcome="abandoned"}')).toBe(1)
    for (const { id } of [device, other]) expect(text).not.toContain(id)
    expect(text).not.toContain(CREDENTIAL)
  })

  test('needs the credential of an operator, unless the server was told otherwise', async () => {
    const server = testServer()
    await expectRefusal(await server.app.request('http://server.test/metrics'), 401, 'E_AUTH')
    const open = createServer({
      ...openFolder(':memory:'),
      clock: () => START,
      rng: seededRng('open'),
      log: silentLog,
      config: {
        operatorCredential: CREDENTIAL,
        pace: { soonMs: 1, laterMs: 1 },
        leastCohort: 1,
        openMetrics: true,
      },
    })
    expect((await open.app.request('http://server.test/metrics')).status).toBe(200)
  })
})

describe('/readyz', () => {
  const readyOf = async (server: ReturnType<typeof testServer>) => {
    const answer = await server.app.request('http://server.test/readyz')
    return [answer.status, ((await answer.json()) as { checks: object }).checks]
  }
  const fine = { database: 'ok', objects: 'ok', disk: 'ok', aggregation: 'ok', process: 'ok' }

  test('says what a server needs, and 503 once one is missing', async () => {
    const server = testServer()
    expect(await readyOf(server)).toEqual([200, fine])
    server.objects.has = () => Promise.reject(new Error('bucket of somebody is gone'))
    expect(await readyOf(server)).toEqual([503, { ...fine, objects: 'not reached' }])
  })

  test('a server that ends is not ready, and still alive', async () => {
    const server = testServer()
    server.drain()
    expect(await readyOf(server)).toEqual([503, { ...fine, process: 'ends' }])
    expect((await server.app.request('http://server.test/healthz')).status).toBe(200)
  })

  test('a closed round that waits for its release for ten minutes', async () => {
    const { server, assignment } = await scene()
    const round = (await server.store.round(assignment.roundId))!
    await server.store.saveRound({ ...round, phase: 'aggregating', closedAt: START - 600_001 })
    expect(await readyOf(server)).toEqual([
      503,
      { ...fine, aggregation: '1 closed rounds wait for their release' },
    ])
  })
})
