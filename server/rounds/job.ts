/** What happens to a job as a whole, as pure functions; machine.ts says in which states. */
import { DAY_MS } from '../../adapters/time.ts'
import type { JobSpec, JobState } from '../../adapters/wire/jobs.ts'
import type { Job, JobProgress, Upstream } from '../store/records.ts'
import { earlyEnd, movedBy } from './early-stop.ts'
import type { EventOf } from './events.ts'
import {
  abandon,
  closeRound,
  hasRoot,
  isAggregating,
  isOpen,
  leaveOut,
  renew,
  tryAgainLater,
} from './round.ts'

/** Span of a job that names none. */
const SPAN_MS = 30 * DAY_MS

export const newJob = (
  id: string,
  lineId: string,
  spec: JobSpec,
  now: number,
  upstream?: Upstream,
): Job => {
  const startAt = Math.max(now, spec.schedule?.startAt ?? now)
  return {
    id,
    lineId,
    spec,
    state: startAt > now ? 'scheduled' : 'running',
    reason: null,
    createdAt: now,
    endedAt: null,
    released: 0,
    failures: 0,
    priority: spec.priority ?? 0,
    startAt,
    expiresAt: spec.expiresAt ?? startAt + spanMs(spec),
    firstChange: null,
    calmRounds: 0,
    ...(upstream && { upstream }),
  }
}

const spanMs = ({ maxDays }: JobSpec): number =>
  maxDays === undefined ? SPAN_MS : Math.round(maxDays * DAY_MS)

/** The next run of a job that is repeated; null if there is none. */
export const nextRun = (
  id: string,
  { spec, lineId, startAt, state }: Job,
  now: number,
): Job | null => {
  const { repeat, ...schedule } = spec.schedule ?? {}
  if (!repeat || state === 'cancelled') return null
  const left = repeat.times === undefined ? undefined : repeat.times - 1
  const again = left === undefined ? repeat : left > 1 ? { ...repeat, times: left } : undefined
  const next = { ...schedule, startAt: startAt + repeat.everyMs, ...(again && { repeat: again }) }
  return newJob(id, lineId, { ...spec, schedule: next }, now)
}

type Ended = Extract<JobState, 'completed' | 'failed' | 'cancelled' | 'expired'>

/** The job is over, and with it a round that has not become a release. */
const ended = (
  { job, round }: JobProgress,
  state: Ended,
  reason: string | null,
  now: number,
): JobProgress => ({
  job: { ...job, state, reason: reason?.slice(0, 500) ?? null, endedAt: now },
  round: isOpen(round) ? abandon(round, reason ?? state, now) : round,
})

export const tick = (progress: JobProgress, _: EventOf<'tick'>, now: number): JobProgress => {
  const { job, round } = progress
  const { minimum } = job.spec.cohort
  if (
    job.state === 'running' &&
    round?.phase === 'collecting' &&
    !round.masking &&
    now >= round.deadlineAt
  ) {
    // Its time of closing is the deadline, whenever that is noticed.
    if (round.received >= minimum && hasRoot(progress))
      return { job, round: closeRound(round, round.deadlineAt) }
    if (round.startedAt !== null && now < job.expiresAt)
      return { job, round: renew(job, round, now) }
  }
  // The last round may still become a release.
  const isFinishing = job.state === 'running' && round?.phase === 'aggregating'
  if (now >= job.expiresAt && !isFinishing)
    return ended(progress, 'expired', expiryReason(progress), now)
  if (job.state === 'scheduled' && now >= job.startAt)
    return { job: { ...job, state: 'running' }, round }
  return progress
}

const expiryReason = ({ job, round }: JobProgress): string => {
  const { released, spec } = job
  const came = round?.phase === 'collecting' ? round.received : 0
  const rootText = hasRoot({ job, round }) ? '' : ', and not that of the root device'
  return (
    `its span ended with ${released} of ${spec.rounds} rounds released; ${came} of at least ` +
    `${spec.cohort.minimum} updates had come for the next${rootText}. "job show" says what it waited for, ` +
    '"job retry" gives it as much time again'
  )
}

/** A result that comes after a cancellation, or a second time, changes nothing. */
export const aggregated = (
  progress: JobProgress,
  { roundId, release, change = null }: EventOf<'aggregated'>,
  now: number,
): JobProgress => {
  if (!isAggregating(progress, roundId)) return progress
  const { job, round } = progress
  const next = movedBy({ ...job, released: job.released + 1, failures: 0 }, change)
  const isLast = next.released >= job.spec.rounds
  const reason = isLast ? null : earlyEnd(next)
  const after = { job: next, round: { ...round, phase: 'released' as const, release } }
  return isLast || reason ? ended(after, 'completed', reason, now) : after
}

