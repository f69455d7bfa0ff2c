/**
 * The life of a job and its rounds as a pure function (state, event, now) -> state. collecting ->
 * aggregating -> released | abandoned; a job runs until it is completed, failed or cancelled.
 */
import { FedError } from '../../adapters/errors.ts'
import type { Factor } from '../../adapters/lora/layout.ts'
import type { JobSpec } from '../../adapters/wire/jobs.ts'
import type { Job, JobProgress, Round } from '../store/records.ts'

/**
 * What is known of one device in the newest round: undefined when it was not assigned; digest once
 * it uploaded.
 */
type Member = { readonly digest: string | null } | undefined

export type JobEvent =
  | {
      readonly kind: 'open'
      readonly roundId: string
      readonly parent: string
      readonly basisEpoch: number
      readonly factor: Factor | null
    }
  | { readonly kind: 'assign'; readonly member: Member }
  | { readonly kind: 'leave'; readonly member: Member }
  | { readonly kind: 'receive'; readonly member: Member; readonly digest: string }
  | { readonly kind: 'tick' }
  | { readonly kind: 'aggregated'; readonly roundId: string; readonly release: string }
  | { readonly kind: 'aggregationFailed'; readonly roundId: string; readonly reason: string }
  | { readonly kind: 'cancel' }

export const newJob = (id: string, lineId: string, spec: JobSpec, now: number): Job => ({
  id,
  lineId,
  spec,
  state: 'running',
  reason: null,
  createdAt: now,
  endedAt: null,
  released: 0,
  failures: 0,
})

/** A round that takes devices or is being aggregated. */
export const isOpen = (round: Round | null): round is Round =>
  round !== null && (round.phase === 'collecting' || round.phase === 'aggregating')

/**
 * An event that changes nothing returns the very same object.
 * Refusals throw: E_NO_ROUND, E_NOT_IN_COHORT, E_TWICE, E_ROUND_CLOSED, E_JOB_STATE.
 */
export const advance = (progress: JobProgress, event: JobEvent, now: number): JobProgress => {
  switch (event.kind) {
    case 'open':
      return open(progress, event, now)
    case 'assign':
      return assign(progress, event.member, now)
    case 'leave':
      return leave(progress, event.member)
    case 'receive':
      return receive(progress, event.member, event.digest, now)
    case 'tick':
      return tick(progress, now)
    case 'aggregated':
      return aggregated(progress, event, now)
    case 'aggregationFailed':
      return isAggregating(progress, event.roundId)
        ? fail(progress, progress.round, event.reason, now)
        : progress
    case 'cancel':
      return cancel(progress, now)
  }
}

const open = (
  { job, round }: JobProgress,
  event: Extract<JobEvent, { kind: 'open' }>,
  now: number,
): JobProgress => {
  if (job.state !== 'running') throw wrongState(job, 'running')
  if (isOpen(round)) throw new FedError('E_JOB_STATE', `round ${round.id} is still ${round.phase}`)
  return {
    job,
    round: {
      id: event.roundId,
      jobId: job.id,
      index: job.released,
      attempt: job.failures,
      phase: 'collecting',
      factor: event.factor,
      parent: event.parent,
      basisEpoch: event.basisEpoch,
      assigned: 0,
      received: 0,
      openedAt: now,
      deadlineAt: now + job.spec.cohort.deadlineMs,
      closedAt: null,
      reason: null,
      release: null,
    },
  }
}

/** A device asks again and again: the same assignment stands. */
const assign = (progress: JobProgress, member: Member, now: number): JobProgress => {
  const { job, round } = progress
  if (!round) throw new FedError('E_NO_ROUND', 'the job has no round')
  if (!isCollecting(round, now)) throw closed(round)
  if (member) return progress
  if (round.assigned >= job.spec.cohort.size)
    throw new FedError('E_ROUND_CLOSED', `the cohort of ${job.spec.cohort.size} is full`)
  return { job, round: { ...round, assigned: round.assigned + 1 } }
}

