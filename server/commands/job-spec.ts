/** A job from a file or from an earlier job, with flags on top. */

import { FedError } from '../../adapters/errors.ts'
import { parseJson } from '../../adapters/formats/text.ts'
import { parseAs } from '../../adapters/parse.ts'
import { JobSpec, type JobSpecInput } from '../../adapters/wire/jobs.ts'

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
  readonly retries?: number
}

/** text: JSON of a JobSpec. Fails with E_USAGE naming the field. */
export const readJobSpec = (text: string, flags: JobFlags): JobSpec => {
  const json = parseJson(text, 'the job', 'E_USAGE')
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new FedError('E_USAGE', 'the job must be a JSON object')
  return parseAs(
    JobSpec,
    withFlags(json as Partial<JobSpecInput>, flags),
    'E_USAGE',
    'job ',
    'object',
  )
}

/** '90s', '10m', '2h', '7d', or milliseconds. */
export const parseDuration = (text: string): number => {
  const match = /^(\d{1,12})(ms|s|m|h|d)?$/.exec(text)
  if (!match)
    throw new FedError('E_USAGE', `expected a duration such as 90s, 10m or 2h, got ${text}`)
  return Number(match[1]) * UNITS[(match[2] ?? 'ms') as keyof typeof UNITS]
}

const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

const withFlags = (json: Partial<JobSpecInput>, flags: JobFlags): object => {
  const given = (record: Record<string, unknown>) =>
    Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined))
  const { name, rounds, contributions, strategy, seed, size, goal, minimum, retries } = flags
  return {
    ...json,
    ...given({ name, rounds, contributions, strategy, seed }),
    cohort: {
      ...json.cohort,
      ...given({ size, goal, minimum, retries, deadlineMs: flags.deadline }),
    },
  }
}
