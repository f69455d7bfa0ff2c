/** What a device shows its user: decisions with their reasons, what left, adapters, consent. */
import { z } from 'zod'
import { LEAST_COHORT } from '../../../adapters/wire/federation.ts'
import {
  AdapterSpecSchema,
  Id,
  Name,
  Protocol,
  Sha256,
  TimeMs,
} from '../../../adapters/wire/primitives.ts'
import { ConditionsStatus, EnergyStatus } from '../../records/agent-reports.ts'
import { Consent, Sendable } from '../../records/consent.ts'
import { DIMENSIONS, Dimension, Share } from '../../records/preference.ts'
import { DecisionCost, Index, RankingWhy } from '../../records/rerank-decision.ts'
import { RewritingWhy } from '../../records/rewrite-decision.ts'
import { AskedProtocol } from './protocol.ts'

const ChoiceId = z.string().min(1).max(300)
const Count = z.int().min(0).max(1_000_000_000)
const Text = z.string().max(200_000)
const Short = z.string().max(300)
const Reason = z.string().max(500)

/** An event on a decision, without its texts. */
export const FeedbackSummary = z.strictObject({
  at: TimeMs,
  kind: z.string().max(40),
  dimension: Dimension.optional(),
  value: z.int().min(-1).max(1).optional(),
  chosen: Index.optional(),
  isImplicit: z.boolean(),
})
export type FeedbackSummary = z.infer<typeof FeedbackSummary>

/** request, answer: the first characters of the last message and of the served answer. */
export const DecisionSummary = z.strictObject({
  id: Id,
  at: TimeMs,
  request: Short,
  answer: Short.nullable(),
  dimensions: z.array(Dimension).max(DIMENSIONS.length),
  undone: z.array(Dimension).max(DIMENSIONS.length).describe('Lines that the user undid'),
  candidates: z.int().min(0).max(64),
  served: Index,
  propensity: Share.describe('Probability with which the served answer was drawn'),
  explored: z.boolean(),
  rewriting: RewritingWhy.nullable().describe('null: decided by a version that kept no reasons'),
  ranking: RankingWhy.nullable().describe('null: nothing was ranked'),
  cost: DecisionCost.nullable(),
  feedback: z.array(FeedbackSummary).max(1000),
})
export type DecisionSummary = z.infer<typeof DecisionSummary>

/** before: id of the last decision on the previous page. */
export const DecisionsQuery = z.strictObject({
  before: Id.optional(),
  limit: z.coerce.number().int().min(1).max(100).default(20),
})
export type DecisionsQuery = z.infer<typeof DecisionsQuery>

/** Newest first. next: pass it as `before` for older ones; null: there are none. */
export const DecisionsResponse = z.strictObject({
  protocol: Protocol,
  decisions: z.array(DecisionSummary).max(100),
  next: Id.nullable(),
})
export type DecisionsResponse = z.infer<typeof DecisionsResponse>

/** A block of a message that is not text. */
const OtherBlock = z.strictObject({
  type: z.string().max(40),
  bytes: z.int().min(0).max(1e12).describe('Of the texts in it, as the app sent them'),
})

/** One decision with the texts that are kept; long texts keep only their ends. */
export const DecisionResponse = z.strictObject({
  protocol: Protocol,
  decision: DecisionSummary,
  system: Text.nullable(),
  messages: z
    .array(
      z.strictObject({
        role: z.enum(['user', 'assistant']),
        text: Text,
        other: z
          .array(OtherBlock)
          .max(1000)
          .optional()
          .describe('Images, documents, tool results, whose content is not kept'),
      }),
    )
    .max(1000),
  answers: z.array(Text).max(64),
})
export type DecisionResponse = z.infer<typeof DecisionResponse>

/**
 * A choice that the head is fitted to. at: null if an imported log does not say. request, answer:
 * the first characters of the last message and of the chosen answer.
 */
