/**
 * From the updates of a round to the bytes of its release. Same updates, same parent: same bytes,
 * whatever came first.
 */
import { createExactSum, type PartialSum } from '../../adapters/aggregate/exact-sum.ts'
import { kindOf, type Part } from '../../adapters/container/container.ts'
import { compressionError, compressRelease } from '../../adapters/contributions/compress.ts'
import {
  type ContributionRow,
  type Head,
  type LineageState,
  needPart,
  type ServerPlan,
} from '../../adapters/contributions/contribution.ts'
import {
  checkReleaseBounds,
  decodeRelease,
  decodeUpdate,
  encodeRelease,
} from '../../adapters/contributions/messages.ts'
import {
  decodePartialUpdate,
  encodePartialUpdate,
  PARTIAL_UPDATE,
} from '../../adapters/contributions/partial-update.ts'
import {
  askedRows,
  CONTRIBUTIONS,
  summedOf,
  summedSize,
} from '../../adapters/contributions/table.ts'
import { type ErrorCode, FedError, isFedError } from '../../adapters/errors.ts'
import { sha256Hex } from '../../adapters/node/sha256.ts'
import type { ReleaseHeader } from '../../adapters/wire/containers.ts'
import { jobDigest } from '../../adapters/wire/job-digest.ts'
import type { JobSpec } from '../../adapters/wire/jobs.ts'
import { PROTOCOL_VERSION } from '../../adapters/wire/primitives.ts'
import type { Round, Upstream } from '../store/records.ts'
import { countNorms, metricsOf } from './metrics.ts'
import { type BuiltRelease, releaseOf } from './release.ts'

/** Plain data, so that it can be sent to a worker. */
export type AggregationPlan = {
  readonly spec: JobSpec
  /** With phase aggregating: closedAt is the release's time. */
  readonly round: Round
  /** What the parent's record keeps. */
  readonly parent: LineageState
  /** Of the release to be made. */
  readonly version: number
  /** Of the updates, sorted. */
  readonly digests: readonly string[]
}

/** At an edge: its sums are forwarded to the round that its own is a part of, and make no release here. */
export type EdgePlan = AggregationPlan & { readonly upstream: Upstream }

/** What an edge forwards. */
export type BuiltPartial = { readonly partial: Uint8Array; readonly devices: number }

export type Outcome<Plan> = Plan extends EdgePlan ? BuiltPartial : BuiltRelease

/**
 * read gives an object's bytes by its hash, and gives them away: they may be moved to a thread. Fails
 * with the codes of the container and of the sum.
 */
export type Aggregate = <Plan extends AggregationPlan>(
  plan: Plan,
  read: (hash: string) => Promise<Uint8Array>,
) => Promise<Outcome<Plan>>

/**
 * One update in memory at a time. Runs in this thread: the M-step of 600 features holds it for a
 * second or two.
 */
export const aggregateInProcess: Aggregate = async (plan, read) => {
  const aggregation = startAggregation(plan, await readParent(plan, read))
  await addAll(plan.digests, read, [(update) => aggregation.add(update)])
  return outcomeOf(plan, aggregation)
}

/** At an edge the sums, else the release that they make. */
export const outcomeOf = <Plan extends AggregationPlan>(
  plan: Plan | EdgePlan,
  aggregation: Aggregation,
): Outcome<Plan> =>
  ('upstream' in plan ? partialOf(plan, aggregation) : aggregation.finish()) as Outcome<Plan>

const partialOf = ({ upstream, spec, round }: EdgePlan, aggregation: Aggregation): BuiltPartial => {
  const { sums, norms, devices } = aggregation.partial()
  const rows = askedRows(spec)
  const { jobId, roundId, job } = upstream
  const partial = encodePartialUpdate(
    {
      protocol: PROTOCOL_VERSION,
      ...{ jobId, roundId, release: round.parent, basisEpoch: round.basisEpoch },
      ...{ factor: round.factor, job: jobDigest(job), devices, norms: [...norms] },
    },
    rows.map(({ name }, i) => ({ name, sum: sums[i]! })),
  )
  return { partial, devices }
}

/** Updates that cannot be summed, by their digests; the others may be summed without them. */
export class BadUpdates extends FedError {
  readonly digests: readonly string[]

  constructor(digests: readonly string[], { code, message }: FedError) {
    super(code, `${digests.length} updates, the first of them ${digests[0]}: ${message}`)
    this.digests = digests
  }
}

/** Codes of what an update holds; other failures are the server's own. */
const OF_UPDATES: ReadonlySet<string> = new Set<ErrorCode>([
  'E_CONTAINER',
  'E_PROTOCOL',
  'E_SHAPE',
  'E_NOT_FINITE',
  'E_NORM',
  'E_BASE_MODEL',
  'E_BASIS',
  'E_FEATURES',
])

/** Whether the same updates would fail again. */
export const isOfUpdates = (error: unknown): error is FedError =>
  isFedError(error) && OF_UPDATES.has(error.code)

/**
 * Gives each update to one of `adders`, whichever is free. Tries all, so that one round names all bad
 * ones. Fails with BadUpdates.
 */
