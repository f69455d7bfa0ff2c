import { describe, expect, test } from 'vitest'
import { strategies } from '../../../adapters/aggregate/strategy.ts'
import { findPart, partsOf } from '../../../adapters/container/container.ts'
import type { ContributionRow } from '../../../adapters/contributions/contribution.ts'
import { decodeRelease, encodeRelease } from '../../../adapters/contributions/messages.ts'
import { CONTRIBUTIONS } from '../../../adapters/contributions/table.ts'
import { FedError } from '../../../adapters/errors.ts'
import type { Factors } from '../../../adapters/lora/layout.ts'
import { triangleSize } from '../../../adapters/math/matrix.ts'
import { sha256Hex } from '../../../adapters/node/sha256.ts'
import { seededRng } from '../../../adapters/random.ts'
import type { Assignment } from '../../../adapters/wire/federation.ts'
import type { Contribution, JobSpec, JobSpecInput } from '../../../adapters/wire/jobs.ts'
import { aggregateInProcess, startAggregation } from '../../../server/releases/aggregate.ts'
import type { AggregationPlan } from '../../../server/releases/aggregation-plan.ts'
import { type Fold, foldInProcess } from '../../../server/releases/fold.ts'
import type { Folded } from '../../../server/releases/folded.ts'
import { firstRelease } from '../../../server/releases/release.ts'
import { aggregateInWorker, foldInWorker } from '../../../server/releases/worker.ts'
import type { Round } from '../../../server/store/records.ts'
import { parsedJob, tinyJob, updateFor, updateParts } from '../../support/federation-fixture.ts'

const NOW = 1_700_000_000_000
const D = 3

const round = (factor: Factors | null, parent: string): Round => ({
  id: 'round',
  jobId: 'job',
  index: 0,
  attempt: 0,
  phase: 'aggregating',
  factor,
  parent,
  basisEpoch: 0,
  assigned: 2,
  received: 2,
  openedAt: NOW,
  startedAt: NOW,
  deadlineAt: NOW + 1000,
  closedAt: NOW + 500,
  reason: null,
  release: null,
  leftOut: [],
  tries: 0,
  retryAt: null,
})

/** Release 0 with a scale, as a statistics round would leave it. */
const scaledRelease = (spec: JobSpec, now: number) => {
  const { header, ...release } = decodeRelease(firstRelease(spec, now).bytes)
  const { segments: _, ...rest } = header
  const scale = { name: 'statistics.scale', shape: [D], data: new Float64Array(D).fill(0.5) }
  return { bytes: encodeRelease(rest, [...partsOf({ header, ...release }), scale]) }
}

/** Objects by hash, and the plan over them. */
const setting = (
  contributions: Contribution[],
  seeds: readonly string[],
  given: { parent?: Uint8Array; adapterRounds?: number; job?: Partial<JobSpecInput> } = {},
) => {
  const spec = parsedJob({ ...given.job, contributions })
  const parent =
    given.parent ??
    (contributions.includes('prior') ? scaledRelease : firstRelease)(spec, NOW).bytes
  const { adapterRounds = 0 } = given
  const { factorOf } = strategies[spec.strategy]
  const factor = contributions.includes('adapter') ? factorOf({ adapterRounds }) : null
  const assignment: Assignment = {
    ...tinyJob(),
    privacy: undefined,
    jobId: 'job',
    roundId: 'round',
    uploadToken: 'x'.repeat(16),
    release: sha256Hex(parent),
    basisEpoch: decodeRelease(parent).header.basisEpoch,
    contributions,
    factor,
    training: spec.training,
    prior: spec.prior,
    purpose: 'personalization',
    deadlineAt: NOW + 1000,
  }
  const updates = seeds.map((seed, i) =>
    updateFor(assignment, seed, { header: { pairs: factor ? 4 + 4 * i : 0 } }),
  )
  const objects = new Map([parent, ...updates].map((bytes) => [sha256Hex(bytes), bytes]))
  const plan: AggregationPlan = {
    spec,
    round: round(factor, sha256Hex(parent)),
    parent: { adapterRounds, optimizer: null },
    version: 1,
    digests: updates.map(sha256Hex).sort(),
  }
  const read = async (hash: string) => {
    const bytes = objects.get(hash)
    if (!bytes) throw new FedError('E_DATA', 'missing')
    return bytes.slice()
  }
  return { plan, read, assignment, parent, seeds }
}

