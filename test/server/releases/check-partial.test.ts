import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { PartialSum } from '../../../adapters/aggregate/exact-sum.ts'
import {
  decodePartialUpdate,
  encodePartialUpdate,
} from '../../../adapters/contributions/partial-update.ts'
import type { ErrorCode } from '../../../adapters/errors.ts'
import { sha256Hex } from '../../../adapters/node/sha256.ts'
import type { PartialUpdateHeader } from '../../../adapters/wire/containers.ts'
import type { Assignment } from '../../../adapters/wire/federation.ts'
import { jobDigest } from '../../../adapters/wire/job-digest.ts'
import {
  aggregateInProcess,
  outcomeOf,
  startAggregation,
} from '../../../server/releases/aggregate.ts'
import type { EdgePlan } from '../../../server/releases/aggregation-plan.ts'
import { checkPartialUpdate } from '../../../server/releases/check-partial.ts'
import { firstRelease } from '../../../server/releases/release.ts'
import type { Round } from '../../../server/store/records.ts'
import { expectCode } from '../../support/expect-code.ts'
import { parsedJob, tinyJob, updateFor } from '../../support/federation-fixture.ts'

const NOW = 1_700_000_000_000
const cohort = { size: 20, goal: 10, minimum: 2, deadlineMs: 60_000 }
const spec = parsedJob({ contributions: ['adapter', 'statistics'], cohort })
const parentBytes = firstRelease(spec, NOW).bytes
const release = sha256Hex(parentBytes)

const round: Round = {
  ...{ id: 'round', jobId: 'job', index: 0, attempt: 0, phase: 'aggregating', factor: 'B' },
  ...{ parent: release, basisEpoch: 0, assigned: 9, received: 9, openedAt: NOW, startedAt: NOW },
  ...{ deadlineAt: NOW + 1000, closedAt: NOW + 500, reason: null, release: null, leftOut: [] },
  ...{ tries: 0, retryAt: null },
}
const assignment: Assignment = {
  ...tinyJob(),
  privacy: undefined,
  ...{ jobId: 'job', roundId: 'round', uploadToken: 'x'.repeat(16), release, basisEpoch: 0 },
  ...{ contributions: spec.contributions, factor: 'B', training: spec.training },
  ...{ prior: spec.prior, purpose: 'personalization', deadlineAt: NOW + 1000 },
}
const plan = {
  spec,
  round,
  parent: { adapterRounds: 0, optimizer: null },
  version: 1,
  digests: [] as string[],
}
const upstream = { ...assignment, job: spec }
const updates = Array.from({ length: 9 }, (_, i) =>
  updateFor(assignment, `device ${i}`, { header: { pairs: 1 + 7 * i } }),
)

/** What an edge with these updates, or sums, forwards. */
const forwarded = (bodies: readonly Uint8Array[]): Uint8Array => {
  const edge: EdgePlan = { ...plan, upstream }
  const aggregation = startAggregation(edge, null)
  for (const bytes of bodies) aggregation.add(bytes)
  return outcomeOf(edge, aggregation, { bytes: parentBytes }).partial
}

/** The payload of the release: what devices follow, without the names of what it came from. */
const releaseOf = async (bodies: readonly Uint8Array[]) => {
  const objects = new Map(bodies.map((bytes) => [sha256Hex(bytes), bytes]))
  const read = async (hash: string) => (objects.get(hash) ?? parentBytes).slice()
  const made = await aggregateInProcess({ ...plan, digests: [...objects.keys()].sort() }, read)
  const size = new DataView(made.bytes.buffer).getUint32(6, true)
  const payload = made.bytes.subarray(10 + size, -32)
  return { payload: sha256Hex(payload), cohort: made.summary.cohort, metrics: made.summary.metrics }
}

