/**
 * The documented job without masks (`loreweave job-file --no-masks > job.json && loreweave-server job create --file job.json
 * --rounds 4`), created in the afternoon for devices that work at night.
 */
import { expect, test } from 'vitest'
import { bucketOf } from '../../../adapters/wire/primitives.ts'
import {
  enrolledDevices,
  START,
  type TestDevice,
  testServer,
  tinyJob,
  updateFor,
} from '../../support/federation-fixture.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const hourOf = (now: number) => new Date(now).getUTCHours()
/** As `loreweave job-file --no-masks` prints it. */
const spec = tinyJob({ rounds: 4, cohort: { size: 10, goal: 8, minimum: 4 } })

const afternoon = START - (START % DAY) + 15 * HOUR

test('the documented job, created at 15:00 for devices that work from 23:00 to 06:00, completes', async () => {
  const server = testServer({ start: afternoon })
  const devices = await enrolledDevices(server, 12)
  const { id } = await server.operator.createJob(spec)
  const isAwake = (now: number) => hourOf(now) >= 23 || hourOf(now) < 6
  const began = new Map<TestDevice, number>()
  for (const [i, device] of devices.entries()) began.set(device, i)

  const states: string[] = []
  for (let minute = 0; minute < 4 * 24 * 60; minute += 20) {
    const job = await server.operator.job(id)
    if (job.state !== states.at(-1)) states.push(job.state)
    if (job.state !== 'running') break
    if (hourOf(server.now()) === 22 && job.released === 0)
      expect(job).toMatchObject({ rounds: [{ startedAt: null }] })
    // Three devices a look, so that a round spreads over the night; every fourth falls silent.
    const turn = (minute / 20) % 4
    for (const device of isAwake(server.now()) ? devices.slice(3 * turn, 3 * turn + 3) : []) {
      const answer = await device.checkIn(spec, { choices: bucketOf(40) })
      if (answer.kind !== 'assignment' || began.get(device)! % 4 === 3) continue
      await device.upload(answer.assignment, updateFor(answer.assignment, device.name))
    }
    await server.pass(20 * 60_000)
  }
  const job = await server.operator.job(id)
  expect(states).toEqual(['running', 'completed'])
  expect(job).toMatchObject({ state: 'completed', released: 4 })
  expect(job.rounds.every((round) => round.received >= 4)).toBe(true)
})

test('a job with hours assigns nothing by day, and takes what comes', async () => {
  const server = testServer({ start: afternoon })
  const night = tinyJob({ schedule: { hours: [{ from: '23:00', to: '06:00' }] } })
  const { id } = await server.operator.createJob(night)
  const [device, other] = await enrolledDevices(server, 2)
  const refused = await device!.checkIn(night)
  expect(refused).toMatchObject({ kind: 'retry', reason: 'cohort_full' })
  expect(refused.kind === 'retry' && refused.retryAfterMs).toBeGreaterThanOrEqual(HOUR / 2)
  await server.settle()
  expect((await server.operator.job(id)).waitingFor).toMatch(/; its hours begin .*T23:00Z$/)
  await server.pass(8 * HOUR)
  const assignment = await device!.join(night)
  await server.pass(50_000)
  expect((await device!.upload(assignment, updateFor(assignment, 'a'))).status).toBe(202)
  expect(await other!.checkIn(night)).toMatchObject({ kind: 'assignment' })
})