/** A device that gives up its part: another may have its place. What it sent stays. */
const leave = (progress: JobProgress, member: Member): JobProgress => {
  const { job, round } = progress
  if (round?.phase !== 'collecting' || member?.digest !== null) return progress
  return { job, round: { ...round, assigned: round.assigned - 1 } }
}

const receive = (
  progress: JobProgress,
  member: Member,
  digest: string,
  now: number,
): JobProgress => {
  const { job, round } = progress
  if (!round) throw new FedError('E_NO_ROUND', 'the job has no round')
  if (!member) throw new FedError('E_NOT_IN_COHORT', 'the device was not assigned to this round')
  if (member.digest === digest) return progress
  if (member.digest !== null)
    throw new FedError('E_TWICE', 'the device already sent another update to this round')
  if (!isCollecting(round, now)) throw closed(round)
  const received = round.received + 1
  const next = { ...round, received }
  return { job, round: received >= job.spec.cohort.goal ? closeRound(next, now) : next }
}

const tick = (progress: JobProgress, now: number): JobProgress => {
  const { job, round } = progress
  if (round?.phase !== 'collecting' || now < round.deadlineAt) return progress
  const { minimum } = job.spec.cohort
  if (round.received >= minimum) return { job, round: closeRound(round, round.deadlineAt) }
  const reason = `${round.received} of at least ${minimum} updates came before the deadline`
  return fail(progress, round, reason, now)
}

/** A result that comes after a cancellation, or a second time, changes nothing. */
const aggregated = (
  progress: JobProgress,
  event: Extract<JobEvent, { kind: 'aggregated' }>,
  now: number,
): JobProgress => {
  if (!isAggregating(progress, event.roundId)) return progress
  const { job, round } = progress
  const released = job.released + 1
  const isLast = released >= job.spec.rounds
  return {
    job: {
      ...job,
      released,
      failures: 0,
      ...(isLast && { state: 'completed' as const, endedAt: now }),
    },
    round: { ...round, phase: 'released', release: event.release },
  }
}

const fail = ({ job }: JobProgress, round: Round, reason: string, now: number): JobProgress => {
  const failures = job.failures + 1
  const isLast = failures > job.spec.cohort.retries
  const jobReason = `round ${round.index} failed ${failures} times, last because ${reason}`
  return {
    job: {
      ...job,
      failures,
      ...(isLast && { state: 'failed' as const, endedAt: now, reason: jobReason.slice(0, 500) }),
    },
    round: abandon(round, reason, now),
  }
}

const cancel = (progress: JobProgress, now: number): JobProgress => {
  const { job, round } = progress
  if (job.state === 'cancelled') return progress
  if (job.state !== 'running') throw wrongState(job, 'running')
  const reason = 'cancelled by the operator'
  return {
    job: { ...job, state: 'cancelled', reason, endedAt: now },
    round: isOpen(round) ? abandon(round, reason, now) : round,
  }
}

const isCollecting = (round: Round, now: number): boolean =>
  round.phase === 'collecting' && now < round.deadlineAt

const isAggregating = (
  progress: JobProgress,
  roundId: string,
): progress is { job: Job; round: Round } =>
  progress.round?.id === roundId && progress.round.phase === 'aggregating'

const closeRound = (round: Round, at: number): Round => ({
  ...round,
  phase: 'aggregating',
  closedAt: at,
})

const abandon = (round: Round, reason: string, now: number): Round => ({
  ...round,
  phase: 'abandoned',
  reason: reason.slice(0, 500),
  closedAt: round.closedAt ?? now,
})

const closed = (round: Round) =>
  new FedError('E_ROUND_CLOSED', `round ${round.id} takes no more devices or updates`)

const wrongState = (job: Job, expected: string) =>
  new FedError('E_JOB_STATE', `expected a job that is ${expected}, got ${job.state}`)