/** W = B·A of one module of a release, by the definition. */
const product = (bytes: Uint8Array, name: string): number[] => {
  const release = decodeRelease(bytes)
  const a = findPart(release, `${name}.A`)!
  const b = findPart(release, `${name}.B`)!
  const rank = 2
  const inputs = a.length / rank
  return Array.from({ length: (b.length / rank) * inputs }, (_, at) => {
    const [o, i] = [Math.floor(at / inputs), at % inputs]
    let sum = 0
    for (let r = 0; r < rank; r++) sum += b[o * rank + r]! * a[r * inputs + i]!
    return sum
  })
}

const expectClose = (got: ArrayLike<number>, wanted: ArrayLike<number>, tolerance: number) => {
  expect(got.length).toBe(wanted.length)
  for (let i = 0; i < got.length; i++)
    expect(Math.abs(got[i]! - wanted[i]!)).toBeLessThanOrEqual(tolerance)
}

describe('the aggregation of a round', () => {
  test('the product B·A is that of the mean change weighted by pairs (tolerance 1e-6)', async () => {
    const { plan, read, assignment, parent, seeds } = setting(['adapter'], ['a', 'b'])
    const { bytes } = await aggregateInProcess(plan, read)
    const a = findPart(decodeRelease(parent), 'layers.1.v.A')!
    const changes = seeds.map(
      (seed) =>
        updateParts(assignment, seededRng(seed)).find((p) => p.name === 'layers.1.v.B')!.data,
    )
    const mean = Array.from(changes[0]!, (x, i) => (4 * x + 8 * changes[1]![i]!) / 12)
    const [out, inputs] = [4, 8]
    const wanted = Array.from({ length: out * inputs }, (_, at) => {
      const [o, i] = [Math.floor(at / inputs), at % inputs]
      return mean[o * 2]! * a[i]! + mean[o * 2 + 1]! * a[inputs + i]!
    })
    expectClose(product(bytes, 'layers.1.v'), wanted, 1e-6)
  })

  test('a release says how far it moved and how long its updates were, outside of its bytes', async () => {
    const job = { training: { updateNorm: 4 } }
    const { plan, read, parent } = setting(['adapter'], ['a', 'b', 'c'], { job })
    const { bytes, summary } = await aggregateInProcess(plan, read)
    const moved = ['layers.0.q', 'layers.0.v', 'layers.1.q', 'layers.1.v'].flatMap((name) => {
      const before = product(parent, name)
      return product(bytes, name).map((x, i) => 2 * (x - before[i]!))
    })
    const { adapterChange, adapterNorm, priorChange, updateNorms } = summary.metrics!
    expect(adapterChange).toBeCloseTo(Math.hypot(...moved), 6)
    // B was zero before.
    expect(adapterNorm).toBeCloseTo(adapterChange, 6)
    expect(priorChange).toBeNull()
    // Their norms are about 0.1·√48 ≈ 0.7 of 4: between 1/8 and 1/4.
    expect(updateNorms).toEqual([0, 0, 0, 0, 3, 0, 0])
    expect(decodeRelease(bytes).header).not.toHaveProperty('metrics')
  })

  test('the error of compression is told where a job asks for it; short parts have none', async () => {
    const job = { compression: { releases: 'float16' } } as const
    const errorOf = async (given: object) => {
      const { plan, read } = setting(['adapter'], ['a', 'b', 'c'], given)
      return (await aggregateInProcess(plan, read)).summary.metrics!.compressionError
    }
    expect(await errorOf({})).toBeUndefined()
    expect(await errorOf({ job })).toBe(0)
  })

  test('the prior is the M-step written out with dense matrices (tolerance 1e-5)', async () => {
    const { plan, read, assignment, seeds } = setting(['prior'], ['a', 'b', 'c'])
    const release = decodeRelease((await aggregateInProcess(plan, read)).bytes)
    const { shrinkage, initialVariance } = plan.spec.prior
    const moments = seeds.map((seed) => {
      const parts = updateParts(assignment, seededRng(seed))
      return [parts[0]!.data, parts[1]!.data]
    })
    const total = seeds.length + shrinkage
    const mean = Array.from({ length: D }, (_, i) =>
      moments.reduce((sum, [first]) => sum + first![i]! / total, 0),
    )
    const at = (i: number, j: number) => triangleSize(D) - triangleSize(D - i) + (j - i)
    const covariance = (i: number, j: number): number => {
      const [low, high] = [Math.min(i, j), Math.max(i, j)]
      const sum = moments.reduce((s, [, second]) => s + second![at(low, high)]!, 0)
      const last = i === j ? initialVariance : 0
      return (sum + shrinkage * last) / total - mean[i]! * mean[j]!
    }
    expectClose(findPart(release, 'prior.mean')!, mean, 1e-5)
    const directions = findPart(release, 'prior.directions')!
    const variances = findPart(release, 'prior.variances')!
    for (let i = 0; i < D; i++)
      for (let j = 0; j < D; j++) {
        let rebuilt = 0
        for (let k = 0; k < D; k++)
          rebuilt += variances[k]! * directions[k * D + i]! * directions[k * D + j]!
        expect(Math.abs(rebuilt - covariance(i, j))).toBeLessThan(1e-5)
      }
  })

  test('what the round does not touch is carried over', async () => {
    const first = setting(['prior', 'statistics'], ['a', 'b'])
    const before = (await aggregateInProcess(first.plan, first.read)).bytes
    const second = setting(['adapter'], ['c'], { parent: before })
    const { bytes, summary, adapterRounds } = await aggregateInProcess(second.plan, second.read)
    const [old, now] = [decodeRelease(before), decodeRelease(bytes)]
    for (const name of ['prior.mean', 'prior.directions', 'prior.rest', 'statistics.scale'])
      expect(findPart(now, name)).toEqual(findPart(old, name))
    expect(summary).toMatchObject({ parts: ['adapter', 'prior', 'statistics'], basisEpoch: 1 })
    expect(adapterRounds).toBe(1)
    expect(summary.createdAt).toBe(NOW + 500)
  })

  test("the prior waits for a scale: moments in the devices' own scales are not averaged", async () => {
    const parent = firstRelease(parsedJob({ contributions: ['prior', 'statistics'] }), NOW).bytes
    const first = setting(['prior', 'statistics'], ['a', 'b'], { parent })
    const { bytes, summary } = await aggregateInProcess(first.plan, first.read)
    expect(summary.parts).toEqual(['adapter', 'statistics'])
    const second = setting(['prior'], ['a', 'b'], { parent: bytes })
    expect((await aggregateInProcess(second.plan, second.read)).summary.parts).toContain('prior')
  })

  test('a round without the adapter leaves every factor and the basis as they are', async () => {
    const { plan, read, parent } = setting(['prior'], ['a'], { adapterRounds: 3 })
    const { bytes, adapterRounds } = await aggregateInProcess(plan, read)
    const [old, now] = [decodeRelease(parent), decodeRelease(bytes)]
    const factors = (release: typeof old) =>
      partsOf(release).filter((part) => part.name.startsWith('layers.'))
    expect(factors(now)).toEqual(factors(old))
    expect([now.header.basisEpoch, adapterRounds]).toEqual([0, 3])
  })

  test('the scale that a prior was fitted in stays, whatever later statistics say', async () => {
    const first = setting(['prior', 'statistics'], ['a', 'b'])
    const before = (await aggregateInProcess(first.plan, first.read)).bytes
    const second = setting(['statistics'], ['other'], { parent: before })
    const after = (await aggregateInProcess(second.plan, second.read)).bytes
    expect(findPart(decodeRelease(after), 'statistics.scale')).toEqual(
      findPart(decodeRelease(before), 'statistics.scale'),
    )
    const early = setting(['statistics'], ['other'])
    const fresh = (await aggregateInProcess(early.plan, early.read)).bytes
    expect(findPart(decodeRelease(fresh), 'statistics.scale')).not.toEqual(
      findPart(decodeRelease(before), 'statistics.scale'),
    )
  })

  test('one device cannot weigh more than the pairs it was told to use', async () => {
    const few = setting(['adapter'], ['a', 'b'], { job: { training: { maxPairs: 4 } } })
    const { bytes } = await aggregateInProcess(few.plan, few.read)
    const changes = few.seeds.map(
      (seed) =>
        updateParts(few.assignment, seededRng(seed)).find((p) => p.name === 'layers.0.q.B')!.data,
    )
    const a = findPart(decodeRelease(few.parent), 'layers.0.q.A')!
    const mean = Array.from(changes[0]!, (x, i) => (x + changes[1]![i]!) / 2)
    expect(product(bytes, 'layers.0.q')[0]).toBeCloseTo(mean[0]! * a[0]! + mean[1]! * a[8]!, 6)
  })

  test('a wrapped row can change a sum before its release is made, and nothing else', async () => {
    const { plan, read } = setting(['adapter', 'prior', 'statistics'], ['a', 'b'])
    const noised = (row: ContributionRow, noise: number): ContributionRow => ({
      ...row,
      finish: (total, asked, head) =>
        row.finish({ ...total, sum: () => total.sum().map((x) => x + noise) }, asked, head),
    })
    const release = async (noise: number) => {
      const rows = CONTRIBUTIONS.map((row) => (row.name === 'prior' ? noised(row, noise) : row))
      const parent = { bytes: await read(plan.round.parent) }
      const aggregation = startAggregation(plan, null, rows)
      for (const digest of plan.digests) aggregation.add(await read(digest))
      return aggregation.finish(plan, parent).bytes
    }
    const plain = (await aggregateInProcess(plan, read)).bytes
    expect(sha256Hex(await release(0))).toBe(sha256Hex(plain))
    const [old, now] = [decodeRelease(plain), decodeRelease(await release(1))]
    expect(findPart(now, 'prior.mean')).not.toEqual(findPart(old, 'prior.mean'))
    for (const name of ['layers.0.q.A', 'layers.0.q.B', 'statistics.scale'])
      expect(findPart(now, name)).toEqual(findPart(old, name))
  })

  test('a round of both factors tells how far the mean of factors misses that of products', async () => {
    const { plan, read } = setting(['adapter'], ['a', 'b', 'c'], { job: { strategy: 'fedavg' } })
    const { summary, bytes } = await aggregateInProcess(plan, read)
    const { averagingError, adapterChange } = summary.metrics!
    expect(averagingError).toBeGreaterThan(0.01 * adapterChange)
    expect(averagingError).toBeLessThan(adapterChange)
    const there = await aggregateInWorker(plan, read)
    expect(there.summary).toEqual(summary)
    expect(sha256Hex(there.bytes)).toBe(sha256Hex(bytes))
    const one = setting(['adapter'], ['a', 'b', 'c'])
    expect((await aggregateInProcess(one.plan, one.read)).summary.metrics).not.toHaveProperty(
      'averagingError',
    )
  })

  test('the server optimizer reads the moments that the parent names, in the worker too', async () => {
    const job = { training: { method: 'gradient' as const }, strategy: 'fedavg' as const }
    const { plan, read } = setting(['adapter'], ['a', 'b'], { job })
    const first = await aggregateInProcess(plan, read)
    expect(first.optimizer?.moments).toBe(sha256Hex(first.moments!))
    const { adapterRounds, optimizer } = first
    const next = { ...plan, parent: { adapterRounds, optimizer } }
    const readAll = async (hash: string) =>
      hash === optimizer!.moments ? first.moments!.slice() : read(hash)
    const there = await aggregateInWorker(next, readAll)
    expect(sha256Hex(there.bytes)).toBe(sha256Hex((await aggregateInProcess(next, readAll)).bytes))
    expect(sha256Hex(there.bytes)).not.toBe(sha256Hex(first.bytes))
    expect(there.moments).not.toEqual(first.moments)
    await expect(aggregateInProcess(next, read)).rejects.toThrow()
  })

  test('the worker thread makes the same bytes and keeps this thread free', async () => {
    const { plan, read } = setting(['adapter', 'prior', 'statistics'], ['a', 'b', 'c'])
    let turns = 0
    const timer = setInterval(() => turns++, 5)
    const there = await aggregateInWorker(plan, read)
    clearInterval(timer)
    expect(sha256Hex(there.bytes)).toBe(sha256Hex((await aggregateInProcess(plan, read)).bytes))
    expect(turns).toBeGreaterThan(2)
  })

  test('several threads make the same bytes as one, and name all bad updates', async () => {
    const seeds = Array.from({ length: 40 }, (_, i) => `device ${i}`)
    const { plan, read } = setting(['adapter', 'prior', 'statistics'], seeds)
    const flat = await aggregateInProcess(plan, read)
    const there = await aggregateInWorker(plan, read)
    expect(sha256Hex(there.bytes)).toBe(sha256Hex(flat.bytes))
    expect(there.summary.metrics).toEqual(flat.summary.metrics)
    const bad = [plan.digests[3], plan.digests[30]]
    const broken = async (hash: string) => (bad.includes(hash) ? new Uint8Array(100) : read(hash))
    await expect(aggregateInWorker(plan, broken)).rejects.toMatchObject({
      code: 'E_CONTAINER',
      digests: bad,
    })
  })

  test('parts of a round, added anywhere and merged in any order, make the same release', async () => {
    const { plan, read } = setting(
      ['adapter', 'prior', 'statistics'],
      ['a', 'b', 'c', 'd', 'e', 'f'],
    )
    const parent = { bytes: await read(plan.round.parent) }
    const parts = [[4], [], [0, 3, 5], [2, 1]].map((at) => ({
      at,
      made: startAggregation(plan, null),
    }))
    for (const { at, made } of parts) for (const i of at) made.add(await read(plan.digests[i]!))
    const whole = startAggregation(plan, null)
    for (const { made } of parts) whole.merge(structuredClone(made.partial()))
    expect(sha256Hex(whole.finish(plan, parent).bytes)).toBe(
      sha256Hex((await aggregateInProcess(plan, read)).bytes),
    )
  })

  test('updates that were added up before the close, in turns and elsewhere, make the same release', async () => {
    const seeds = Array.from({ length: 20 }, (_, i) => `device ${i}`)
    const { plan, read } = setting(['adapter', 'prior', 'statistics'], seeds)
    const flat = await aggregateInProcess(plan, read)
    const kept = new Map<string, Uint8Array>()
    const readAll = async (hash: string) => kept.get(hash)?.slice() ?? read(hash)
    const folded = async (fold: Fold, base: Folded | null, from: number, to: number) => {
      const digests = plan.digests.slice(from, to)
      const { bytes, ...made } = await fold({ ...plan, base, digests }, readAll)
      expect(sha256Hex(bytes)).toBe(made.hash)
      kept.set(made.hash, bytes)
      return made
    }
    const first = await folded(foldInWorker, null, 0, 5)
    const second = await folded(foldInProcess, first, 5, 9)
    // Equal sums have equal bytes, wherever they were made.
    expect((await folded(foldInWorker, first, 5, 9)).hash).toBe(second.hash)
    const other = await folded(foldInProcess, null, 9, 13)
    for (const aggregate of [aggregateInProcess, aggregateInWorker]) {
      const there = await aggregate({ ...plan, folded: [second, other] }, readAll)
      expect(sha256Hex(there.bytes)).toBe(sha256Hex(flat.bytes))
      expect(there.summary.metrics).toEqual(flat.summary.metrics)
    }
    // A sum with an update that is no part of the round any more is of no use.
    const fewer = { ...plan, digests: plan.digests.slice(1) }
    const without = await aggregateInProcess({ ...fewer, folded: [second, other] }, readAll)
    expect(sha256Hex(without.bytes)).toBe(sha256Hex((await aggregateInProcess(fewer, read)).bytes))
    kept.set(other.hash, kept.get(second.hash)!)
    await expect(aggregateInWorker({ ...plan, folded: [other] }, readAll)).rejects.toMatchObject({
      code: 'E_CONTAINER',
    })
  })

  test("the worker's refusal keeps its code, and a missing object stops it", async () => {
    const { plan, read } = setting(['adapter'], ['a'])
    const broken = async (hash: string) =>
      hash === plan.digests[0] ? new Uint8Array(100) : read(hash)
    await expect(aggregateInWorker(plan, broken)).rejects.toMatchObject({ code: 'E_CONTAINER' })
    const missing = { ...plan, digests: ['0'.repeat(64)] }
    await expect(aggregateInWorker(missing, read)).rejects.toMatchObject({ code: 'E_DATA' })
  })
})
