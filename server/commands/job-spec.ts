/** A job from a file or from an earlier job, with flags on top. */

import { FedError } from '../../adapters/errors.ts'
import { parseJson } from '../../adapters/formats/text.ts'
import { parseAs } from '../../adapters/parse.ts'
import { LEAST_COHORT } from '../../adapters/wire/federation.ts'
import { JobSpec, type JobSpecInput, MasksPlan } from '../../adapters/wire/jobs.ts'
import { checkPossible } from '../rounds/possible.ts'

export type JobFlags = {
  readonly name?: string
  readonly rounds?: number
  readonly contributions?: string[]
  readonly strategy?: string
  readonly seed?: number
  readonly size?: number
  readonly goal?: number
  readonly minimum?: number
  readonly deadline?: number
  readonly uploadDeadline?: number
  readonly retries?: number
  readonly perDay?: number
  readonly maxDays?: number
  /** Milliseconds since 1970. */
  readonly start?: number
  readonly every?: number
  readonly times?: number
  readonly hours?: string[]
  readonly priority?: number
}

/**
 * text: JSON of a JobSpec. Checked, and sent as it is: defaults are the server's. Fails with E_USAGE
 * naming the field.
 */
export const readJobSpec = (text: string, flags: JobFlags): JobSpecInput => {
  const json = parseJson(text, 'the job', 'E_USAGE')
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new FedError('E_USAGE', 'the job must be a JSON object')
  const sent = withFlags(json as Partial<JobSpecInput>, flags)
  parseAs(JobSpec, sent, 'E_USAGE', 'job ', 'object')
  return sent as JobSpecInput
}

/** What an operator should know of masks before there is a job; null: nothing. */
export const masksNote = (job: JobSpecInput, now: number): string | null => {
  const spec = JobSpec.parse(job)
  const { masks, cohort } = spec
  if (masks && cohort.size < LEAST_COHORT)
    return (
      `devices take part in masked rounds of at least ${LEAST_COHORT} devices, and this job has at ` +
      `most ${cohort.size}: raise cohort.size, or leave masks out`
    )
  if (masks || cohort.minimum < LEAST_COHORT) return null
  try {
    checkPossible({ ...spec, masks: MasksPlan.parse({}) }, now)
  } catch {
    return null
  }
  return (
    'the server will see the update of each device; "masks": {} in the job shows it sums of at ' +
    `least ${cohort.minimum} devices instead`
  )
}

/** '90s', '10m', '2h', '7d', or milliseconds. */
export const parseDuration = (text: string): number => {
  const match = /^(\d{1,12})(ms|s|m|h|d)?$/.exec(text)
  if (!match)
    throw new FedError('E_USAGE', `expected a duration such as 90s, 10m or 2h, got ${text}`)
  return Number(match[1]) * UNITS[(match[2] ?? 'ms') as keyof typeof UNITS]
}

/** A date of ISO 8601, or a duration from `now` such as `+8h`, in milliseconds since 1970. */
export const parseTime = (text: string, now: number): number => {
  const at = text.startsWith('+') ? now + parseDuration(text.slice(1)) : Date.parse(text)
  if (Number.isFinite(at)) return at
  throw new FedError('E_USAGE', `expected a time such as 2026-05-01T23:00Z or +8h, got ${text}`)
}

/** What a new job has of an earlier one: all but its own dates. */
export const cloneSpec = ({ expiresAt: _, schedule, ...spec }: JobSpec): JobSpecInput => {
  const { startAt: __, ...others } = schedule ?? {}
  return { ...spec, ...(Object.keys(others).length > 0 && { schedule: others }) }
}

const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

const withFlags = (json: Partial<JobSpecInput>, flags: JobFlags): object => {
  const { name, rounds, contributions, strategy, seed, maxDays, priority } = flags
  const { size, goal, minimum, retries, perDay, deadline, uploadDeadline } = flags
  const schedule = scheduleOf(json.schedule, flags)
  const cohort = { size, goal, minimum, retries, perDay }
  return {
    ...json,
    ...given({ name, rounds, contributions, strategy, seed, maxDays, priority }),
    cohort: {
      ...json.cohort,
      ...given({ ...cohort, deadlineMs: deadline, uploadMs: uploadDeadline }),
    },
    ...(schedule && { schedule }),
  }
}

const scheduleOf = (
  before: JobSpecInput['schedule'],
  { start, every, times, hours }: JobFlags,
): object | undefined => {
  const repeat = { ...before?.repeat, ...given({ everyMs: every, times }) }
  const after = {
    ...before,
    ...given({ startAt: start, hours: hours?.map(hoursOf) }),
    ...(Object.keys(repeat).length > 0 && { repeat }),
  }
  return Object.keys(after).length > 0 ? after : undefined
}

/** '23:00-06:00'. */
const hoursOf = (text: string): object => {
  const [from, to, ...rest] = text.split('-')
  if (!from || !to || rest.length > 0)
    throw new FedError('E_USAGE', `expected hours such as 23:00-06:00, got ${text}`)
  return { from, to }
}

const given = (record: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined))