export const ChoiceSummary = z.strictObject({
  id: ChoiceId,
  at: TimeMs.nullable(),
  source: z.enum(['import', 'feedback']),
  request: Short,
  answer: Short,
  candidates: z.int().min(0).max(64),
})
export type ChoiceSummary = z.infer<typeof ChoiceSummary>

/** before: id of the last choice on the previous page. */
export const ChoicesQuery = z.strictObject({
  before: ChoiceId.optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(20),
})
export type ChoicesQuery = z.infer<typeof ChoicesQuery>

/** Newest first. next: pass it as `before` for older ones; null: there are none. */
export const ChoicesResponse = z.strictObject({
  protocol: Protocol,
  choices: z.array(ChoiceSummary).max(1000),
  next: ChoiceId.nullable(),
  total: z.int().min(0).max(1e9),
})
export type ChoicesResponse = z.infer<typeof ChoicesResponse>

export const LogQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(1_000_000).default(50),
})
export type LogQuery = z.infer<typeof LogQuery>

/**
 * What left this device, newest first. digest: SHA-256 of the bytes; empty without a body. sums:
 * totals of all time.
 */
export const LogResponse = z.strictObject({
  protocol: Protocol,
  entries: z
    .array(
      z.strictObject({
        at: TimeMs,
        recipient: z.enum(['federation', 'claude']),
        what: z.string().max(100),
        bytes: z.int().min(0).max(1e12),
        digest: z.union([Sha256, z.literal('')]),
      }),
    )
    .max(1_000_000),
  sums: z
    .array(
      z.strictObject({
        recipient: z.enum(['federation', 'claude']),
        entries: Count,
        bytes: z.int().min(0).max(1e15),
      }),
    )
    .max(2),
})
export type LogResponse = z.infer<typeof LogResponse>

export const ConsentResponse = z.strictObject({
  protocol: Protocol,
  consent: Consent.nullable(),
})
export type ConsentResponse = z.infer<typeof ConsentResponse>

/** unsent: finished updates that were erased. sent: updates that the server may have. */
export const ConsentWithdrawn = z.strictObject({
  protocol: Protocol,
  consent: z.null(),
  dropped: z.strictObject({ unsent: Count, sent: Count }),
})

export const ConsentGrant = z.strictObject({
  protocol: AskedProtocol,
  contributions: z.array(Sendable).min(1).max(Sendable.options.length),
  days: z.int().min(1).max(3650).nullable().default(null).describe('null: until withdrawn'),
  leastCohort: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(LEAST_COHORT)
    .describe('Fewest devices of a round, this one included'),
})
export type ConsentGrant = z.infer<typeof ConsentGrant>

/**
 * release: the one in use, with the lineage from its header; null: the plain model. own: the
 * private adapter. rounds: those that this device sent an update to.
 */
export const AdaptersResponse = z.strictObject({
  protocol: Protocol,
  base: z.strictObject({ name: Name, exitLayer: z.int().min(1).max(256) }),
  release: z
    .strictObject({
      hash: Sha256,
      version: Count,
      parent: Sha256.nullable(),
      createdAt: TimeMs,
      cohort: Count.describe('Devices whose updates it includes'),
      bytes: Count,
      adapter: AdapterSpecSchema,
    })
    .nullable(),
  own: z
    .strictObject({ bytes: Count, objective: z.string().max(40), adapter: AdapterSpecSchema })
    .nullable(),
  rounds: z
    .array(
      z.strictObject({
        roundId: Id,
        at: TimeMs,
        bytes: Count,
        digest: Sha256,
        state: z.enum(['pending', 'accepted', 'refused']),
        reason: Reason.nullable(),
      }),
    )
    .max(200),
})
export type AdaptersResponse = z.infer<typeof AdaptersResponse>

export const EnergyResponse = z.strictObject({ protocol: Protocol, ...EnergyStatus.shape })
export type EnergyResponse = z.infer<typeof EnergyResponse>

export const ConditionsResponse = z.strictObject({ protocol: Protocol, ...ConditionsStatus.shape })
export type ConditionsResponse = z.infer<typeof ConditionsResponse>
