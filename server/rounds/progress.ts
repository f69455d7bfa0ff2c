/**
 * One step of a job: an event goes through the machine, and what became of job and round is kept, in
 * one transaction that holds their lineage.
 */
import { strategies } from '../../adapters/aggregate/strategy.ts'
import { FedError } from '../../adapters/errors.ts'
import { newId } from '../access/secrets.ts'
import type { Job, JobProgress } from '../store/records.ts'
import type { Transaction } from '../store/store.ts'
import type { RoundDeps } from './deps.ts'
import type { JobEvent } from './events.ts'
import { nextRun } from './job.ts'
import { spentReason } from './ledger.ts'
import { advance, isAlive } from './machine.ts'
import { isOpen } from './round.ts'
import { countCarried } from './window.ts'

type StepDeps = Pick<RoundDeps, 'rng' | 'log'>

/** As it is now, and stays until the transaction ends, but for what this transaction does. */
export const lockedProgress = async (
  tx: Transaction,
  { id, lineId }: Pick<Job, 'id' | 'lineId'>,
): Promise<JobProgress> => {
  await tx.lock(lineId)
  const progress = await tx.progress(id)
  if (!progress) throw new FedError('E_NO_JOB', `no job ${id.slice(0, 64)}`)
  return progress
}

/**
 * before: as lockedProgress gave it. Applies an event, and opens the round that became possible.
 * Fails with the codes of `advance`.
 */
export const apply = async (
  deps: StepDeps,
  tx: Transaction,
  before: JobProgress,
  event: JobEvent,
  now: number,
): Promise<JobProgress> => {
  const after = advance(before, event, now)
  if (after === before) return before
  if (after.job !== before.job) await tx.saveJob(after.job)
  if (after.round && after.round !== before.round) await tx.saveRound(after.round)
  logChange(deps, before, after, now)
  if (isAlive(before.job) && !isAlive(after.job)) await repeat(deps, tx, after.job, now)
  await openRound(deps, tx, after.job.lineId, now)
  return after
}

/** A job that is repeated follows itself, unless its operator ended it. */
const repeat = async ({ rng, log }: StepDeps, tx: Transaction, job: Job, now: number) => {
  const next = nextRun(newId(rng, 'job'), job, now)
  if (!next) return
  await tx.saveJob(next)
  log('info', `job_${next.state}`, { job: next.id, after: job.id })
}

/**
 * Opens a round for the next running job of a locked lineage, if none of its jobs has one open. Jobs
 * of one lineage run one after the other: a release has one successor.
 */
export const openRound = async (
  { rng, log }: StepDeps,
  tx: Transaction,
  lineId: string,
  now: number,
): Promise<void> => {
  const ofLineage = (await tx.alive()).filter(({ job }) => job.lineId === lineId)
  if (ofLineage.some(({ round }) => isOpen(round))) return
  const next = await nextWithBudget({ log }, tx, ofLineage, now)
  if (!next) return
  const { contributions, strategy } = next.job.spec
  const head = (await tx.release((await tx.lineage(lineId))!.head))!
  const carried = await countCarried(tx, next.job, head.summary.hash)
  const { round } = advance(
    next,
    {
      kind: 'open',
      roundId: newId(rng, 'round'),
      parent: head.summary.hash,
      basisEpoch: head.summary.basisEpoch,
      factor: contributions.includes('adapter') ? strategies[strategy].factorOf(head) : null,
      carried,
    },
    now,
  )
  await tx.saveRound(round!)
  log('info', 'round_opened', { job: next.job.id, round: round!.id })
}

/** Running jobs that may tell no more of their population are paused on the way, and say why. */
const nextWithBudget = async (
  { log }: Pick<StepDeps, 'log'>,
  tx: Transaction,
  ofLineage: readonly JobProgress[],
  now: number,
): Promise<JobProgress | undefined> => {
  for (const progress of ofLineage.filter(({ job }) => job.state === 'running')) {
    const reason = await spentReason(tx, progress.job)
    if (reason === null) return progress
    await tx.saveJob(advance(progress, { kind: 'pause', reason }, now).job)
    log('warn', 'job_paused', { job: progress.job.id, reason })
  }
  return undefined
}

const logChange = (
  { log }: StepDeps,
  before: JobProgress,
  after: JobProgress,
  now: number,
): void => {
  if (after.round && after.round.phase !== before.round?.phase)
    log('info', `round_${after.round.phase}`, {
      job: after.job.id,
      round: after.round.id,
      assigned: after.round.assigned,
      received: after.round.received,
      phaseMs: now - (before.round?.closedAt ?? after.round.openedAt),
      reason: after.round.reason,
    })
  if (after.job.state !== before.job.state)
    log('info', `job_${after.job.state}`, { job: after.job.id, reason: after.job.reason })
}
