/**
 * Rounds of an asynchronous job whose devices may still send: the newest one, and those before it down
 * to maxLag releases. It ends where a release came from elsewhere, such as another job or a rollback.
 */
import { FedError } from '../../adapters/errors.ts'
import type { Late } from '../releases/aggregation-plan.ts'
import type { Job, JobProgress, Round, RoundMember } from '../store/records.ts'
import type { Tables } from '../store/store.ts'

export type EarlierRound = Late & { readonly roundId: string }

/** parent: the newest release. The nearest first. */
export const earlierRounds = async (
  tables: Tables,
  { id, spec }: Pick<Job, 'id' | 'spec'>,
  parent: string,
): Promise<EarlierRound[]> => {
  const { maxLag = 0 } = spec.async ?? {}
  const found: EarlierRound[] = []
  for (let newer = parent; found.length < maxLag; newer = found.at(-1)!.release) {
    const { jobId, roundId, parent: release } = (await tables.release(newer))!.summary
    if (jobId !== id || roundId === null || release === null) return found
    found.push({ roundId, release, lag: found.length + 1 })
  }
  return found
}

/** Devices that are at work when a round begins from this release. */
export const countCarried = async (tables: Tables, job: Job, parent: string): Promise<number> => {
  let atWork = 0
  for (const { roundId } of await earlierRounds(tables, job, parent))
    atWork += await tables.countAtWork(roundId)
  return atWork
}

/** What the updates of a round were trained from, beside its parent. */
export const lateOf = async (tables: Tables, job: Job, round: Round): Promise<Late[]> => {
  if (!job.spec.async) return []
  const senders = await tables.senders(round.id)
  return (await earlierRounds(tables, job, round.parent))
    .filter(({ roundId }) => senders.includes(roundId))
    .map(({ release, lag }) => ({ release, lag }))
}

/**
 * The round in which an update of `round` counts: its own, or the newest one. Fails with E_BASIS where
 * it lies too far behind, E_UNAVAILABLE while the newest one is made a release.
 */
export const countingRound = async (
  tables: Tables,
  { job, round }: { readonly job: Job; readonly round: Round },
): Promise<Round> => {
  const newest = job.spec.async && (await tables.progress(job.id))?.round
  if (!newest || !['collecting', 'aggregating'].includes(newest.phase)) return round
  const isOwn = newest.id === round.id
  const isMaking = newest.phase === 'aggregating'
  const lag = isOwn ? 0 : await lagOf(tables, job, newest, round)
  const { maxLag } = job.spec.async!
  if (lag === null || lag + (isMaking ? 1 : 0) > maxLag) {
    if (isOwn) return round
    throw new FedError(
      'E_BASIS',
      `more than ${maxLag} releases were made since round ${round.id}, or one from elsewhere: drop it`,
    )
  }
  if (isMaking)
    throw new FedError('E_UNAVAILABLE', 'a release is being made: send the update again then')
  return newest
}

const lagOf = async (
  tables: Tables,
  job: Job,
  newest: Round,
  round: Round,
): Promise<number | null> => {
  const earlier = await earlierRounds(tables, job, newest.parent)
  return earlier.find(({ roundId }) => roundId === round.id)?.lag ?? null
}

/** Whether the newest round counts this place, or update, of a device in `round`. */
export const isCounted = async (
  tables: Tables,
  { job, round: newest }: JobProgress,
  round: Round,
  member: RoundMember,
): Promise<boolean> => {
  if (!newest) return false
  if (member.digest !== null) return (member.countedIn ?? round.id) === newest.id
  return newest.id === round.id || (await lagOf(tables, job, newest, round)) !== null
}
