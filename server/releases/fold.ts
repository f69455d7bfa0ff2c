/** Adds up updates of a round that still collects, so that little is left to do when it closes. */
import { strategies } from '../../adapters/aggregate/strategy.ts'
import { sha256Hex } from '../../adapters/node/sha256.ts'
import type { JobSpec } from '../../adapters/wire/jobs.ts'
import { startAggregation } from './aggregate.ts'
import { readLate, type SumPlan } from './aggregation-plan.ts'
import { addAll } from './bad-updates.ts'
import { encodeFolded, type Folded, readFolded } from './folded.ts'

export type FoldPlan = SumPlan & {
  /** A sum that the new one takes in. */
  readonly base: Folded | null
  /** Of the updates that come to it. */
  readonly digests: readonly string[]
}

/** As the store keeps it, and its bytes. */
export type MadeFold = Folded & { readonly bytes: Uint8Array }

/** read: as Aggregate has it. Fails with BadUpdates, and with the codes of readFolded. */
export type Fold = (
  plan: FoldPlan,
  read: (hash: string) => Promise<Uint8Array>,
) => Promise<MadeFold>

/** Whether a round of the job needs no update by itself. */
export const isSumEnough = ({ strategy, robust }: JobSpec): boolean =>
  robust === undefined && strategies[strategy].isSumEnough

/** All that the sum holds. */
export const digestsOf = ({ base, digests }: FoldPlan): readonly string[] =>
  [...(base?.digests ?? []), ...digests].sort()

/** In this thread. */
export const foldInProcess: Fold = async (plan, read) => {
  const aggregation = startAggregation(plan, await readLate(plan, read))
  const { base, round } = plan
  if (base) aggregation.merge(readFolded(base, await read(base.hash)))
  await addAll(plan.digests, read, [(update) => aggregation.add(update)])
  const digests = digestsOf(plan)
  const bytes = encodeFolded(round.id, digests, aggregation.partial())
  return { hash: sha256Hex(bytes), digests, bytes }
}
