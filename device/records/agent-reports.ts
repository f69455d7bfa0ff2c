/** What the agent tells about its conditions and its energy: on the page, in `loreweave status`, in its events. */
import { z } from 'zod'
import { TimeMs } from '../../adapters/wire/primitives.ts'

/** rapl: the processor's own counters; battery: what the battery gave; cpu-time: busy core seconds times a stated power. */
export const EnergyMethod = z.enum(['rapl', 'battery', 'cpu-time'])
export type EnergyMethod = z.infer<typeof EnergyMethod>

const Joules = z.number().min(0).max(1e12)

export const EnergyStatus = z.strictObject({
  /** How the newest work was measured; none: nothing was yet. */
  method: z.enum([...EnergyMethod.options, 'none']),
  /** Assumed power of a busy core, where cpu-time is the method; else null. */
  wattsPerCore: z.number().min(0).max(1000).nullable(),
  /** Since midnight by the device's clock. */
  todayJoules: Joules,
  /** Of a day; null: no limit. */
  budgetJoules: Joules.nullable(),
  /** Federated rounds, newest first. */
  rounds: z
    .array(
      z.strictObject({
        roundId: z.string().min(1).max(64),
        at: TimeMs,
        joules: Joules,
        method: EnergyMethod,
      }),
    )
    .max(20),
  /** Of the newest private training: joules by percentage points of held-back pairs that it ordered right and the old head did
   *  not. null where nothing was gained or could be told. */
  joulesPerPoint: Joules.nullable(),
})
export type EnergyStatus = z.infer<typeof EnergyStatus>

/** Why the agent does not work now. metered and budget_spent stop a part of the work alone. */
export const HoldReason = z.enum([
  'paused',
  'auto_off',
  'on_battery',
  'not_idle',
  'outside_hours',
  'too_hot',
  'metered',
  'budget_spent',
  'cannot_tell',
  'not_running',
])
export type HoldReason = z.infer<typeof HoldReason>

/** What was read of the machine; null: it cannot be told. battery: per cent. */
export const Readings = z.strictObject({
  charging: z.boolean().nullable(),
  idleSeconds: z.number().min(0).max(1e12).nullable(),
  celsius: z.number().min(-100).max(300).nullable(),
  /** Whether the system slows the processor down because of heat; macOS tells this, and no degrees. */
  throttled: z.boolean().nullable().optional(),
  metered: z.boolean().nullable(),
  battery: z.number().min(0).max(100).nullable(),
})
export type Readings = z.infer<typeof Readings>

/** The end of the agent's last work. code: of the error, where it failed. */
export const LastTraining = z.strictObject({
  at: TimeMs,
  what: z.enum(['training', 'round']),
  outcome: z.enum(['done', 'stopped', 'failed']),
  code: z.string().max(40).nullable(),
})
export type LastTraining = z.infer<typeof LastTraining>

export const ConditionsStatus = z.strictObject({
  /** Whether the agent may work now. */
  allowed: z.boolean(),
  reasons: z.array(HoldReason).max(HoldReason.options.length),
  readings: Readings,
  /** When the agent looks again; null where none runs. */
  nextLook: TimeMs.nullable(),
  lastTraining: LastTraining.nullable(),
  /** The earliest time that work is due, conditions permitting; null where nothing waits. */
  nextTraining: TimeMs.nullable(),
})
export type ConditionsStatus = z.infer<typeof ConditionsStatus>
