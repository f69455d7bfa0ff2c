/** Rounds whose job has a robust rule, from encoded updates to the release. */
import { describe, expect, test } from 'vitest'
import { findPart, type Part } from '../../../adapters/container/container.ts'
import { decodeRelease, encodeUpdate } from '../../../adapters/contributions/messages.ts'
import { sha256Hex } from '../../../adapters/node/sha256.ts'
import { seededRng } from '../../../adapters/random.ts'
import type { JobSpecInput } from '../../../adapters/wire/jobs.ts'
import type { RobustPlan } from '../../../adapters/wire/robust.ts'
import { releaseText } from '../../../server/commands/print.ts'
import { aggregateInProcess } from '../../../server/releases/aggregate.ts'
import type { AggregationPlan } from '../../../server/releases/aggregation-plan.ts'
import { checkJobSize } from '../../../server/releases/job-size.ts'
import { firstRelease } from '../../../server/releases/release.ts'
import { startRobust } from '../../../server/releases/robust.ts'
import { aggregateInWorker } from '../../../server/releases/worker.ts'
import { expectCode } from '../../support/expect-code.ts'
import {
  enrolledDevices,
  parsedJob,
  testServer,
  tinyJob,
  updateFor,
  updateHeader,
  updateParts,
} from '../../support/federation-fixture.ts'

const NOW = 1_700_000_000_000
const HONEST = 8

const RULES: RobustPlan[] = [
  { rule: 'norm-bound', multiple: 1 },
  { rule: 'median' },
  { rule: 'trimmed-mean', faulty: 0.2 },
  { rule: 'krum', faulty: 0.2 },
  { rule: 'multi-krum', faulty: 0.2 },
  { rule: 'geometric-median' },
]

/** Eight honest updates and, from its two bad ones, whatever `spoil` makes of honest parts. */
const setting = (robust: RobustPlan | undefined, spoil: (parts: Part[]) => Part[]) => {
  const job = {
    ...tinyJob({ cohort: { size: 20, goal: 10, minimum: 5 }, prior: { initialVariance: 2 } }),
    ...(robust && { robust }),
  } satisfies JobSpecInput
  const spec = parsedJob(job)
  const { bytes: parent } = firstRelease(spec, NOW)
  const assignment = {
    ...spec,
    privacy: undefined,
    ...{ jobId: 'job', roundId: 'round', uploadToken: 'x'.repeat(16), release: sha256Hex(parent) },
    ...{ basisEpoch: 0, factor: 'B' as const, deadlineAt: NOW },
  }
  // Everybody goes the same way, more or less.
  const common = updateParts(assignment, seededRng('common'), 0.05)
  const partsOf = (i: number) =>
    updateParts(assignment, seededRng(`device ${i}`), 0.02).map((part, k) => ({
      ...part,
      data: part.name.startsWith('layers.')
        ? Float32Array.from(part.data, (x, c) => x + common[k]!.data[c]!)
        : part.data,
    }))
  const updates = Array.from({ length: 10 }, (_, i) => {
    const parts = i < HONEST ? partsOf(i) : spoil(partsOf(i))
    return encodeUpdate({ ...updateHeader(assignment), pairs: i < HONEST ? 2 : 64 }, parts)
  })
  const objects = new Map([parent, ...updates].map((bytes) => [sha256Hex(bytes), bytes]))
  const round = {
    ...{ id: 'round', jobId: 'job', index: 0, attempt: 0, phase: 'aggregating' as const },
    ...{ factor: 'B' as const, parent: sha256Hex(parent), basisEpoch: 0, assigned: 10 },
    ...{ received: 10, openedAt: NOW, startedAt: NOW, deadlineAt: NOW, closedAt: NOW },
    ...{ reason: null, release: null, leftOut: [], tries: 0, retryAt: null },
  }
  const plan: AggregationPlan = {
    ...{ spec, round, version: 1, digests: updates.map(sha256Hex).sort() },
    parent: { adapterRounds: 0, optimizer: null },
  }
  const reads = { count: 0 }
  const read = async (hash: string) => {
    reads.count++
    return objects.get(hash)!.slice()
  }
  return { plan, read, reads, parent, updates }
}

const flipped = (parts: Part[]) =>
  parts.map((part) => ({
    ...part,
    data: part.name.startsWith('layers.')
      ? Float32Array.from(part.data, (x) => -x)
      : part.name === 'statistics.sumSquares'
        ? Float32Array.from(part.data, (x) => x * 1e6)
        : part.data,
  }))
