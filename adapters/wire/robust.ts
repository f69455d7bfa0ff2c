/** Robust rules: how a job takes the updates of its rounds where some devices may be faulty or hostile. */
import { z } from 'zod'
import { Id } from './primitives.ts'

/** Share of a round's updates that may be faulty. A cohort is a sample: it may hold more than all devices do. */
const faulty = z.number().positive().max(0.49).default(0.2)

/**
 * norm-bound: longer updates are cut to `multiple` times the median norm. median, trimmed-mean (Yin et
 * al. 2018): number by number. krum, multi-krum (Blanchard et al. 2017): those that lie closest together.
 * geometric-median: RFA (Pillutla et al. 2022). fltrust (Cao et al. 2021): by their angle to the update of
 * `root`, a device that the operator trains on public choices.
 */
export const RobustPlan = z.discriminatedUnion('rule', [
  z.strictObject({
    rule: z.literal('norm-bound'),
    multiple: z.number().min(0.01).max(1000).default(1),
  }),
  z.strictObject({ rule: z.literal('median') }),
  z.strictObject({ rule: z.literal('trimmed-mean'), faulty }),
  z.strictObject({ rule: z.literal('krum'), faulty }),
  z.strictObject({ rule: z.literal('multi-krum'), faulty }),
  z.strictObject({ rule: z.literal('geometric-median') }),
  z.strictObject({ rule: z.literal('fltrust'), root: Id }),
])
export type RobustPlan = z.infer<typeof RobustPlan>
export type RobustRuleName = RobustPlan['rule']

/** Of all numbers that a float32 can be, in any unit of a rule. */
const MAX_NORM = 1e60

/** What a rule made of one contribution of a round: counts and norms, of no device by itself. */
export const RobustMetrics = z.strictObject({
  updates: z.int().min(0),
  /** Whose weight is below a tenth of the mean one. Where too few came for the rule: all. */
  leftOut: z.int().min(0),
  /** Scaled down to a norm. */
  cut: z.int().min(0),
  /** In the unit in which the rule measures; the adapter's is that of a weight. */
  medianNorm: z.number().min(0).max(MAX_NORM),
  largestNorm: z.number().min(0).max(MAX_NORM),
})
export type RobustMetrics = z.infer<typeof RobustMetrics>
