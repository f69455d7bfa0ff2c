/**
 * Jobs: what an operator asks the federation to do, and the plan that each device of a round
 * follows.
 */
import { z } from 'zod'
import { Encoding } from '../formats/encoding.ts'
import { EarlyStop, EligibilityPlan, SchedulePlan } from './job-life.ts'
import {
  AdapterSpecSchema,
  BaseModelSchema,
  CountBucket,
  FeatureSpaceSchema,
  Id,
  Name,
  Protocol,
  Purpose,
  Sha256,
  TimeMs,
} from './primitives.ts'
import { PrivacyPlan } from './privacy.ts'
import { RobustPlan } from './robust.ts'

/**
 * What a device contributes. `adapter`: the change of one LoRA factor, or of both. `prior`: the moments of its
 * head's posterior (E-step), read by the server once a scale is released. `statistics`: counts,
 * sums and sums of squares of its features, from which the scale is made.
 */
export const Contribution = z.enum(['adapter', 'prior', 'statistics'])
export type Contribution = z.infer<typeof Contribution>

export const StrategyName = z.enum(['alternating', 'fedavg', 'fedsvd', 'ffa', 'flex', 'fedex'])
export type StrategyName = z.infer<typeof StrategyName>

/** Under `flex`; rising, each once. */
export const ranksOf = ({ ranks, adapter }: Pick<JobSpec, 'ranks' | 'adapter'>): number[] => {
  const shares = [4, 2, 1].map((parts) => Math.max(1, Math.floor(adapter.rank / parts)))
  return [...new Set(ranks ?? shares)].sort((a, b) => a - b)
}

/**
 * What a device computes for the adapter. `steps`: the change of the round's factor after some steps
 * of AdamW. `gradient`: minus the gradient of that factor at the release, one pass over each answer;
 * the server's optimizer takes the step.
 */
export const TrainingMethod = z.enum(['steps', 'gradient'])
export type TrainingMethod = z.infer<typeof TrainingMethod>

/**
 * Local work of one round. learningRate is AdamW's; clipNorm bounds the gradient's global L2 norm
 * per step. epochs, learningRate, batchPairs and clipNorm are those of `steps` alone.
 */
export const TrainingPlan = z.strictObject({
  /** Left out: `steps`, as before there was a choice. */
  method: TrainingMethod.optional(),
  epochs: z.int().min(1).max(100).default(1),
  learningRate: z.number().positive().max(1).default(1e-3),
  maxPairs: z.int().min(1).max(10_000).default(64),
  batchPairs: z.int().min(1).max(64).default(4),
  maxTokens: z.int().min(16).max(4096).default(384),
  clipNorm: z.number().positive().max(1e6).default(1),
  /** Largest L2 norm of the vector a device may send; it scales its update down to this. */
  updateNorm: z.number().positive().max(1e6).default(10),
  /** μ of FedProx (Li et al. 2020): the loss of `steps` grows by μ/2·‖factor − released factor‖². */
  proximal: z.number().min(0).max(1e6).optional(),
})
export type TrainingPlan = z.infer<typeof TrainingPlan>

/**
 * The plan of a job of gradients, beside the defaults. Half as many comparisons as for steps: what a
 * device adds to the sum matters less than how many devices there are.
 */
export const GRADIENT_TRAINING = { method: 'gradient', maxPairs: 32 } as const satisfies z.input<
  typeof TrainingPlan
>

const adaptive = {
  learningRate: z.number().positive().max(10).default(0.01),
  beta1: z.number().min(0).max(0.9999).default(0.9),
  epsilon: z.number().positive().max(1).default(1e-6),
}
const beta2 = z.number().min(0).max(0.99999).default(0.99)

/**
 * How the server turns a round's mean into a change of the adapter. `none`: it is the change.
 * `avgm`: FedAvgM (Hsu et al. 2019). `adam`, `yogi`, `adagrad`: FedAdam, FedYogi, FedAdagrad (Reddi
 * et al. 2021, algorithm 2); learningRate is in units of a weight, epsilon (their τ) in units of the
 * mean.
 */
