/** From what the updates of a round come to, to the bytes of its release. */
import type { Singles } from '../../adapters/aggregate/singles.ts'
import type { Part } from '../../adapters/container/container.ts'
import { compressionError, compressRelease } from '../../adapters/contributions/compress.ts'
import {
  type ContributionRow,
  type Finished,
  type Head,
  type LineageState,
  needPart,
  type ServerPlan,
  type Total,
} from '../../adapters/contributions/contribution.ts'
import {
  checkReleaseBounds,
  decodeRelease,
  encodeRelease,
} from '../../adapters/contributions/messages.ts'
import { noisedTotal } from '../../adapters/contributions/noised-total.ts'
import { nativeCiphers } from '../../adapters/node/ciphers.ts'
import { sha256Hex } from '../../adapters/node/sha256.ts'
import { seededRng } from '../../adapters/random.ts'
import type { ReleaseHeader, ReleaseMetrics } from '../../adapters/wire/containers.ts'
import { PROTOCOL_VERSION } from '../../adapters/wire/primitives.ts'
import type { AggregationPlan, ParentBytes } from './aggregation-plan.ts'
import { metricsOf } from './metrics.ts'
import { type BuiltRelease, releaseOf } from './release.ts'

/** What a round asks, and what it starts from. */
export type RoundStart = { readonly asked: ServerPlan; readonly head: Head }

export const startOf = (plan: AggregationPlan, parent: ParentBytes): RoundStart => ({
  asked: { ...plan.spec, factor: plan.round.factor },
  head: {
    ...plan.parent,
    release: decodeRelease(parent.bytes),
    ...(parent.moments && { moments: parent.moments }),
  },
})

/**
 * What updates came to. gatheredOf: of a row; null: nothing. devices, norms: as the release's header and
 * metrics have them. metrics: beside those of every round.
 */
type Came = {
  readonly rows: readonly ContributionRow[]
  gatheredOf(row: ContributionRow): Total | Singles | null
  readonly devices: number
  readonly norms: readonly number[]
  readonly metrics?: Partial<ReleaseMetrics>
}

export const finishRelease = (
  plan: AggregationPlan,
  { asked, head }: RoundStart,
  { rows, gatheredOf, devices, norms, metrics: more }: Came,
): BuiltRelease => {
  const { privacy } = plan.spec
  const told = totalsOf(plan, asked, gatheredOf)
  const finished = rows.map((row) => {
    const total = told(row)
    const made = total && total.weight() > 0 ? finishRow(row, total, asked, head) : null
    return made ?? { parts: keptParts(row, head), metrics: {} }
  })
  const { basisEpoch } = head.release.header
  const next = finished.reduce<Moved>((last, { moved }) => moved ?? last, {
    ...plan.parent,
    basisEpoch,
  })
  const exact = finished.flatMap(({ parts }) => parts)
  // Of nothing that devices sent: a private release is made of the sum with noise alone.
  const sent = compressRelease(exact, plan.spec, () => seededRng(`release/${plan.round.id}`))
  const bytes = encodeRelease(
    headerOf(plan, head.release.header, {
      basisEpoch: next.basisEpoch,
      cohort: privacy ? plan.spec.cohort.minimum : devices,
    }),
    sent,
  )
  const release = decodeRelease(bytes)
  // Devices would refuse it, and with it every release after it.
  checkReleaseBounds(release)
  const metrics = {
    ...metricsOf(head.release, release, privacy ? norms.map(() => 0) : norms),
    ...Object.assign({}, ...finished.map(({ metrics }) => metrics)),
    ...(sent !== exact && { compressionError: compressionError(exact, sent) }),
    ...more,
  }
  return withMoments(releaseOf(next, bytes, { metrics }), next.moments)
}

/** What may be told of each row's updates: in a private round its sum with noise, which nothing else is made of. */
const totalsOf = (
  { spec, noiseKey }: AggregationPlan,
  asked: ServerPlan,
  gatheredOf: Came['gatheredOf'],
): Came['gatheredOf'] => {
  const { privacy } = spec
  if (!privacy) return gatheredOf
  if (!noiseKey || privacy.noise === undefined)
    throw new TypeError('a private round was given no noise')
  const plan = { ...asked, privacy: { ...privacy, noise: privacy.noise } }
  return (row) => {
    if (!spec.contributions.includes(row.name)) return null
    const total = gatheredOf(row)
    if (total && 'all' in total) throw new TypeError('a private round has no single updates')
    return noisedTotal(row, total, plan, { key: noiseKey, ciphers: nativeCiphers })
  }
}

const finishRow = (
  row: ContributionRow,
  total: Total | Singles,
  asked: ServerPlan,
  head: Head,
): Finished | null =>
  'all' in total ? row.finishSingles!(total.all(), asked, head) : row.finish(total, asked, head)

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
  { spec, round, version, digests }: AggregationPlan,
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
  // It would confirm a guess at all updates of a private round.
  inputs: spec.privacy ? null : sha256Hex(new TextEncoder().encode(digests.join('\n'))),
  createdAt: round.closedAt ?? round.deadlineAt,
})