const honest = (parts: Part[]) => parts

const built = async (...[robust, spoil]: Parameters<typeof setting>) => {
  const { plan, read } = setting(robust, spoil)
  const { bytes, summary } = await aggregateInProcess(plan, read)
  return { release: decodeRelease(bytes), metrics: summary.metrics! }
}
const partOf = ({ release }: Awaited<ReturnType<typeof built>>, name: string) =>
  findPart(release, name)!

describe.each(RULES.map((plan) => [plan.rule, plan] as const))('%s', (_, plan) => {
  test('holds the scale and the adapter where two of ten send what they like', async () => {
    const [clean, mean, robust] = await Promise.all([
      built(undefined, honest),
      built(undefined, flipped),
      built(plan, flipped),
    ])
    const ratio = (made: typeof clean) =>
      partOf(made, 'statistics.scale')[0]! / partOf(clean, 'statistics.scale')[0]!
    expect(ratio(mean)).toBeLessThan(0.01)
    expect(ratio(robust)).toBeGreaterThan(0.6)
    expect(ratio(robust)).toBeLessThan(1.2)
    // Two flips that weigh 32 times an honest device turn the mean around.
    const along = (made: typeof clean) => {
      const [a, b] = [made, clean].map(({ metrics }) => metrics.adapterNorm)
      return a! / b!
    }
    expect(along(robust)).toBeGreaterThan(0.3)
    expect(robust.metrics.robust?.adapter).toMatchObject({ updates: 10 })
    expect(robust.metrics.robust?.statistics?.largestNorm).toBeGreaterThan(1e3)
  })

  test('comes to the same release in blocks of few numbers, but for rounding (tolerance 1e-5)', async () => {
    const { plan: asked, read, parent } = setting(plan, flipped)
    const whole = decodeRelease((await aggregateInProcess(asked, read)).bytes)
    const few = startRobust(asked, { bytes: parent }, 200)
    let passes = 0
    do {
      passes++
      for (const [at, digest] of asked.digests.entries()) few.add(await read(digest), at)
    } while (few.endPass())
    const release = decodeRelease(few.finish().bytes)
    for (const [i, x] of release.payload.entries())
      expect(Math.abs(x - whole.payload[i]!)).toBeLessThan(1e-5)
    if (plan.rule === 'norm-bound') expect(passes).toBe(2)
    else expect(passes).toBeGreaterThan(3)
  })
})

test.each([RULES[1]!, RULES[4]!])('$rule makes the same bytes in a thread', async (plan) => {
  const { plan: asked, read } = setting(plan, flipped)
  const [inProcess, inWorker] = [
    await aggregateInProcess(asked, read),
    await aggregateInWorker(asked, read),
  ]
  expect(sha256Hex(inWorker.bytes)).toBe(sha256Hex(inProcess.bytes))
  expect(inWorker.summary.metrics).toEqual(inProcess.summary.metrics)
})

test('a device that cannot be read is named, before anything is made of the others', async () => {
  const { plan, read } = setting({ rule: 'median' }, honest)
  const bad = plan.digests[3]!
  const damaged = async (hash: string) => {
    const bytes = await read(hash)
    if (hash === bad) bytes[bytes.length - 40]! ^= 1
    return bytes
  }
  await expect(aggregateInProcess(plan, damaged)).rejects.toMatchObject({ digests: [bad] })
})

test('a part that too few sent stays as it was, and the metrics say how many came', async () => {
  const { plan, read, parent } = setting({ rule: 'krum', faulty: 0.2 }, honest)
  const few = { ...plan, digests: plan.digests.slice(0, 4) }
  const { bytes, summary } = await aggregateInProcess(few, read)
  const names = decodeRelease(parent).header.segments.map(({ name }) => name)
  for (const name of names)
    expect(findPart(decodeRelease(bytes), name)).toEqual(findPart(decodeRelease(parent), name))
  expect(summary.metrics?.robust?.adapter).toMatchObject({ updates: 4, leftOut: 4 })
  expect(releaseText(summary)).toMatch(
    /rule +adapter: 4 of 4 updates left out, 0 cut to a norm; norms/,
  )
})

