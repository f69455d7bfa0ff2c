/**
 * Device to server: enrolment, check-in, assignment, upload, releases. JSON for control, containers
 * for weights.
 */
import { z } from 'zod'
import { Ability } from './abilities.ts'
import { AbandonReason, DeviceFacts, EligibilityPlan, FactName } from './job-life.ts'
import { CohortSize, CompressionPlan, Contribution, PriorPlan, TrainingPlan } from './jobs.ts'
import { RoundMasks } from './masks.ts'
import {
  AdapterSpecSchema,
  BaseModelSchema,
  CountBucket,
  FeatureSpaceSchema,
  Id,
  Protocol,
  PublicKey,
  Purpose,
  Sha256,
  Signature,
  TimeMs,
} from './primitives.ts'
import { RoundPrivacy } from './privacy.ts'

/**
 * POST /v1/enroll, signed with the key that is being enrolled. token: one-time, from the operator.
 */
export const EnrollRequest = z.strictObject({
  protocol: Protocol,
  token: z.string().min(16).max(200),
  publicKey: PublicKey,
  /** It is an edge, and the token is for one. */
  edge: z.literal(true).optional(),
})
export type EnrollRequest = z.infer<typeof EnrollRequest>

/**
 * deviceId is the RFC 7638-like thumbprint the server derived: the first 32 hex digits of
 * SHA-256(public key).
 */
export const EnrollResponse = z.strictObject({
  protocol: Protocol,
  deviceId: Id,
  /** Of an edge: how many devices it may stand for. */
  edge: z.int().min(1).max(1_000_000).optional(),
})
export type EnrollResponse = z.infer<typeof EnrollResponse>

/** Fewest devices of a round, where nobody has said another number: on the server and on each device. */
export const LEAST_COHORT = 20

/** Consent as data: what the user agreed to, on the device, when, and until when. */
export const ConsentRecord = z.strictObject({
  purpose: Purpose,
  contributions: z.array(Contribution).max(3),
  /** Fewest devices whose updates a round must sum, this one included. Left out by devices of before. */
  leastCohort: CohortSize.optional(),
  grantedAt: TimeMs,
  expiresAt: TimeMs.nullable(),
})
export type ConsentRecord = z.infer<typeof ConsentRecord>

/**
 * Rounds that the device was assigned to and wants no part in now. waiting: its update is made and
 * on its way, its place stays; left: it will not be done in time or cannot do it, its place is
 * free.
 */
const NamedRounds = z.strictObject({
  waiting: z.array(Id).max(32),
  left: z.array(Id).max(32),
})

/** POST /v1/checkin. */
export const CheckInRequest = z.strictObject({
  protocol: Protocol,
  base: BaseModelSchema,
  features: FeatureSpaceSchema,
  consent: ConsentRecord,
  choices: CountBucket,
  rounds: NamedRounds.optional(),
  /** What the server has asked for, and nothing else. Left out by devices of version 0.1. */
  facts: DeviceFacts.optional(),
  /** What the device knows how to do (abilities.ts). Left out by devices of earlier versions. */
  abilities: z.array(Ability).max(32).optional(),
  /** Nobody reads these two; devices of version 0.1 send them. */
  conditions: z
    .strictObject({ charging: z.boolean().nullable(), idle: z.boolean().nullable() })
    .optional(),
  release: Sha256.nullable().optional(),
})
export type CheckInRequest = z.infer<typeof CheckInRequest>

/**
 * One device's part in one round. uploadToken goes back in the `upload-token` header of the upload.
 */
export const Assignment = z.strictObject({
  jobId: Id,
  roundId: Id,
  uploadToken: z.string().min(16).max(200),
  /** The parent release: download it, train from it. */
  release: Sha256,
  basisEpoch: z.int().min(0),
  base: BaseModelSchema,
  adapter: AdapterSpecSchema,
  exitLayer: z.int().min(1).max(256),
  features: FeatureSpaceSchema,
  contributions: z.array(Contribution).min(1).max(3),
  /** What this round moves; null when the adapter is not part of it. */
  factor: z.enum(['A', 'B', 'AB']).nullable(),
  /** The device trains the largest of these that it has the memory for. Left out: the adapter's. */
  ranks: z.array(z.int().min(1).max(256)).min(1).max(8).optional(),
  training: TrainingPlan,
  prior: PriorPlan,
  purpose: Purpose,
  /** How many devices take part at most, and at least. Left out for devices that do not ask. */
  cohort: z.strictObject({ size: CohortSize, minimum: CohortSize }).optional(),
  /** Of the device's place; another may have it afterwards. */
  deadlineAt: TimeMs,
  /** How the device's update is sent. */
  compression: CompressionPlan.pick({ updates: true }).optional(),
  /** The device's update is masked. */
  masking: RoundMasks.optional(),
  /** What the device adds is clipped, and counts once. */
  privacy: RoundPrivacy.optional(),
  /** The device looks whether it may take part, before it begins. */
  eligibility: EligibilityPlan.optional(),
})
export type Assignment = z.infer<typeof Assignment>

