/**
 * The agent's reports on its conditions and its energy: on the page, in `loreweave status`, in its
 * events.
 */
import { z } from 'zod'
import { TimeMs } from '../../adapters/wire/primitives.ts'

/**
 * rapl: the processor's own counters. battery: what the battery supplied. cpu-time: busy core
 * seconds times an assumed power.
 */
export const EnergyMethod = z.enum(['rapl', 'battery', 'cpu-time'])
export type EnergyMethod = z.infer<typeof EnergyMethod>

const Joules = z.number().min(0).max(1e12)

export const EnergyStatus = z.strictObject({
  /** Method of the newest work; none: nothing was measured yet. */
  method: z.enum([...EnergyMethod.options, 'none']),
  /** Assumed power of a busy core if the method is cpu-time; else null. */
  wattsPerCore: z.number().min(0).max(1000).nullable(),
  /** Since midnight by the device's clock. */
  todayJoules: Joules,
  /** Daily limit; null: none. */
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
  /**
   * For the newest private training: joules per percentage point of held-back pairs gained over the
   * old head. null if nothing was gained or the gain is unknown.
   */
  joulesPerPoint: Joules.nullable(),
})
export type EnergyStatus = z.infer<typeof EnergyStatus>

/** Why the agent does not work now. metered and budget_spent stop only a part of the work. */
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

/** Readings of the machine; null: unknown. battery: per cent. */
export const Readings = z.strictObject({
  charging: z.boolean().nullable(),
  idleSeconds: z.number().min(0).max(1e12).nullable(),
  celsius: z.number().min(-100).max(300).nullable(),
  /**
   * Whether the system slows the processor because of heat. macOS reports this instead of degrees.
   */
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
  /** Time of the agent's next tick; null if none runs. */
  nextLook: TimeMs.nullable(),
  lastTraining: LastTraining.nullable(),
  /** The earliest time that work is due, if conditions permit; null if nothing waits. */
  nextTraining: TimeMs.nullable(),
})
export type ConditionsStatus = z.infer<typeof ConditionsStatus>