describe('sums of an edge', () => {
  test('sums over edges, and over edges of edges, are the flat sum to the bit', async () => {
    const flat = await releaseOf(updates)
    expect(flat.cohort).toBe(9)
    const far = forwarded(updates.slice(0, 3))
    const middle = forwarded([far, ...updates.slice(3, 6)])
    expect(await releaseOf([middle, ...updates.slice(6)])).toEqual(flat)
    expect(await releaseOf([far, forwarded(updates.slice(3))])).toEqual(flat)
  })

  test('however devices are split over edges, the release is the same', async () => {
    const flat = await releaseOf(updates)
    const split = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 9, maxLength: 9 })
    await fc.assert(
      fc.asyncProperty(split, async (edges) => {
        const bodies = [0, 1, 2, 3].flatMap((edge) => {
          const own = updates.filter((_, i) => edges[i] === edge)
          return own.length === 0 ? [] : edge === 0 ? own : [forwarded(own)]
        })
        expect(await releaseOf(bodies)).toEqual(flat)
      }),
      { numRuns: 20 },
    )
  })

  test('an honest edge passes the door, and says how many devices it stands for', () => {
    const bytes = forwarded(updates.slice(0, 4))
    expect(checkPartialUpdate(bytes, spec, round, 4)).toBe(4)
  })

  const honest = decodePartialUpdate(forwarded(updates.slice(0, 4)), { ...spec, factor: 'B' })
  type Change = {
    readonly header?: Partial<PartialUpdateHeader>
    readonly adapter?: Partial<PartialSum>
    readonly statistics?: Partial<PartialSum>
  }
  const changed = ({ header, adapter, statistics }: Change): Uint8Array => {
    const { kind: _, sums: __, ...rest } = honest.header
    const [first, second] = honest.sums
    return encodePartialUpdate({ ...rest, ...header }, [
      { name: 'adapter', sum: { ...first!, ...adapter } },
      { name: 'statistics', sum: { ...second!, ...statistics } },
    ])
  }
  const [moved, measured] = honest.sums
  const times = (values: Float64Array, by: number) => values.map((x) => Math.round(x * by))

  const refused: readonly (readonly [string, Change, ErrorCode])[] = [
    ['names fewer devices than the least cohort', { header: { devices: 1 } }, 'E_NORM'],
    ['names more devices than it has places', { header: { devices: 5 } }, 'E_NORM'],
    ['adds more updates than it has devices', { adapter: { count: 5 } }, 'E_NORM'],
    ['weighs more than its devices can', { adapter: { weight: 4 * 64 + 1 } }, 'E_NORM'],
    ['counts a device twice in the statistics', { statistics: { weight: 5 } }, 'E_NORM'],
    ['has a bound that its devices do not come to', { adapter: { bound: 1e6 } }, 'E_NORM'],
    [
      'is longer than its devices can make it',
      { adapter: { low: moved!.low.map(() => 200 * 2 ** 42), bound: 200 } },
      'E_NORM',
    ],
    [
      'has sums of squares below zero',
      { statistics: { low: times(measured!.low, -1), high: times(measured!.high, -1) } },
      'E_NORM',
    ],
    ['tells the norms of other updates', { header: { norms: [9, 0, 0, 0, 0, 0, 0] } }, 'E_NORM'],
    ['is of another round', { header: { roundId: 'other' } }, 'E_NO_ROUND'],
    ['is of another release', { header: { release: 'a'.repeat(64) } }, 'E_BASIS'],
    ['is of another job', { header: { job: 'a'.repeat(64) } }, 'E_SHAPE'],
    ['is of another factor', { header: { factor: 'A' } }, 'E_SHAPE'],
  ]
  test.each(refused)('an edge that %s is refused', (_, change, code) => {
    expectCode(code, () => checkPartialUpdate(changed(change), spec, round, 4))
  })

  test('sums of another size, or of other contributions, take no memory', () => {
    const other = parsedJob({ contributions: ['adapter', 'statistics'], cohort, name: 'other' })
    const wide = { ...moved!, size: 90_000_000, low: new Float64Array(), high: new Float64Array() }
    const bytes = changed({ adapter: wide })
    expectCode('E_SHAPE', () => checkPartialUpdate(bytes, spec, round, 4))
    const plain = parsedJob({ contributions: ['adapter'], cohort })
    expectCode('E_SHAPE', () => checkPartialUpdate(forwarded(updates), plain, round, 20))
    expect(jobDigest(other)).not.toBe(jobDigest(spec))
  })
})