export const OptimizerPlan = z.discriminatedUnion('name', [
  z.strictObject({ name: z.literal('none') }),
  z.strictObject({
    name: z.literal('avgm'),
    learningRate: z.number().positive().max(10).default(1),
    momentum: z.number().min(0).max(0.9999).default(0.9),
  }),
  z.strictObject({ name: z.literal('adam'), ...adaptive, beta2 }),
  z.strictObject({ name: z.literal('yogi'), ...adaptive, beta2 }),
  z.strictObject({ name: z.literal('adagrad'), ...adaptive }),
])
export type OptimizerPlan = z.infer<typeof OptimizerPlan>

/**
 * In how many bits numbers are sent. updates: of devices, rounded at random so that the mean over
 * devices stays what it was. releases: `float16` rounds to nearest, `int8` at random, with the prior's
 * directions as float16; the server goes on from what it released, and kept parts keep their bytes.
 * Left out: float32. Parts of fewer than 1,024 numbers stay float32.
 */
export const CompressionPlan = z.strictObject({
  updates: Encoding.optional(),
  releases: z.literal(['float16', 'int8']).optional(),
})
export type CompressionPlan = z.infer<typeof CompressionPlan>

/**
 * Masked rounds: the server sees sums of devices alone. adversaries: the largest share of a round's
 * devices that may be against the others; dropouts: that may be gone before its end. Both are those of
 * the table in adapters/secagg/parameters.ts. phaseMs: how long each of the four steps that follow
 * the first device's readiness may take.
 */
export const MasksPlan = z.strictObject({
  adversaries: z.literal([0.05, 0.1, 0.2]).default(0.1),
  dropouts: z.literal([0.1, 0.3]).default(0.3),
  phaseMs: z
    .int()
    .min(1000)
    .max(24 * 3600 * 1000)
    .default(600_000),
})
export type MasksPlan = z.infer<typeof MasksPlan>

/**
 * FedBuff (Nguyen et al. 2022): devices are assigned all the time, each with the newest release, and
 * `cohort.goal` updates, the buffer, make the next one. An update for an earlier release counts too,
 * while it lies at most maxLag releases behind: its change is taken times 1/(1+lag)^staleness, without
 * making up for it by the others, and told in the newest basis. The head's moments and the statistics
 * of a late device count in full.
 */
export const AsyncPlan = z.strictObject({
  /** Devices at work at once. Left out: cohort.size. */
  concurrency: z.int().min(1).max(1_000_000).optional(),
  /** 0: updates for earlier releases are refused. */
  maxLag: z.int().min(0).max(100).default(10),
  /** The exponent; 0: late changes count in full. */
  staleness: z.number().min(0).max(10).default(0.5),
})
export type AsyncPlan = z.infer<typeof AsyncPlan>

/** M-step of the head prior N(μ, Σ), Σ = Φ diag(λ) Φᵀ + ρ I. */
export const PriorPlan = z.strictObject({
  /** Variance of the first prior, per standardized direction. */
  initialVariance: z.number().positive().max(1e6).default(0.5),
  /** Pseudo-count of devices with which the last prior enters the new one. */
  shrinkage: z.number().min(0).max(1e6).default(10),
  /** Directions kept, k. */
  directions: z.int().min(0).max(256).default(32),
  /**
   * How many times the M-step's change a round makes. Above 1 fewer rounds are needed where devices
   * have few choices each, which makes EM slow; from 2 on it may not converge. Left out: 1.
   */
  relaxation: z.number().min(1).max(1.9).optional(),
  /**
   * What devices send. `full`: the moments of their heads, D(D+3)/2 numbers of D features. `directions`:
   * moments in the k directions of the release that the round begins from, k(k+3)/2 numbers, after
   * which the rest of the covariance is what it was; the release must have k. Left out: full.
   */
  moments: z.enum(['full', 'directions']).optional(),
  /**
   * Largest L2 norm of both moments of a head together, which is what a device adds. Of `directions`: heads
   * are shortened, from the prior's mean on, before their moments are formed; left out: far beyond any
   * honest head. Of `full`: only in a private job.
   */
  clip: z.number().positive().max(1e6).optional(),
})
export type PriorPlan = z.infer<typeof PriorPlan>

