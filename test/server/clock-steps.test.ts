// The server's clock is put forward and back by a day. Devices keep theirs.
import { expect, test } from 'vitest'
import { seededRng } from '../../adapters/random.ts'
import { DAY_MS } from '../../adapters/time.ts'
import { createServer } from '../../server/routes/app.ts'
import { silentLog } from '../../server/telemetry/log.ts'
import {
  CREDENTIAL,
  checkInOf,
  expectRefusal,
  START,
  scene,
  testServer,
  tinyJob,
  updateFor,
} from '../support/federation-fixture.ts'

const job = tinyJob({ cohort: { size: 3, goal: 2, minimum: 2, deadlineMs: 3_600_000 } })

const DIRECTIONS = [
  ['forward', 1],
  ['back', -1],
] as const

test.each(DIRECTIONS)(
  'a day %s and back again: a round keeps what came, and is released',
  async (_, way) => {
    const { server, jobId, device, other, assignment } = await scene(job)
    expect((await device.upload(assignment, updateFor(assignment, 'a'))).status).toBe(202)
    await server.pass(way * DAY_MS)
    const during = await server.operator.job(jobId)
    expect([during.state, during.rounds[0]?.phase]).toEqual(['running', 'collecting'])
    expect(during.rounds[0]?.received).toBe(1)
    // Devices whose clocks are right are told that the clocks differ.
    const stale = other.signed('POST', '/v1/checkin', new Uint8Array(2), { nowMs: START })
    await expectRefusal(await server.fetch(stale), 401, 'E_CLOCK')
    // A second has passed meanwhile.
    await server.pass(1000 - way * DAY_MS)
    const second = await other.join(job)
    expect((await other.upload(second, updateFor(second, 'b'))).status).toBe(202)
    await server.settle()
    expect(await server.operator.job(jobId)).toMatchObject({ state: 'completed' })
  },
)

test.each(DIRECTIONS)(
  'a clock that stays a day %s: devices that share it go on with the round',
  async (_, way) => {
    const { server, jobId, device, other, assignment } = await scene(job)
    expect((await device.upload(assignment, updateFor(assignment, 'a'))).status).toBe(202)
    await server.pass(way * DAY_MS)
    const second = await other.join(job)
    expect((await other.upload(second, updateFor(second, 'b'))).status).toBe(202)
    await server.settle()
    expect(await server.operator.job(jobId)).toMatchObject({ state: 'completed' })
  },
)

test.each(DIRECTIONS)(
  'a day %s and back again: a request that was captured before is refused, new ones are not',
  async (_, way) => {
    const { server, device } = await scene(job)
    const body = new TextEncoder().encode(JSON.stringify(checkInOf(job, START)))
    const captured = device.signed('POST', '/v1/checkin', body)
    expect((await server.fetch(captured.clone())).status).toBe(200)
    await server.pass(way * DAY_MS)
    // Also of what else was kept of it then.
    await server.pass(way * 3_600_000)
    await server.pass(-way * (DAY_MS + 3_600_000))
    await expectRefusal(await server.fetch(captured.clone()), 409, 'E_REPLAY')
    await server.pass(1000)
    expect((await server.fetch(device.signed('POST', '/v1/checkin', body))).status).toBe(200)
  },
)

test.each(DIRECTIONS)(
  'an aggregation that failed before a day %s is tried again at most ten minutes later',
  async (_, way) => {
    const made = testServer()
    let [now, broken] = [START, true]
    const { aggregateInProcess } = await import('../../server/releases/aggregate.ts')
    const server = createServer({
      ...made.data,
      clock: () => now,
      rng: seededRng('second'),
      log: silentLog,
      config: {
        operatorCredential: CREDENTIAL,
        pace: { soonMs: 1000, laterMs: 60_000 },
        leastCohort: 1,
      },
      aggregate: (plan, read) => {
        if (broken) throw new Error('EMFILE')
        return aggregateInProcess(plan, read)
      },
    })
    const { id } = await made.operator.createJob(job)
    for (const name of ['a', 'b']) {
      const device = made.device(name)
      await device.enroll(await made.operator.token())
      const assignment = await device.join(job)
      const path = `/v1/rounds/${assignment.roundId}/update`
      const headers = { 'upload-token': assignment.uploadToken }
      const update = device.signed('PUT', path, updateFor(assignment, name), { headers })
      expect((await server.app.request(update)).status).toBe(202)
    }
    await server.tick(now)
    expect((await made.operator.job(id)).rounds[0]?.phase).toBe('aggregating')
    now += way * DAY_MS
    broken = false
    await server.tick(now)
    now += 600_000
    await server.tick(now)
    expect(await made.operator.job(id)).toMatchObject({ state: 'completed' })
  },
)