/**
 * retry: nothing to do now; come back after retryAfterMs (the server spreads devices: pace
 * steering).
 */
export const CheckInResponse = z.discriminatedUnion('kind', [
  z.strictObject({
    protocol: Protocol,
    kind: z.literal('retry'),
    retryAfterMs: z
      .int()
      .min(0)
      .max(7 * 24 * 3600 * 1000),
    /**
     * Why, in a word a program can use: no job, cohort full, already contributed to this round, not
     * eligible.
     */
    reason: z.enum(['no_job', 'cohort_full', 'contributed', 'not_eligible']),
    /** Newest release of the line this device can follow, if any. */
    head: Sha256.nullable(),
    /** Facts that a job looks at and the device did not tell. Sent to devices that tell facts. */
    asks: z.array(FactName).max(FactName.options.length).optional(),
  }),
  z.strictObject({
    protocol: Protocol,
    kind: z.literal('assignment'),
    assignment: Assignment,
    head: Sha256.nullable(),
  }),
])
export type CheckInResponse = z.infer<typeof CheckInResponse>

/** POST /v1/rounds/:roundId/abandon: the device gives its place on. */
export const AbandonRequest = z.strictObject({ protocol: Protocol, reason: AbandonReason })
export type AbandonRequest = z.infer<typeof AbandonRequest>

/** GET /v1/rounds/:roundId: whether the round still takes the device's update. */
export const RoundStatus = z.strictObject({ protocol: Protocol, isOpen: z.boolean() })
export type RoundStatus = z.infer<typeof RoundStatus>

/**
 * POST /v1/device/key, signed by the key in force: another shall replace it. The server takes both until
 * the new one has signed a request; then the old one is refused.
 */
export const ReplaceKeyRequest = z.strictObject({
  protocol: Protocol,
  publicKey: PublicKey,
  /** The new key's signature over keyProof, base64url. */
  proof: Signature,
})
export type ReplaceKeyRequest = z.infer<typeof ReplaceKeyRequest>

/** What has nothing to say but that it is done. */
export const DoneResponse = z.strictObject({ protocol: Protocol, done: z.literal(true) })

/** PUT /v1/rounds/:roundId/update answers 202 (taken) or 200 (the same bytes were taken before). */
export const UploadResponse = z.strictObject({
  protocol: Protocol,
  accepted: z.literal(true),
  duplicate: z.boolean(),
  digest: Sha256,
})
export type UploadResponse = z.infer<typeof UploadResponse>

/**
 * How a release predicts choices that it never learned from. difference: mean log-likelihood of a
 * choice, less that under the release which was followed before, each clipped to ±1 nat. loss: mean
 * negative log-likelihood of a choice under this one. accuracy: share of the pairs that its heads order
 * as the user did. Without a number of choices: each device counts once.
 */
const JUDGEMENT = {
  difference: z.number().min(-1).max(1),
  loss: z.number().min(0).max(8).optional(),
  accuracy: z.number().min(0).max(1).optional(),
}
export type Judgement = z.infer<z.ZodObject<typeof JUDGEMENT>>

/** POST /v1/releases/:hash/judgement. Devices of earlier versions send the difference alone. */
export const JudgeRequest = z.strictObject({ protocol: Protocol, ...JUDGEMENT })
export type JudgeRequest = z.infer<typeof JudgeRequest>

/** duplicate: the device had judged this release before, which counts. */
export const JudgeResponse = z.strictObject({
  protocol: Protocol,
  accepted: z.literal(true),
  duplicate: z.boolean(),
})
export type JudgeResponse = z.infer<typeof JudgeResponse>

/** Every refusal, from every program. */
export const ErrorResponse = z.strictObject({
  error: z.strictObject({ code: z.string().max(40), message: z.string().max(2000) }),
})
export type ErrorResponse = z.infer<typeof ErrorResponse>
