/**
 * The order of Claude's answers with the reasons for and against each, and statistics on how well
 * ranking has done.
 */
import { z } from 'zod'
import { Id } from '../../adapters/wire/primitives.ts'

const Share = z.number().min(0).max(1)
const Reason = z.string().max(500)
/** Log-odds. */
export const Points = z.number().min(-1e9).max(1e9)
export const Index = z.int().min(0).max(63)

/**
 * order: indices, best first. probability: that the best beats Claude's first answer. Rewards are
 * centred on their mean. ask: two candidates worth showing to the user, whose choice is then
 * feedback. shadow: Claude's first answer leads regardless; preferred: the candidate that would
 * lead.
 */
export const RerankDecision = z.strictObject({
  decisionId: Id.nullable(),
  order: z.array(Index).min(1).max(16),
  winner: Index,
  keptFirst: z.boolean(),
  probability: Share,
  reason: z.string().max(500),
  ask: z
    .strictObject({ candidates: z.array(Index).length(2), reason: z.string().max(500) })
    .optional(),
  shadow: z.strictObject({ preferred: Index }).optional(),
  candidates: z
    .array(
      z.strictObject({
        reward: Points,
        pooled: Points,
        named: z.array(z.strictObject({ name: z.string().max(40), contribution: Points })).max(128),
        explanation: z.string().max(500),
      }),
    )
    .max(16),
  propensity: Share.describe('Probability with which the winner was drawn').optional(),
  explored: z.boolean().describe('Whether it was drawn at random').optional(),
})
export type RerankDecision = z.infer<typeof RerankDecision>

/**
 * Why an answer was served. named: each candidate's largest contributions, in log-odds. explore:
 * the share of decisions with a randomly drawn leader at that time, on which the propensity is
 * based.
 */
export const RankingWhy = z.strictObject({
  reason: Reason,
  probability: Share.describe("Probability that the best beats Claude's first answer"),
  explore: Share,
  candidates: z
    .array(
      z.strictObject({
        reward: Points,
        explanation: Reason,
        named: z.array(z.strictObject({ name: z.string().max(40), contribution: Points })).max(128),
      }),
    )
    .max(64),
})
export type RankingWhy = z.infer<typeof RankingWhy>

/** The cost of the answers beyond the first. */
export const DecisionCost = z.strictObject({
  model: z.string().max(200),
  tokens: z.int().min(0).max(1e12),
  usd: z.number().min(0).max(1e9),
})
export type DecisionCost = z.infer<typeof DecisionCost>

/**
 * spread: standard deviation, in log-odds, of predicted rewards within a request. certainty:
 * probability that the user has preferences to know. halfLifeDays: age at which a choice counts
 * half; null: no decay. spentToday: on answers beyond the first. right: how much more often the
 * reranked answer was liked than Claude's first, weighted by propensity, with a 95 % interval;
 * decisions: the number it is based on.
 */
export const RankingStatus = z.strictObject({
  spread: z.number().min(0).max(1e6),
  certainty: Share,
  halfLifeDays: z.number().min(0).max(10_000).nullable(),
  shadow: z.boolean(),
  spentToday: z.strictObject({
    tokens: z.int().min(0).max(1e12),
    usd: z.number().min(0).max(1e9),
  }),
  right: z
    .strictObject({
      difference: z.number().min(-1).max(1),
      low: z.number().min(-10).max(10),
      high: z.number().min(-10).max(10),
      decisions: z.int().min(0).max(1_000_000),
    })
    .nullable(),
})
export type RankingStatus = z.infer<typeof RankingStatus>