export const addAll = async (
  digests: readonly string[],
  read: (hash: string) => Promise<Uint8Array>,
  adders: readonly ((update: Uint8Array) => unknown)[],
): Promise<void> => {
  const bad = new Map<string, FedError>()
  const left = digests.values()
  const addLeft = async (add: (update: Uint8Array) => unknown) => {
    for (const digest of left) {
      const update = await read(digest)
      try {
        await add(update)
      } catch (error) {
        if (!isOfUpdates(error)) throw error
        bad.set(digest, error)
      }
    }
  }
  await Promise.all(adders.map(addLeft))
  const named = digests.filter((digest, i) => bad.has(digest) && digests.indexOf(digest) === i)
  if (named.length > 0) throw new BadUpdates(named, bad.get(named[0]!)!)
}

/** moments: of the server's optimizer, where the round can move the adapter. */
export type ParentBytes = { readonly bytes: Uint8Array; readonly moments?: Uint8Array }

export const readParent = async (
  { round, parent }: AggregationPlan,
  read: (hash: string) => Promise<Uint8Array>,
): Promise<ParentBytes> => {
  const { moments } = parent.optimizer ?? {}
  return {
    bytes: await read(round.parent),
    ...(moments !== undefined && round.factor !== null && { moments: await read(moments) }),
  }
}

/** What some of a round's updates come to; plain data. */
export type PartialAggregation = {
  /** Of the rows that the round asks for, in their order. */
  readonly sums: readonly PartialSum[]
  readonly norms: readonly number[]
  /** Whose updates are in it. */
  readonly devices: number
}

export type Aggregation = {
  add(update: Uint8Array): void
  /** A copy of what was added. */
  partial(): PartialAggregation
  /** Adds what another aggregation of the same plan was given. */
  merge(partial: PartialAggregation): void
  finish(): BuiltRelease
}

/** rows: the table, or the table with its rows wrapped. */
export const startAggregation = (
  plan: AggregationPlan,
  parent: ParentBytes,
  rows = CONTRIBUTIONS,
): Aggregation => {
  const asked: ServerPlan = { ...plan.spec, factor: plan.round.factor }
  const head: Head = {
    ...plan.parent,
    release: decodeRelease(parent.bytes),
    ...(parent.moments && { moments: parent.moments }),
  }
  const sums = new Map(
    askedRows(asked, rows).map((row) => [row, createExactSum(summedSize(row, asked))]),
  )
  const norms = countNorms(plan.spec.training.updateNorm)
  let devices = 0
  const merge = (partial: PartialAggregation) => {
    for (const [i, sum] of [...sums.values()].entries()) sum.merge(partial.sums[i]!)
    norms.merge(partial.norms)
    devices += partial.devices
  }
  return {
    add(bytes) {
      if (kindOf(bytes) === PARTIAL_UPDATE) {
        const { sums, header } = decodePartialUpdate(bytes, asked)
        return merge({ sums, norms: header.norms, devices: header.devices })
      }
      const update = decodeUpdate(bytes)
      norms.add(update)
      for (const [row, sum] of sums)
        if (row.isIn(update.header))
          sum.add(summedOf(row, update, asked), row.weight(update.header, plan.spec))
      devices += 1
    },
    partial: () => ({
      sums: [...sums.values()].map((sum) => sum.partial()),
      norms: norms.counts(),
      devices,
    }),
    merge,
    finish() {
      const finished = rows.map((row) => {
        const sum = sums.get(row)
        const made = sum && sum.weight() > 0 ? row.finish(sum, asked, head) : null
        return made ?? { parts: keptParts(row, head), metrics: {} }
      })
      const { basisEpoch } = head.release.header
      const next = finished.reduce<Moved>((last, { moved }) => moved ?? last, {
        ...plan.parent,
        basisEpoch,
      })
      const exact = finished.flatMap(({ parts }) => parts)
      const sent = compressRelease(exact, plan.spec)
      const bytes = encodeRelease(
        headerOf(plan, head.release.header, { basisEpoch: next.basisEpoch, cohort: devices }),
        sent,
      )
      const release = decodeRelease(bytes)
      // Devices would refuse it, and with it every release after it.
      checkReleaseBounds(release)
      const metrics = {
        ...metricsOf(head.release, release, norms.counts()),
        ...Object.assign({}, ...finished.map(({ metrics }) => metrics)),
        ...(sent !== exact && { compressionError: compressionError(exact, sent) }),
      }
      return withMoments(releaseOf(next, bytes, { metrics }), next.moments)
    },
  }
}

type Moved = LineageState & { readonly basisEpoch: number; readonly moments?: Uint8Array }

/** The optimizer's record names the bytes of its moments. */
const withMoments = (release: BuiltRelease, moments: Uint8Array | undefined): BuiltRelease =>
  moments && release.optimizer
    ? { ...release, moments, optimizer: { ...release.optimizer, moments: sha256Hex(moments) } }
    : release

const keptParts = (row: ContributionRow, { release }: Head): Part[] =>
  row
    .releasedSegments(release.header)
    .map(({ name, shape }) => ({ name, shape, data: needPart(release, name) }))

const headerOf = (
  { round, version, digests }: AggregationPlan,
  parent: ReleaseHeader,
  { basisEpoch, cohort }: Pick<ReleaseHeader, 'basisEpoch' | 'cohort'>,
): Omit<ReleaseHeader, 'segments'> => ({
  kind: 'release',
  protocol: PROTOCOL_VERSION,
  base: parent.base,
  adapter: parent.adapter,
  exitLayer: parent.exitLayer,
  features: parent.features,
  basisEpoch,
  version,
  parent: round.parent,
  jobId: round.jobId,
  roundId: round.id,
  cohort,
  inputs: sha256Hex(new TextEncoder().encode(digests.join('\n'))),
  createdAt: round.closedAt ?? round.deadlineAt,
})