test('a job whose updates would be read a hundred times is refused when it is created', () => {
  const large = (goal: number, robust: RobustPlan) => ({
    ...parsedJob({ cohort: { size: goal, goal, minimum: goal }, robust }),
    features: { pooled: 0, named: Array.from({ length: 3000 }, (_, i) => `f${i}`) },
  })
  checkJobSize(large(500, { rule: 'median' }))
  expectCode('E_SHAPE', () => checkJobSize(large(1000, { rule: 'median' })))
  checkJobSize(large(1000, { rule: 'norm-bound', multiple: 1 }))
})

describe('FLTrust', () => {
  const job = (root: string) =>
    tinyJob({
      contributions: ['adapter'],
      cohort: { size: 4, goal: 3, minimum: 2, deadlineMs: 60_000 },
      robust: { rule: 'fltrust', root },
      maxDays: 1,
    })

  test('waits for the update of the root, which has a place of its own', async () => {
    const server = testServer()
    const [root, ...others] = await enrolledDevices(server, 6)
    const spec = job(root!.id)
    const { id } = await server.operator.createJob(spec)
    for (const [i, device] of others.slice(0, 4).entries()) {
      const assignment = await device.join(spec)
      expect((await device.upload(assignment, updateFor(assignment, `${i}`))).status).toBe(202)
    }
    // The goal is met, and so is the deadline: without the root it goes on.
    await server.pass(61_000)
    const waiting = await server.operator.job(id)
    expect(waiting.rounds.at(-1)).toMatchObject({ phase: 'collecting', received: 4 })
    expect(waiting.waitingFor).toContain('the root device has not')
    expect(await others[4]!.checkIn(spec)).toMatchObject({ kind: 'retry', reason: 'cohort_full' })
    const own = await root!.join(spec)
    expect((await root!.upload(own, updateFor(own, 'root'))).status).toBe(202)
    await server.settle()
    const done = await server.operator.job(id)
    expect(done.state).toBe('completed')
    const answer = await server.operator.call('GET', `/v1/operator/releases/${done.head}`)
    const { release } = (await answer.json()) as {
      release: { cohort: number; metrics: { robust: { adapter: object } } }
    }
    expect(release.cohort).toBe(4)
    expect(release.metrics.robust.adapter).toMatchObject({ updates: 4 })
  })

  test('takes nothing but the direction that the root goes along', async () => {
    const { plan, read, updates } = setting({ rule: 'fltrust', root: 'root' }, flipped)
    const rooted = { ...plan, round: { ...plan.round, root: sha256Hex(updates[0]!) } }
    const { summary } = await aggregateInProcess(rooted, read)
    expect(summary.cohort).toBe(9)
    expect(summary.metrics?.robust?.adapter).toMatchObject({ updates: 9, leftOut: 2 })
    const inWorker = await aggregateInWorker(rooted, read)
    expect(inWorker.summary.hash).toBe(summary.hash)
  })

  test('that never hears of its root ends with that cause', async () => {
    const server = testServer()
    const [root, ...others] = await enrolledDevices(server, 3)
    const spec = job(root!.id)
    const { id } = await server.operator.createJob(spec)
    for (const [i, device] of others.entries()) {
      const assignment = await device.join(spec)
      await device.upload(assignment, updateFor(assignment, `${i}`))
    }
    await server.pass(25 * 3_600_000)
    const ended = await server.operator.job(id)
    expect(ended.state).toBe('expired')
    expect(ended.reason).toContain('not that of the root device')
  })

  test('is refused with a root that is not enrolled', async () => {
    const server = testServer()
    const body = { protocol: 1, job: job('nobody') }
    const answer = await server.operator.call('POST', '/v1/operator/jobs', body)
    expect(answer.status).toBe(400)
    expect(await answer.text()).toContain('job.robust.root: no enrolled device')
  })

  test('goes on collecting when the root takes its update back', async () => {
    const server = testServer()
    const [root, ...others] = await enrolledDevices(server, 3)
    const spec = job(root!.id)
    const { id } = await server.operator.createJob(spec)
    const own = await root!.join(spec)
    await root!.upload(own, updateFor(own, 'root'))
    const [first] = others
    const assignment = await first!.join(spec)
    await first!.upload(assignment, updateFor(assignment, '1'))
    await root!.sendJson('DELETE', '/v1/device', { protocol: 1 })
    const second = await others[1]!.join(spec)
    await others[1]!.upload(second, updateFor(second, '2'))
    await server.pass(61_000)
    expect((await server.operator.job(id)).rounds.at(-1)).toMatchObject({ phase: 'collecting' })
  })
})
