/** From the updates of a round to the bytes of its release. Same updates, same parent: same bytes, whatever came first. */
import { createFold, type Fold } from '../../adapters/aggregate/exact-sum.ts'
import { decodePrior, encodePrior, priorMStep } from '../../adapters/aggregate/prior.ts'
import { checkReleaseBounds } from '../../adapters/aggregate/release-bounds.ts'
import { type FeatureStatistics, scaleFromStatistics } from '../../adapters/aggregate/statistics.ts'
import { type LineState, strategies } from '../../adapters/aggregate/strategy.ts'
import {
  type Container,
  decodeRelease,
  decodeUpdate,
  encodeRelease,
  findPart,
  type Part,
} from '../../adapters/container/container.ts'
import { sha256Hex } from '../../adapters/digest.ts'
import { FedError } from '../../adapters/errors.ts'
import { adapterLayout, layoutSize } from '../../adapters/lora/layout.ts'
import { triangleSize } from '../../adapters/math/matrix.ts'
import type { ReleaseHeader, UpdateHeader } from '../../adapters/wire/containers.ts'
import type { JobSpec } from '../../adapters/wire/jobs.ts'
import { featureCount, PROTOCOL_VERSION } from '../../adapters/wire/primitives.ts'
import type { Round } from '../store/records.ts'
import { type BuiltRelease, releaseOf } from './release.ts'

/** Plain data, so that it can be sent to a worker. */
export type AggregationPlan = {
  readonly spec: JobSpec
  /** With phase aggregating: closedAt is the release's time. */
  readonly round: Round
  /** Rounds that moved the adapter up to the parent. */
  readonly adapterRounds: number
  /** Of the release to be made. */
  readonly version: number
  /** Of the updates, sorted. */
  readonly digests: readonly string[]
}

/** read gives an object's bytes by its hash. Fails with the codes of the codec and of the fold. */
export type Aggregate = (
  plan: AggregationPlan,
  read: (hash: string) => Promise<Uint8Array>,
) => Promise<BuiltRelease>

/** One update in memory at a time. Runs in this thread: the M-step of 600 features holds it for a second or two. */
export const aggregateInProcess: Aggregate = async (plan, read) => {
  const aggregation = startAggregation(plan, await read(plan.round.parent))
  for (const digest of plan.digests) aggregation.add(await read(digest))
  return aggregation.finish()
}

export type Aggregation = { add(update: Uint8Array): void; finish(): BuiltRelease }

export const startAggregation = (plan: AggregationPlan, parentBytes: Uint8Array): Aggregation => {
  const { spec, round } = plan
  const parent = decodeRelease(parentBytes)
  const d = featureCount(spec.features)
  const wants = (part: JobSpec['contributions'][number]) => spec.contributions.includes(part)
  const state = lineStateOf(parent, plan.adapterRounds)
  const adapter = round.factor && createFold(factorSize(spec, round))
  const first = wants('prior') ? createFold(d) : undefined
  const second = wants('prior') ? createFold(triangleSize(d)) : undefined
  const statistics = wants('statistics') ? createFold(2 * d + 1) : undefined
  return {
    add(bytes) {
      const update = decodeUpdate(bytes)
      addAdapter(adapter || undefined, update, spec)
      if (first && second && findPart(update, 'prior.first')) {
        first.add(needPart(update, 'prior.first'), 1)
        second.add(needPart(update, 'prior.second'), 1)
      }
      statistics?.add(statisticsOf(update, d), 1)
    },
    finish() {
      const next =
        adapter && round.factor && adapter.weight() > 0
          ? strategies[spec.strategy].step(state, adapter.mean(), round.factor)
          : state
      // Before a scale is released each device measures in its own, and their moments have no common unit.
      const hasScale = findPart(parent, 'statistics.scale') !== undefined
      const parts = [
        ...adapterParts(next),
        ...(first && second && hasScale && first.count() > 0
          ? priorParts(parent, spec, first, second)
          : keptParts(parent, 'prior.')),
        ...scaleParts(parent, spec, statistics),
      ]
      const bytes = encodeRelease(headerOf(plan, parent, next), parts)
      // Devices would refuse it, and with it every release after it.
      checkReleaseBounds(decodeRelease(bytes))
      return releaseOf(next, bytes)
    },
  }
}