const phaseMs = z
  .int()
  .min(1000)
  .max(7 * 24 * 3600 * 1000)

/** How many devices. */
export const CohortSize = z.int().min(1).max(1_000_000)

export const CohortPlan = z
  .strictObject({
    /** Devices that may be assigned to one round (over-selection: more than the goal). */
    size: CohortSize,
    /** Updates that close the round. */
    goal: CohortSize,
    /** Fewest updates with which a round may be aggregated at its deadline. */
    minimum: CohortSize,
    /**
     * From the first assignment of a round. With fewer updates than the minimum the round goes on for
     * as long again.
     */
    deadlineMs: phaseMs.default(3_600_000),
    /** New devices are assigned for so long after the first. Left out: until the deadline. */
    assignmentMs: phaseMs.optional(),
    /** One device has so long from its own assignment, or its place goes to another. Left out: deadlineMs. */
    uploadMs: phaseMs.optional(),
    /** An aggregation that takes longer is begun again. Left out: half an hour. */
    aggregationMs: phaseMs.optional(),
    /**
     * Rounds in a row whose updates cannot be aggregated before the job fails. Too few devices are no
     * failure: they end a job only with its span (`expiresAt`, `maxDays`).
     */
    retries: z.int().min(0).max(100).default(2),
    /** Fewest choices, as a bucket, that a device needs to be assigned. */
    choices: CountBucket.default('1-9'),
    /** Most updates that a device may contribute in a day, to all jobs together. Left out: no limit. */
    perDay: z.int().min(1).max(1000).optional(),
    /** Whether edges take part, which send the exact sum of their devices' updates. Left out: no. */
    edges: z.boolean().optional(),
  })
  .refine((c) => c.minimum <= c.goal && c.goal <= c.size, 'minimum ≤ goal ≤ size must hold')
  .refine(
    (c) => Math.max(c.uploadMs ?? 0, c.assignmentMs ?? 0) <= c.deadlineMs,
    'uploadMs and assignmentMs must not exceed deadlineMs: the round ends before',
  )

export const Priority = z.int().min(0).max(100)

/**
 * What an operator sends to create a job. exitLayer: hidden states are pooled after this many
 * layers.
 */
export const JobSpec = z
  .strictObject({
    name: Name,
    purpose: Purpose.default('personalization'),
    base: BaseModelSchema,
    adapter: AdapterSpecSchema,
    exitLayer: z.int().min(1).max(256),
    features: FeatureSpaceSchema,
    contributions: z.array(Contribution).min(1).max(3),
    strategy: StrategyName.default('alternating'),
    /**
     * Ranks that devices train under `flex`, each the largest for which it has the memory. Left out: a
     * quarter of the adapter's rank, a half, and all of it.
     */
    ranks: z.array(z.int().min(1).max(256)).min(1).max(8).optional(),
    rounds: z.int().min(1).max(10_000).default(1),
    cohort: CohortPlan,
    /** Left out: rounds are synchronous, and an update counts in its own round alone. */
    async: AsyncPlan.optional(),
    training: TrainingPlan.prefault({}),
    /** Left out: adam for the method `gradient`, none for `steps`. */
    optimizer: OptimizerPlan.optional(),
    prior: PriorPlan.prefault({}),
    compression: CompressionPlan.optional(),
    /** Left out: the weighted mean of what the devices send. */
    robust: RobustPlan.optional(),
    /** Left out: the server sees each update. */
    masks: MasksPlan.optional(),
    /** Left out: releases hold no noise. */
    privacy: PrivacyPlan.optional(),
    eligibility: EligibilityPlan.optional(),
    schedule: SchedulePlan.optional(),
    /** Ends the job, completed or not. At most one of the two; left out: 30 days after its start. */
    expiresAt: TimeMs.optional(),
    maxDays: z.number().min(0.01).max(3650).optional(),
    /** Of jobs that could have a device, or the next round of a lineage, the highest goes first. */
    priority: Priority.optional(),
    earlyStop: EarlyStop.optional(),
    /** Seed of the first adapter of a new line; ignored when a release of this line exists. */
    seed: z
      .int()
      .min(0)
      .max(2 ** 32 - 1)
      .default(0),
  })
  .refine(
    (j) => new Set(j.contributions).size === j.contributions.length,
    'contributions must be distinct',
  )
  .refine(
    (j) => j.exitLayer <= j.base.shape.layers,
    'exitLayer must not exceed the layers of the model',
  )
  .refine((j) => j.adapter.endLayer <= j.exitLayer, 'the adapter must lie below the exit layer')
  .refine(
    (j) => j.features.pooled === 0 || j.features.pooled === j.base.shape.hidden,
    'pooled must be 0 or the hidden size',
  )
