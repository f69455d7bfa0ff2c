import { beforeAll, expect, test } from 'vitest'
import { priorCovariance } from '../../../adapters/aggregate/prior.ts'
import { decodeRelease } from '../../../adapters/contributions/messages.ts'
import { releasedPrior } from '../../../adapters/contributions/prior.ts'
import { ABILITIES } from '../../../adapters/wire/abilities.ts'
import type { JobSpecInput } from '../../../adapters/wire/jobs.ts'
import { PROTOCOL_VERSION } from '../../../adapters/wire/primitives.ts'
import type { LocalModel } from '../../../device/engine/model/open.ts'
import { checkInOf, enrolledDevices } from '../../support/federation-fixture.ts'
import { largestDifference } from '../../support/numbers.ts'
import { enrolledDevice, fakeDevice, jobFor, shortChoices, tinyModel } from '../device-fixture.ts'

let model: LocalModel
beforeAll(async () => {
  model = await tinyModel()
})

const SIZE = 2
const cohort = { size: SIZE, goal: SIZE, minimum: SIZE, deadlineMs: 60_000 }
const within = { directions: 4, moments: 'directions' as const }

/** Devices of one server that has released a scale. */
const opened = async () => {
  const first = await enrolledDevice(
    model,
    { contributions: ['statistics'], cohort },
    { leastSurvivors: SIZE },
  )
  const other = fakeDevice(model, {
    serverUrl: 'http://server.test',
    transport: first.transport,
    clock: first.server.now,
    sleep: (ms) => first.server.pass(ms),
    leastSurvivors: SIZE,
  })
  await other.device.enroll(await first.server.operator.token())
  await other.device.grantConsent(['adapter', 'prior', 'statistics'], null, 1)
  await other.device.importChoices(shortChoices(9))
  const { operator } = first.server
  const finish = async (jobId: string) => {
    await Promise.all([first, other].map(({ device }) => device.participate()))
    await first.server.settle()
    const { head, rounds } = await operator.job(jobId)
    expect(rounds.map(({ phase, received }) => [phase, received])).toEqual([['released', SIZE]])
    return releasedPrior(decodeRelease(await operator.releaseBytes(head!)), 0.5)
  }
  await finish(first.jobId)
  const run = async (job: Partial<JobSpecInput>) =>
    finish(
      (await operator.createJob(jobFor(model, { contributions: ['prior'], cohort, ...job }))).id,
    )
  const create = (job: JobSpecInput) =>
    operator.call('POST', '/v1/operator/jobs', { protocol: PROTOCOL_VERSION, job })
  return { ...first, run, create }
}

test('once directions are released, devices send moments in them, plain or masked; only the span moves', async () => {
  const { run, create, sent, server } = await opened()
  const job = jobFor(model, { contributions: ['prior'], cohort, prior: within })
  const refused = await create(job)
  expect(refused.status).toBe(400)
  expect(await refused.text()).toContain('job.prior.moments')
  const last = await run({ prior: { directions: 4 } })
  const full = sent.findLast(({ method }) => method === 'PUT')!.bytes.length
  const next = await run({ prior: within })
  const small = sent.findLast(({ method }) => method === 'PUT')!.bytes.length
  expect(full - small).toBeGreaterThan(4 * 1000)
  expect(small).toBeLessThan(3000)
  expect(next.rest).toBe(last.rest)
  expect(next.mean).not.toEqual(last.mean)
  const moved = next.mean.map((x, i) => x - last.mean[i]!)
  const size = moved.length
  for (let k = 0; k < 4; k++) {
    const direction = last.directions.subarray(k * size, (k + 1) * size)
    const along = direction.reduce((sum, x, i) => sum + x * moved[i]!, 0)
    for (let i = 0; i < size; i++) moved[i]! -= along * direction[i]!
  }
  // float32 of the released mean.
  expect(Math.hypot(...moved)).toBeLessThan(1e-5)
  const masked = await run({ prior: within, masks: {} })
  expect(masked.rest).toBe(last.rest)
  const upload = sent.findLast(({ method }) => method === 'PUT')!
  expect(Buffer.from(upload.bytes).toString('latin1')).toContain('"kind":"masked-update"')

  // A device of an earlier version is not asked.
  await server.operator.createJob({ ...job, cohort })
  const [old] = await enrolledDevices(server, 1)
  const abilities = ABILITIES.filter((name) => name !== 'directions')
  const answer = await old!.sendJson(
    'POST',
    '/v1/checkin',
    checkInOf(job, server.now(), { abilities }),
  )
  expect(await answer.json()).toMatchObject({ kind: 'retry', reason: 'not_eligible' })
})

test('a sum of masked moments gives the prior that plain ones give, to the steps of the ring', async () => {
  const [one, two] = [await opened(), await opened()]
  await one.run({ prior: { directions: 4 } })
  await two.run({ prior: { directions: 4 } })
  const plain = await one.run({ prior: within })
  const masked = await two.run({ prior: within, masks: {} })
  expect(largestDifference(masked.mean, plain.mean)).toBeLessThan(1e-4)
  // Directions of like variance may turn among themselves.
  const [a, b] = [plain, masked].map((prior) => priorCovariance(prior).data)
  expect(largestDifference(a!, b!)).toBeLessThan(1e-4)
})
