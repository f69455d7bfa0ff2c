/** What a job waits for, in words for its operator. Of devices, counts only. */
import type { Job, JobProgress, Round } from '../store/records.ts'
import { untilHours } from './hours.ts'
import { hasRoot } from './round.ts'

/** Why a device that checked in got no place, or that it has one. */
export type Visit =
  | 'took_part'
  | 'no_place'
  | 'other_model'
  | 'other_version'
  | 'consent'
  | 'small_cohort'
  | 'few_choices'
  | 'day_limit'
  | 'job_limit'
  | 'few_devices'
  | 'charging'
  | 'idle'
  | 'unmetered'
  | 'memory'
  | 'region'
  | `left_${string}`

/** Devices of the last day by their newest visit. */
export type Visits = Readonly<Partial<Record<Visit, number>>>

/** ahead: the job of the same lineage whose round comes first. null: it waits for nothing. */
export const waitingFor = (
  { job, round }: JobProgress,
  visits: Visits,
  ahead: Job | null,
  now: number,
): string | null => {
  if (job.state === 'scheduled') return `its start, ${timeText(job.startAt)}`
  if (job.state === 'paused') return 'its operator: resume it'
  if (job.state !== 'running') return null
  if (ahead) return `job ${ahead.id} of the same lineage, which is ${ahead.state}`
  if (round?.phase === 'aggregating') return forAggregation(round)
  const wait = untilHours(job.spec.schedule, now)
  const hours = wait > 0 ? `; its hours begin ${timeText(now + wait)}` : ''
  return `devices: ${progressText(job, round)}; ${visitsText(visits)}${hours}`
}

const forAggregation = ({ retryAt, received, reason }: Round): string =>
  retryAt === null
    ? `the aggregation of ${received} updates`
    : `another attempt to aggregate ${received} updates, ${timeText(retryAt)}: ${reason}`.slice(
        0,
        500,
      )

const progressText = (job: Job, round: Round | null): string => {
  const received = round?.received ?? 0
  const atWork = (round?.assigned ?? 0) - received
  const { goal, minimum } = job.spec.cohort
  const least = minimum < goal ? ` (at least ${minimum} at the deadline)` : ''
  const root = hasRoot({ job, round }) ? '' : ', the root device has not'
  return `${received} of ${goal} have taken part${least}${root}, ${atWork} at work`
}

const VISIT_TEXT: Readonly<Record<string, string>> = {
  no_place: 'found no place',
  other_model: 'have another model or feature space',
  other_version: 'are of a version that cannot do it',
  consent: 'have no consent for it',
  small_cohort: 'want rounds of more devices',
  few_choices: 'have too few choices',
  day_limit: 'have contributed enough today',
  job_limit: 'have contributed to as many rounds of it as a device may',
  charging: 'were not charging',
  idle: 'were in use',
  unmetered: 'were on a metered network',
  memory: 'have too little memory',
  region: 'are in another region',
  few_devices: 'are edges of fewer devices than its minimum',
  left_too_few: 'were edges that had too few updates',
  left_no_data: 'had nothing to learn from',
  left_memory: 'ran out of memory',
  left_consent: 'withdrew their consent',
  left_too_late: 'were not done in time',
  left_small_cohort: 'wanted a round of more devices',
  left_failed: 'failed',
  left_not_eligible: 'found themselves not eligible',
}

const visitsText = (visits: Visits): string => {
  const counts = Object.entries(visits).map(([visit, count = 0]) => ({ visit, count }))
  const total = counts.reduce((sum, { count }) => sum + count, 0)
  if (total === 0) return 'none checked in today'
  const told = counts
    .filter(({ visit }) => visit in VISIT_TEXT)
    .sort((a, b) => b.count - a.count)
    .map(({ visit, count }) => `${count} ${VISIT_TEXT[visit]}`)
  return [`${total} checked in today`, ...told].join(', ')
}

const timeText = (ms: number): string => `${new Date(ms).toISOString().slice(0, 16)}Z`
