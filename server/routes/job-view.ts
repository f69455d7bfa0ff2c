/** A job as its operator sees it. */
import { FedError } from '../../adapters/errors.ts'
import { DAY_MS } from '../../adapters/time.ts'
import type { JobView, RoundSummary } from '../../adapters/wire/jobs.ts'
import type { ServerDeps } from '../rounds/deps.ts'
import { isOpen } from '../rounds/round.ts'
import { waitingFor } from '../rounds/waiting.ts'
import type { Job, JobProgress, Masking, Round } from '../store/records.ts'

type ViewDeps = Pick<ServerDeps, 'store' | 'clock'>

/** Rounds that a view shows. */
const MAX_ROUNDS = 200

/** Fails with E_NO_JOB. */
export const findJob = async ({ store }: Pick<ServerDeps, 'store'>, id: string): Promise<Job> => {
  const job = await store.job(id)
  if (!job) throw new FedError('E_NO_JOB', 'no job has this id')
  return job
}

/** most: rounds that are shown, the newest. */
export const jobView = async (
  { store, clock }: ViewDeps,
  { spec, lineId, ...job }: Job,
  most = MAX_ROUNDS,
): Promise<JobView> => {
  const now = clock()
  const rounds = await store.rounds(job.id)
  const progress = { job: { ...job, spec, lineId }, round: rounds.at(-1) ?? null }
  const ahead = jobAhead(progress, await store.alive())
  const visits = await store.countVisits(job.id, now - DAY_MS)
  return {
    id: job.id,
    state: job.state,
    reason: job.reason,
    createdAt: job.createdAt,
    endedAt: job.endedAt,
    spec,
    rounds: rounds.slice(Math.max(0, rounds.length - most)).map(roundSummary),
    head: (await store.lineage(lineId))?.head ?? null,
    startAt: job.startAt,
    expiresAt: job.expiresAt,
    priority: job.priority,
    released: job.released,
    waitingFor: waitingFor(progress, visits, ahead, now),
  }
}

/** The job of the same lineage that has a round open while this one has none; null: none. */
const jobAhead = ({ job, round }: JobProgress, alive: readonly JobProgress[]): Job | null => {
  if (isOpen(round)) return null
  const ofLineage = alive.filter((one) => one.job.lineId === job.lineId && isOpen(one.round))
  return ofLineage[0]?.job ?? null
}

const roundSummary = ({ leftOut, ...round }: Round): RoundSummary => ({
  id: round.id,
  index: round.index,
  attempt: round.attempt,
  phase: round.phase,
  factor: round.factor,
  assigned: round.assigned,
  received: round.received,
  openedAt: round.openedAt,
  startedAt: round.startedAt,
  deadlineAt: round.deadlineAt,
  reason: round.reason,
  release: round.release,
  ...(round.phase === 'collecting' && round.masking && { maskStep: maskStepOf(round.masking) }),
  ...(leftOut.length > 0 && { leftOut: [...leftOut] }),
})

/** Earlier versions stored no number of devices. */
const maskStepOf = ({ phase, devices = 0, endsAt }: Masking) => ({ name: phase, devices, endsAt })