/** An edge's part in the round of another server is done. */
export const forwarded = (
  progress: JobProgress,
  { roundId }: EventOf<'forwarded'>,
  now: number,
): JobProgress => {
  if (!isAggregating(progress, roundId)) return progress
  const job = { ...progress.job, released: progress.job.released + 1, failures: 0 }
  return ended({ job, round: { ...progress.round, phase: 'forwarded' } }, 'completed', null, now)
}

/** Bad updates are left out. With too few others a round that has closed goes back to collecting. */
export const badUpdates = (
  progress: JobProgress,
  event: EventOf<'badUpdates'>,
  now: number,
): JobProgress => {
  const { job, round: before } = progress
  if (!isOpen(before) || before.id !== event.roundId) return progress
  // Named before, while they were added up: what is left is tried again.
  if (event.digests.some((digest) => before.leftOut.includes(digest))) return progress
  const round = leaveOut(before, event)
  if (!round) return failRound(progress, `too many bad updates; ${event.reason}`, now)
  if (round.phase === 'collecting') return { job, round }
  const isEnough = round.received >= job.spec.cohort.minimum && hasRoot({ job, round })
  return { job, round: isEnough ? round : renew(job, round, now) }
}

export const aggregationFailed = (
  progress: JobProgress,
  { roundId, reason }: EventOf<'aggregationFailed'>,
  now: number,
): JobProgress => (isAggregating(progress, roundId) ? failRound(progress, reason, now) : progress)

const failRound = (progress: JobProgress, reason: string, now: number): JobProgress => {
  const { job, round } = progress
  const failures = job.failures + 1
  const next = {
    job: { ...job, failures },
    round: isOpen(round) ? abandon(round, reason, now) : round,
  }
  if (failures <= job.spec.cohort.retries) return next
  const why = `round ${round?.index} failed ${failures} times, last because ${reason}`
  return ended(next, 'failed', why, now)
}

/** Attempts before the job waits for its operator. */
const MAX_TRIES = 6

export const aggregationBroke = (
  progress: JobProgress,
  { roundId, reason }: EventOf<'aggregationBroke'>,
  now: number,
): JobProgress => {
  if (!isAggregating(progress, roundId)) return progress
  const { job } = progress
  const round = tryAgainLater(progress.round, reason, now)
  // An edge's job ends with the round that it is a part of.
  if (round.tries < MAX_TRIES || job.state === 'paused' || job.upstream) return { job, round }
  const why =
    `the server could not aggregate round ${round.index}: ${reason}. Its ${round.received} ` +
    'updates are kept: mend the fault, then "job resume"'
  return { job: { ...job, state: 'paused', reason: why.slice(0, 500) }, round }
}

export const pause = (
  { job, round }: JobProgress,
  { reason = 'paused by the operator' }: EventOf<'pause'>,
): JobProgress => ({ job: { ...job, state: 'paused', reason: reason.slice(0, 500) }, round })

export const resume = (
  { job, round }: JobProgress,
  _: EventOf<'resume'>,
  now: number,
): JobProgress => ({
  job: { ...job, state: now < job.startAt ? 'scheduled' : 'running', reason: null },
  round: isOpen(round) ? { ...round, tries: 0, retryAt: null } : round,
})

/** It goes on from where it ended, with a span as long as its first. Its repeat has begun already. */
export const retry = (
  { job, round }: JobProgress,
  _: EventOf<'retry'>,
  now: number,
): JobProgress => ({
  job: {
    ...job,
    state: 'running',
    reason: null,
    endedAt: null,
    failures: 0,
    spec: withoutRepeat(job.spec),
    startAt: now,
    expiresAt: now + (job.expiresAt - job.startAt),
  },
  round,
})

const withoutRepeat = ({ schedule, ...spec }: JobSpec): JobSpec => {
  const { repeat: _, ...others } = schedule ?? {}
  return { ...spec, ...(schedule && { schedule: others }) }
}

export const prioritize = (
  { job, round }: JobProgress,
  { priority }: EventOf<'prioritize'>,
): JobProgress => ({ job: { ...job, priority }, round })

export const cancel = (
  progress: JobProgress,
  { reason = 'cancelled by the operator' }: EventOf<'cancel'>,
  now: number,
): JobProgress => ended(progress, 'cancelled', reason, now)
