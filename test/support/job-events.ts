/** Jobs and events for tests of the machine: a job of a day, with rounds of a minute. */
import type { JobSpecInput } from '../../adapters/wire/jobs.ts'
import type { JobEvent } from '../../server/rounds/events.ts'
import { newJob } from '../../server/rounds/job.ts'
import { advance } from '../../server/rounds/machine.ts'
import type { JobProgress } from '../../server/store/records.ts'
import { parsedJob } from './federation-fixture.ts'

export const NOW = 1_000_000
export const DEADLINE_MS = 60_000
export const HASH = 'a'.repeat(64)

export const DAY = 24 * 3_600_000

export const start = (cohort = {}, rounds = 1, more: Partial<JobSpecInput> = {}): JobProgress => ({
  job: newJob(
    'job',
    'line',
    parsedJob({
      rounds,
      cohort: { size: 3, goal: 2, minimum: 1, deadlineMs: DEADLINE_MS, retries: 1, ...cohort },
      maxDays: 1,
      ...more,
    }),
    NOW,
  ),
  round: null,
})

export const openEvent = (roundId = 'round'): JobEvent => ({
  kind: 'open',
  roundId,
  parent: HASH,
  basisEpoch: 0,
  factor: 'B',
})

export const run = (from: JobProgress, events: readonly [JobEvent, number][]): JobProgress =>
  events.reduce((state, [event, at]) => advance(state, event, at), from)

export const join: JobEvent = { kind: 'assign', member: undefined }
export const tick: JobEvent = { kind: 'tick' }
export const idle = (cohort = {}, rounds = 1, more = {}) =>
  advance(start(cohort, rounds, more), openEvent(), NOW)
/** With one device at work. */
export const opened = (cohort = {}, rounds = 1, more = {}) =>
  advance(idle(cohort, rounds, more), join, NOW)
export const receive = (digest: string): JobEvent => ({
  kind: 'receive',
  member: { digest: null },
  digest,
})
export const aggregated = (roundId = 'round', change: number | null = null): JobEvent => ({
  kind: 'aggregated',
  roundId,
  release: HASH,
  change,
})
export const broke: JobEvent = { kind: 'aggregationBroke', roundId: 'round', reason: 'disk full' }
export const failed: JobEvent = { kind: 'aggregationFailed', roundId: 'round', reason: 'E_NORM: x' }
export const closedRound = (cohort = {}) =>
  run(opened({ goal: 1, ...cohort }), [[receive('1'), NOW]])
