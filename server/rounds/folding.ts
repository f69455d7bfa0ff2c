/**
 * While a round collects, its updates are added up, some at a time, and the sums are kept: at its close
 * they are merged, and only the last updates are left to add. A sum and the digests that it holds are
 * recorded in one transaction, which looks again at what the round has. It replaces nothing: updates
 * stay until the round has ended, so one that leaves takes the sum that holds it along.
 */
import { isFedError } from '../../adapters/errors.ts'
import { BadUpdates } from '../releases/bad-updates.ts'
import { isSumEnough, type MadeFold } from '../releases/fold.ts'
import { splitFolded } from '../releases/folded.ts'
import type { FoldedRecord, Job, Round } from '../store/records.ts'
import type { Tables } from '../store/store.ts'
import { keeping, leaseOf, readObject, type Worker } from './at-work.ts'
import type { RoundDeps } from './deps.ts'
import { lockedProgress } from './progress.ts'
import { isOpen } from './round.ts'
import { lateOf } from './window.ts'

/** Of updates: fewer are added at the close. Writes grow by a sum for so many of them. */
const FOLD_AT = 32
/** Of updates: if one of them leaves, the others are added again. */
const LARGEST_FOLD = 256

export type FoldDeps = RoundDeps & {
  /** What becomes of updates that cannot be added. */
  readonly leaveOut: (job: Job, roundId: string, error: BadUpdates) => Promise<void>
}

/**
 * Adds up what waits in all rounds that collect, where a sum is enough. isStopped: ends between two
 * sums.
 */
export const foldRounds = async (
  deps: FoldDeps,
  server: Worker,
  isStopped: () => boolean,
): Promise<void> => {
  // Masked updates are added up in the ring, when all have come.
  for (const { job, round } of await deps.store.alive())
    if (isSumEnough(job.spec) && !job.spec.masks)
      while (!isStopped() && round?.phase === 'collecting' && (await foldSome(deps, server, job)));
}

/** Updates of a round that can be summed, sorted. */
export const countedDigests = async (tables: Tables, round: Round): Promise<string[]> =>
  (await tables.digests(round.id)).filter((digest) => !round.leftOut.includes(digest))

/** One sum more. False where too few updates wait, another server adds them, or nothing came of it. */
const foldSome = async (deps: FoldDeps, server: Worker, job: Job): Promise<boolean> => {
  const { store } = deps
  const round = await collecting(store, job)
  if (!round || !(await isDue(deps, round))) return false
  const lease = leaseOf('folding', round)
  if (!(await store.lease(lease, server.id, server.leaseMs))) return false
  try {
    return await foldWaiting(deps, server, job, round)
  } catch (error) {
    const cause = isFedError(error) ? `${error.code}: ${error.message}` : 'unknown'
    deps.log('warn', 'fold_failed', { job: job.id, round: round.id, cause })
    if (!(error instanceof BadUpdates)) return false
    await deps.leaveOut(job, round.id, error)
    return true
  } finally {
    await store.endLease(lease, server.id)
  }
}

const collecting = async (store: Tables, { id }: Job): Promise<Round | null> => {
  const round = (await store.progress(id))?.round
  return round?.phase === 'collecting' ? round : null
}

const isDue = async ({ store, foldAt = FOLD_AT }: RoundDeps, round: Round): Promise<boolean> =>
  round.received - (await store.countFolded(round.id)) >= foldAt

const foldWaiting = async (
  deps: RoundDeps,
  server: Worker,
  job: Job,
  round: Round,
): Promise<boolean> => {
  const { store, objects, fold, foldAt = FOLD_AT } = deps
  const { usable, left } = splitFolded(
    await countedDigests(store, round),
    await store.folded(round.id),
  )
  if (left.length < foldAt) return false
  const base = usable.find(({ digests }) => digests.length + foldAt <= LARGEST_FOLD) ?? null
  const digests = left.slice(0, LARGEST_FOLD - (base?.digests.length ?? 0))
  const keep = keeping(store, leaseOf('folding', round), server)
  const read = async (hash: string) => {
    await keep()
    return readObject(objects, hash)
  }
  const plan = { spec: job.spec, round, base, digests, late: await lateOf(store, job, round) }
  const made = await fold(plan, read).catch(async (error: unknown) => {
    // A sum that cannot be read is of no use.
    if (base && !(error instanceof BadUpdates)) await store.dropFolded(round.id, base.hash)
    throw error
  })
  await objects.put(made.hash, made.bytes)
  const isKept = await record(deps, job, round, made, base)
  const gone = isKept ? base?.hash : made.hash
  if (gone !== undefined && (gone !== made.hash || !isKept)) await objects.drop(gone)
  return isKept
}

/** False where the round has ended, or an update has left it, meanwhile. */
const record = (
  { store }: RoundDeps,
  job: Job,
  { id: roundId }: Round,
  { hash, digests }: MadeFold,
  base: FoldedRecord | null,
): Promise<boolean> =>
  store.transaction(async (tx) => {
    const { round } = await lockedProgress(tx, job)
    // Also of a round that has closed meanwhile: its updates stay what they are.
    if (!isOpen(round) || round.id !== roundId) return false
    const others = (await tx.folded(roundId)).filter((one) => one.hash !== base?.hash)
    const made = { roundId, hash, digests }
    const { usable } = splitFolded(await countedDigests(tx, round), [...others, made])
    if (!usable.includes(made)) return false
    if (base) await tx.dropFolded(roundId, base.hash)
    await tx.saveFolded(made)
    return true
  })

export const badUpdatesOf = async (
  tables: Tables,
  roundId: string,
  { digests, code, message }: BadUpdates,
) => {
  const updates = await tables.countSent(roundId, digests)
  const reason = `${code}: ${message}`
  return { kind: 'badUpdates', roundId, digests, updates, reason } as const
}

/** Nobody has to know that there were any. */
export const forgetSums = async (
  { store, objects }: Pick<RoundDeps, 'store' | 'objects'>,
  roundId: string,
): Promise<void> => {
  for (const { hash } of await store.folded(roundId)) {
    await objects.drop(hash)
    await store.dropFolded(roundId, hash)
  }
}