export type JobSpec = z.infer<typeof JobSpec>
/** The same before defaults are filled in. */
export type JobSpecInput = z.input<typeof JobSpec>

export const CreateJob = z.strictObject({ protocol: Protocol, job: JobSpec })
export type CreateJob = z.infer<typeof CreateJob>

/**
 * scheduled: it starts later. paused: by the operator, or by the server because of a fault of its own;
 * a running round takes updates of devices that have begun. failed: its updates cannot be aggregated.
 * expired: its span was over before its rounds were.
 */
export const JobState = z.enum([
  'scheduled',
  'running',
  'paused',
  'completed',
  'failed',
  'cancelled',
  'expired',
])
export type JobState = z.infer<typeof JobState>

export const RoundPhase = z.enum([
  'collecting',
  'aggregating',
  'released',
  /** By an edge, to the server whose round it was a part of. */
  'forwarded',
  'abandoned',
])
export type RoundPhase = z.infer<typeof RoundPhase>

export const RoundSummary = z.strictObject({
  id: Id,
  index: z.int().min(0),
  attempt: z.int().min(0),
  phase: RoundPhase,
  factor: z.enum(['A', 'B', 'AB']).nullable(),
  assigned: z.int().min(0),
  received: z.int().min(0),
  openedAt: TimeMs,
  /** When the first device was assigned: the time of a round counts from then. null: none is. */
  startedAt: TimeMs.nullable().optional(),
  /** At the latest, where the round has not started. */
  deadlineAt: TimeMs,
  reason: z.string().max(500).nullable(),
  release: Sha256.nullable(),
  /** In which step a masked round stands, with so many devices in its roster. */
  maskStep: z
    .strictObject({
      name: z.enum(['sharing', 'masking', 'agreeing', 'unmasking']),
      devices: z.int().min(0),
      endsAt: TimeMs,
    })
    .optional(),
  /** Digests of updates that could not be summed and were left out. */
  leftOut: z.array(Sha256).max(1000).optional(),
})
export type RoundSummary = z.infer<typeof RoundSummary>

export const JobView = z.strictObject({
  id: Id,
  state: JobState,
  reason: z.string().max(500).nullable(),
  createdAt: TimeMs,
  endedAt: TimeMs.nullable(),
  spec: JobSpec,
  /** Oldest first; of a long job the newest. */
  rounds: z.array(RoundSummary).max(100_000),
  head: Sha256.nullable(),
  startAt: TimeMs.optional(),
  expiresAt: TimeMs.optional(),
  priority: Priority.optional(),
  /** Rounds released so far. */
  released: z.int().min(0).max(100_000).optional(),
  /** What has to come before it goes on; null: nothing. */
  waitingFor: z.string().max(500).nullable().optional(),
})
export type JobView = z.infer<typeof JobView>

/** GET /v1/operator/events: what changed of a job, or of its newest round. */
export const JobChange = z.strictObject({
  id: Id,
  name: Name,
  state: JobState,
  reason: z.string().max(500).nullable(),
  /** Rounds released, of so many. */
  released: z.int().min(0),
  rounds: z.int().min(1),
  round: RoundSummary.pick({
    id: true,
    index: true,
    attempt: true,
    phase: true,
    assigned: true,
    received: true,
    deadlineAt: true,
    reason: true,
  })
    .extend({ goal: z.int().min(1) })
    .nullable(),
})
export type JobChange = z.infer<typeof JobChange>
