/** What is to be aggregated, and from where its bytes come. */
import type { LineageState } from '../../adapters/contributions/contribution.ts'
import type { Told } from '../../adapters/secagg/unmask.ts'
import type { JobSpec } from '../../adapters/wire/jobs.ts'
import type { Round, Upstream } from '../store/records.ts'
import type { Folded } from './folded.ts'
import type { BuiltRelease } from './release.ts'

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
  /** Sums that hold some of them already. */
  readonly folded?: readonly Folded[]
  readonly late?: readonly Late[]
  /** What takes the masks of a masked round away. */
  readonly masked?: Told & MaskedSum
  /** Of the noise of a private round: 32 bytes, for these updates alone. */
  readonly noiseKey?: Uint8Array
}

/** What masked updates are a sum of. */
export type MaskedSum = Pick<Told, 'planDigest'> & Pick<JobSpec, 'contributions'>

/** What the updates of a round are added up for. */
export type SumPlan = Pick<AggregationPlan, 'spec' | 'round' | 'late'> & {
  readonly masked?: MaskedSum
}

/** An earlier release that some of the updates were trained from, and how many releases it lies behind. */
export type Late = { readonly release: string; readonly lag: number }

/** null: all updates are for the round's own parent. */
export type LateBytes = null | {
  readonly newest: Uint8Array
  readonly earlier: readonly (Late & { readonly bytes: Uint8Array })[]
}

export const readLate = async (
  { round, late = [] }: SumPlan,
  read: (hash: string) => Promise<Uint8Array>,
): Promise<LateBytes> => {
  if (late.length === 0) return null
  const earlier = []
  for (const one of late) earlier.push({ ...one, bytes: await read(one.release) })
  return { newest: await read(round.parent), earlier }
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
 * What a round goes on from. moments: of the server's optimizer, where the round can move the adapter.
 * root: the update of the root device, by which a robust rule judges the others.
 */
export type ParentBytes = {
  readonly bytes: Uint8Array
  readonly moments?: Uint8Array
  readonly root?: Uint8Array
}

export const readParent = async (
  { round, parent }: AggregationPlan,
  read: (hash: string) => Promise<Uint8Array>,
): Promise<ParentBytes> => {
  const { moments } = parent.optimizer ?? {}
  return {
    bytes: await read(round.parent),
    ...(moments !== undefined && round.factor !== null && { moments: await read(moments) }),
    ...(round.root && { root: await read(round.root) }),
  }
}
