/**
 * The life of a job as a pure function (state, event, now) -> state. What each event does, and in
 * which states of the job, is the table EVENTS; the steps are in job.ts and round.ts.
 *
 *   scheduled ─▶ running ◀─▶ paused     a job in one of these three can be cancelled, and expires
 *                   └─▶ completed | failed | expired          failed and expired ─(retry)▶ running
 */
import { FedError } from '../../adapters/errors.ts'
import type { JobState } from '../../adapters/wire/jobs.ts'
import type { Job, JobProgress, Round } from '../store/records.ts'
import type { EventOf, JobEvent } from './events.ts'
import * as job from './job.ts'
import * as round from './round.ts'

type Row<K extends JobEvent['kind']> = {
  readonly in: readonly JobState[]
  /** In other states: E_JOB_STATE, or nothing happens. */
  readonly elsewhere: 'refused' | 'ignored'
  /** The state that the event leads to: nothing happens to a job that has it. */
  readonly to?: JobState
  readonly step: (progress: JobProgress, event: EventOf<K>, now: number) => JobProgress
}

const ALIVE: readonly JobState[] = ['scheduled', 'running', 'paused']
const AT_WORK: readonly JobState[] = ['running', 'paused']
const OVER: readonly JobState[] = ['completed', 'failed', 'cancelled', 'expired']
const ANY: readonly JobState[] = [...ALIVE, ...OVER]

export const isAlive = ({ state }: Pick<Job, 'state'>): boolean => ALIVE.includes(state)

/** A step that changes the round alone. */
const ofRound =
  <E>(change: (progress: JobProgress, event: E, now: number) => Round | null) =>
  (progress: JobProgress, event: E, now: number): JobProgress => {
    const next = change(progress, event, now)
    return next === progress.round ? progress : { job: progress.job, round: next }
  }

const row = <K extends JobEvent['kind']>(
  states: Row<K>['in'],
  elsewhere: Row<K>['elsewhere'],
  step: Row<K>['step'],
  to?: JobState,
): Row<K> => ({ in: states, elsewhere, step, ...(to && { to }) })

const EVENTS: { readonly [K in JobEvent['kind']]: Row<K> } = {
  open: row(['running'], 'refused', ofRound(round.open)),
  assign: row(['running'], 'refused', ofRound(round.assign)),
  leave: row(AT_WORK, 'ignored', ofRound(round.leave)),
  giveOn: row(AT_WORK, 'ignored', ofRound(round.free)),
  receive: row(ANY, 'refused', ofRound(round.receive)),
  withdraw: row(AT_WORK, 'ignored', ofRound(round.withdraw)),
  masked: row<'masked'>(AT_WORK, 'ignored', ({ job }, { round }) => ({ job, round })),
  tick: row(ALIVE, 'ignored', job.tick),
  aggregated: row(AT_WORK, 'ignored', job.aggregated),
  forwarded: row(AT_WORK, 'ignored', job.forwarded),
  badUpdates: row(AT_WORK, 'ignored', job.badUpdates),
  aggregationFailed: row(AT_WORK, 'ignored', job.aggregationFailed),
  aggregationBroke: row(AT_WORK, 'ignored', job.aggregationBroke),
  prioritize: row(ALIVE, 'refused', job.prioritize),
  pause: row(['scheduled', 'running'], 'refused', job.pause, 'paused'),
  resume: row(['paused'], 'refused', job.resume, 'running'),
  retry: row(['failed', 'expired'], 'refused', job.retry, 'running'),
  cancel: row(ALIVE, 'refused', job.cancel, 'cancelled'),
}

/**
 * An event that changes nothing returns the very same object.
 * Refusals throw: E_NO_ROUND, E_NOT_IN_COHORT, E_TWICE, E_ROUND_CLOSED, E_JOB_STATE.
 */
export const advance = (progress: JobProgress, event: JobEvent, now: number): JobProgress => {
  const { step, elsewhere, to, ...row } = EVENTS[event.kind] as Row<JobEvent['kind']>
  const { state } = progress.job
  if (row.in.includes(state)) return step(progress, event as never, now)
  if (elsewhere === 'ignored' || state === to) return progress
  throw new FedError(
    'E_JOB_STATE',
    `expected a job that is ${row.in.join(' or ')}, got ${state}: ${event.kind} changes nothing`,
  )
}
