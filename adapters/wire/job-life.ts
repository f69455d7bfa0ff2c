/** When a job works, which devices it asks, and what a device tells about itself when a job asks. */

import { z } from 'zod'
import { DAY_MS } from '../time.ts'
import { TimeMs } from './primitives.ts'

/** A place of the operator's own naming, such as `eu`; a device has one where its user has set it. */
export const Region = z.string().regex(/^[a-z0-9-]{1,32}$/)

/** Memory that the device has for a round, in a coarse bucket of MiB. */
export const MemoryBucket = z.enum(['<1024', '1024-2047', '2048-4095', '4096-8191', '8192+'])
export type MemoryBucket = z.infer<typeof MemoryBucket>

/**
 * What a device may tell about itself. A server asks for what one of its jobs looks at; a device tells
 * nothing else. null: unknown.
 */
export const DeviceFacts = z.strictObject({
  charging: z.boolean().nullable().optional(),
  idle: z.boolean().nullable().optional(),
  unmetered: z.boolean().nullable().optional(),
  memory: MemoryBucket.nullable().optional(),
  region: Region.nullable().optional(),
})
export type DeviceFacts = z.infer<typeof DeviceFacts>

export const FactName = z.enum(['charging', 'idle', 'unmetered', 'memory', 'region'])
export type FactName = z.infer<typeof FactName>

/**
 * Which devices may take part. Evaluated on the device before it begins, and by the server on what the
 * device tells. What is unknown counts as not fulfilled.
 */
export const EligibilityPlan = z.strictObject({
  charging: z.literal(true).optional(),
  idle: z.literal(true).optional(),
  unmetered: z.literal(true).optional(),
  memoryMiB: z.int().min(1).max(1_048_576).optional(),
  regions: z.array(Region).min(1).max(100).optional(),
})
export type EligibilityPlan = z.infer<typeof EligibilityPlan>

const ClockTime = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/)

/** Hours of the day; `to` before `from` is past midnight. */
const HoursWindow = z.strictObject({ from: ClockTime, to: ClockTime })

/** When a job works. Outside of its hours devices are assigned to nothing; updates are still taken. */
export const SchedulePlan = z.strictObject({
  startAt: TimeMs.optional(),
  /** The job is created anew, so much later each time; `times` in all. */
  repeat: z
    .strictObject({
      everyMs: z
        .int()
        .min(60_000)
        .max(366 * DAY_MS),
      times: z.int().min(2).max(1000).optional(),
    })
    .optional(),
  hours: z.array(HoursWindow).min(1).max(10).optional(),
  /** Of the clock that `hours` are read from. */
  utcOffsetMinutes: z.int().min(-840).max(840).optional(),
})
export type SchedulePlan = z.infer<typeof SchedulePlan>

/** Ends a job before its last round once a release moves little beside the first of the job. */
export const EarlyStop = z.strictObject({
  /** The norm of a round's mean update, as a share of that of the job's first round. */
  belowShare: z.number().positive().max(1),
  /** Rounds in a row. */
  rounds: z.int().min(1).max(100),
})
export type EarlyStop = z.infer<typeof EarlyStop>

/** Why a device gives its place in a round on. too_few: an edge has not had the updates of enough devices. */
export const AbandonReason = z.enum([
  'no_data',
  'memory',
  'not_eligible',
  'too_late',
  'failed',
  'small_cohort',
  'too_few',
])
export type AbandonReason = z.infer<typeof AbandonReason>

/** What a plan looks at. */
export const factsAskedBy = (plan: EligibilityPlan | undefined): FactName[] =>
  RULES.filter(({ isAsked }) => plan !== undefined && isAsked(plan)).map(({ fact }) => fact)

/** The first fact by which a device may not take part; null if it may. */
export const unfitFact = (
  plan: EligibilityPlan | undefined,
  facts: DeviceFacts | undefined,
): FactName | null =>
  RULES.find(({ isAsked, holds }) => plan && isAsked(plan) && !holds(facts ?? {}, plan))?.fact ??
  null

export const memoryBucketOf = (mebibytes: number): MemoryBucket =>
  MemoryBucket.options.findLast((_, i) => mebibytes >= MEMORY_FROM[i]!) ?? '<1024'

/** Least MiB of each bucket. */
const MEMORY_FROM = [0, 1024, 2048, 4096, 8192]

type Rule = {
  readonly fact: FactName
  readonly isAsked: (plan: EligibilityPlan) => boolean
  readonly holds: (facts: DeviceFacts, plan: EligibilityPlan) => boolean
}

const isTrue = (fact: 'charging' | 'idle' | 'unmetered'): Rule => ({
  fact,
  isAsked: (plan) => plan[fact] === true,
  holds: (facts) => facts[fact] === true,
})

const RULES: readonly Rule[] = [
  isTrue('charging'),
  isTrue('idle'),
  isTrue('unmetered'),
  {
    fact: 'memory',
    isAsked: ({ memoryMiB }) => memoryMiB !== undefined,
    holds: ({ memory }, { memoryMiB = 0 }) =>
      !!memory && MEMORY_FROM[MemoryBucket.options.indexOf(memory)]! >= memoryMiB,
  },
  {
    fact: 'region',
    isAsked: ({ regions }) => regions !== undefined,
    holds: ({ region }, { regions = [] }) => !!region && regions.includes(region),
  },
]