const lineStateOf = ({ header, payload }: Container<ReleaseHeader>, adapterRounds: number) => {
  const { shape } = header.base
  const size = layoutSize(adapterLayout(shape, header.adapter))
  const state: LineState = {
    shape,
    spec: header.adapter,
    flat: payload.subarray(0, size),
    basisEpoch: header.basisEpoch,
    adapterRounds,
  }
  return state
}

const factorSize = ({ base, adapter }: JobSpec, { factor }: Round): number =>
  layoutSize(adapterLayout(base.shape, adapter, factor ? [factor] : []))

/** A device's weight is its number of pairs, of which it was told to use at most maxPairs. */
const addAdapter = (
  fold: Fold | undefined,
  update: Container<UpdateHeader>,
  spec: JobSpec,
): void => {
  const { factor, pairs, base, adapter } = update.header
  if (!fold || factor === null) return
  const size = layoutSize(adapterLayout(base.shape, adapter, [factor]))
  fold.add(update.payload.subarray(0, size), Math.min(pairs, spec.training.maxPairs))
}

const adapterParts = ({ shape, spec, flat }: LineState): Part[] =>
  adapterLayout(shape, spec).map(({ name, shape: dims, offset, size }) => ({
    name,
    shape: dims,
    data: flat.subarray(offset, offset + size),
  }))

const priorParts = (
  parent: Container<ReleaseHeader>,
  spec: JobSpec,
  first: Fold,
  second: Fold,
): Part[] => {
  const last = decodePrior(
    (name) => findPart(parent, name),
    featureCount(spec.features),
    spec.prior,
  )
  const sums = { first: first.sum(), second: second.sum(), devices: first.count() }
  return encodePrior(priorMStep(last, sums, spec.prior))
}

/** The scale is the prior's coordinate system: once there is a prior, its scale stays. */
const scaleParts = (
  parent: Container<ReleaseHeader>,
  spec: JobSpec,
  statistics: Fold | undefined,
): Part[] => {
  const hasPrior = findPart(parent, 'prior.mean') !== undefined
  const hasScale = findPart(parent, 'statistics.scale') !== undefined
  if (!statistics || (hasPrior && hasScale)) return keptParts(parent, 'statistics.')
  const d = featureCount(spec.features)
  const [count, ...sums] = statistics.sum()
  const totals: FeatureStatistics = {
    count: count!,
    sum: sums.slice(0, d),
    sumSquares: sums.slice(d),
  }
  // Nobody had two candidates to compare: there is nothing to measure a scale on.
  if (totals.count === 0) return keptParts(parent, 'statistics.')
  const data = scaleFromStatistics(totals, spec.features)
  return [{ name: 'statistics.scale', shape: [d], data }]
}

const keptParts = (parent: Container<ReleaseHeader>, prefix: string): Part[] =>
  parent.header.segments
    .filter((segment) => segment.name.startsWith(prefix))
    .map(({ name, shape }) => ({ name, shape, data: needPart(parent, name) }))

/** -> [1 + 2D]: count, sums, sums of squares. */
const statisticsOf = (update: Container<UpdateHeader>, d: number): Float32Array => {
  const out = new Float32Array(1 + 2 * d)
  out.set(needPart(update, 'statistics.count'), 0)
  out.set(needPart(update, 'statistics.sum'), 1)
  out.set(needPart(update, 'statistics.sumSquares'), 1 + d)
  return out
}

const needPart = (from: Container<UpdateHeader | ReleaseHeader>, name: string): Float32Array => {
  const part = findPart(from, name)
  if (!part) throw new FedError('E_SHAPE', `expected part ${name}, got none`)
  return part
}

const headerOf = (
  { round, version, digests }: AggregationPlan,
  { header }: Container<ReleaseHeader>,
  next: LineState,
): Omit<ReleaseHeader, 'segments'> => ({
  kind: 'release',
  protocol: PROTOCOL_VERSION,
  base: header.base,
  adapter: header.adapter,
  exitLayer: header.exitLayer,
  features: header.features,
  basisEpoch: next.basisEpoch,
  version,
  parent: round.parent,
  jobId: round.jobId,
  roundId: round.id,
  cohort: digests.length,
  inputs: sha256Hex(new TextEncoder().encode(digests.join('\n'))),
  createdAt: round.closedAt ?? round.deadlineAt,
})
