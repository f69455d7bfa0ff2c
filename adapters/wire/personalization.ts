/** App to device, on 127.0.0.1: the profile, and the messages of the personalization API. Strict, bounded, versioned. */
import { z } from 'zod'
import { ChatMessage, ContentBlock, SystemPrompt } from '../formats/choice-log.ts'
import { Id, Name, Protocol, Sha256, TimeMs } from './primitives.ts'
import { StoreHealth } from './store-health.ts'

/** What a preference can be about. device/preferences/profile.ts says what each end means. */
export const DIMENSIONS = [
  'length',
  'lists',
  'headings',
  'emphasis',
  'tables',
  'tone',
  'directness',
  'examples',
  'hedging',
  'questions',
  'emoji',
  'numbers',
  'closing',
  'steps',
] as const
export const Dimension = z.enum(DIMENSIONS)
export type Dimension = z.infer<typeof Dimension>

const Direction = z.union([z.literal(-1), z.literal(1)])
const Share = z.number().min(0).max(1)
const Text = z.string().max(200_000)
const Count = z.int().min(0).max(1_000_000)

/**
 * One preference. direction: -1 less, +1 more; strength: how far from indifferent, 0 … 1; scope: every request, or those that
 * hold one of the words; evidence.confidence: posterior probability of the direction (1 when stated); for, against: choices that went
 * its way and the other; undone: requests in which the user undid it.
 */
export const Preference = z.strictObject({
  dimension: Dimension,
  direction: Direction,
  strength: Share,
  scope: z.union([z.literal('all'), z.array(Name).min(1).max(20)]),
  evidence: z.strictObject({
    choices: Count,
    confidence: Share,
    for: Count.optional(),
    against: Count.optional(),
    undone: Count.optional(),
  }),
  source: z.enum(['learned', 'stated']),
  pinned: z.boolean(),
  enabled: z.boolean(),
})
export type Preference = z.infer<typeof Preference>

/** At most one preference a dimension. */
export const Profile = z.strictObject({
  preferences: z
    .array(Preference)
    .max(DIMENSIONS.length)
    .refine(
      (all) => new Set(all.map((p) => p.dimension)).size === all.length,
      'dimensions must be distinct',
    ),
})
export type Profile = z.infer<typeof Profile>

/** The part of a Messages API request that the device reads; a tool is only counted, never read. */
const Conversation = {
  system: SystemPrompt.optional(),
  messages: z.array(ChatMessage).min(1).max(1000),
  tools: z.array(z.looseObject({})).max(1000).optional(),
}

/**
 * How one request is treated. off: as if the device were not there; shadow: what would be decided is recorded, Claude's first answer is
 * returned; incognito: personalized, but nothing is learned from it and nothing of it is kept.
 */
export const RequestMode = z.enum(['off', 'shadow', 'on', 'incognito'])
export type RequestMode = z.infer<typeof RequestMode>

/** Why a request got its block, or got none. Every reason but `applied` and `frozen` is an identity. late: the local model did not
 *  choose in time when the conversation began; unknown_history: the conversation did not begin through this device, or it is not
 *  remembered; undone: by a version that took blocks out of conversations. */
export const RewriteReason = z.enum([
  'applied',
  'frozen',
  'no_preferences',
  'none_relevant',
  'constrained',
  'strict_output',
  'tools',
  'code_or_data',
  'delimiter',
  'undone',
  'late',
  'unknown_history',
  'program',
  'schema',
  'prefill',
  'forced_tool',
  'coding',
  'too_long',
  'off',
  'attribution',
  'unreadable',
])
export type RewriteReason = z.infer<typeof RewriteReason>

/** A preference of the profile that the app's instructions, or the message, decide about themselves. */
export const Silenced = z.strictObject({ dimension: Dimension, by: z.enum(['app', 'message']) })
export type Silenced = z.infer<typeof Silenced>

export const RewriteRequest = z.strictObject({ protocol: Protocol, ...Conversation })
export type RewriteRequest = z.infer<typeof RewriteRequest>

/** The local model's other words for the last user message: text is the message itself where they are not accepted. */
export const FreeRewrite = z.strictObject({
  accepted: z.boolean(),
  text: Text,
  reason: z.string().max(300),
  diff: z
    .array(
      z.strictObject({ kind: z.enum(['same', 'removed', 'added']), text: z.string().max(4000) }),
    )
    .max(2000),
})
export type FreeRewrite = z.infer<typeof FreeRewrite>

/** system: what to send to Claude instead (null: send none); messages are never touched, so they are not repeated. free: only where
 *  the user has switched free rewriting on; it is for the user to look at, and nobody sends it for them. */
export const RewriteResponse = z.strictObject({
  protocol: Protocol,
  decisionId: Id.nullable(),
  system: z.union([Text, z.array(ContentBlock).max(1001)]).nullable(),
  block: z.string().max(4000).nullable(),
  preferences: z.array(Preference).max(DIMENSIONS.length),
  reason: RewriteReason,
  silenced: z.array(Silenced).max(DIMENSIONS.length).optional(),
  free: FreeRewrite.optional(),
})
export type RewriteResponse = z.infer<typeof RewriteResponse>

export const RerankRequest = z.strictObject({
  protocol: Protocol,
  ...Conversation,
  /** Claude's answers, its first one first. */
  candidates: z.array(Text).min(1).max(16),
})
export type RerankRequest = z.infer<typeof RerankRequest>

/** Log-odds. */
const Points = z.number().min(-1e9).max(1e9)
const Index = z.int().min(0).max(63)

/**
 * order: indices, best first; probability: that the best beats Claude's first answer; rewards are centred on their mean. ask: two
 * candidates that it is worth showing both to the user, whose choice is then feedback. shadow: Claude's first answer leads whatever
 * was decided; preferred: what would lead.
 */
export const RerankResponse = z.strictObject({
  protocol: Protocol,
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
export type RerankResponse = z.infer<typeof RerankResponse>

/** What the feedback is about: a decision of this device, or the Messages API's id of the answer. */
const target = { decisionId: Id.optional(), messageId: Id.optional() }
/** isImplicit: read from how the conversation went on; only the device says so. */
const event = <K extends string, S extends z.ZodRawShape>(kind: K, shape: S) =>
  z.strictObject({
    kind: z.literal(kind),
    ...target,
    isImplicit: z.literal(true).optional(),
    ...shape,
  })

const count = (e: { decisionId?: string | undefined; messageId?: string | undefined }): number =>
  Number(e.decisionId !== undefined) + Number(e.messageId !== undefined)

/**
 * choose: one of the shown candidates. regenerate: another answer, please. edit: the answer as the user would have it.
 * thumbs: -1 or +1. follow_up: the next message, when it refines the answer. keep: the answer was used as it is.
 * undo: the preference block, or its line on one dimension, was not wanted for this request. prefer: the user states a
 * preference, of every request or those in its scope; it counts at once, and may name the answer that led to it.
 */
export const FeedbackEvent = z
  .discriminatedUnion('kind', [
    event('choose', { chosen: Index, shown: z.array(Index).min(1).max(64).optional() }),
    event('regenerate', {}),
    event('edit', { text: Text }),
    event('thumbs', { value: Direction }),
    event('follow_up', { text: Text }),
    event('keep', {}),
    event('undo', { dimension: Dimension.optional() }),
    event('prefer', {
      dimension: Dimension,
      direction: Direction,
      strength: Share.optional(),
      scope: Preference.shape.scope.optional(),
    }),
  ])
  .refine(
    (e) => count(e) === 1 || (e.kind === 'prefer' && count(e) === 0),
    'exactly one of decisionId and messageId',
  )
export type FeedbackEvent = z.infer<typeof FeedbackEvent>

export const FeedbackRequest = z.strictObject({
  protocol: Protocol,
  event: FeedbackEvent.refine((e) => e.isImplicit === undefined, 'only the device infers'),
})
export type FeedbackRequest = z.infer<typeof FeedbackRequest>

/**
 * choices: choices on this device after it. decisionId: what it was about, if anything; propensity: the probability with which
 * the answer of that decision was drawn; holdsFrom: an undo leaves its conversation as it began.
 */
export const FeedbackResponse = z.strictObject({
  protocol: Protocol,
  recorded: z.literal(true),
  choices: Count,
  decisionId: Id.optional(),
  propensity: Share.optional(),
  holdsFrom: z.literal('next_conversation').optional(),
})
export type FeedbackResponse = z.infer<typeof FeedbackResponse>

/**
 * Whole conversations: that of a decision, of an answer, or of a choice, which may be a line of a choice log that was imported; all
 * that hold these words, in any case; or all choices that were imported.
 */
const forgetTarget = {
  ...target,
  choiceId: z.string().min(1).max(300).optional(),
  containing: z.string().min(3).max(1000).optional(),
  imported: z.literal(true).optional(),
}
const isOneTarget = (t: { [K in keyof typeof forgetTarget]?: unknown }): boolean =>
  Object.keys(forgetTarget).filter((key) => t[key as keyof typeof t] !== undefined).length === 1
const ONE_TARGET = 'exactly one of decisionId, messageId, choiceId, containing and imported'

export const ForgetTarget = z.strictObject(forgetTarget).refine(isOneTarget, ONE_TARGET)
export type ForgetTarget = z.infer<typeof ForgetTarget>

/** preview: says what would go, and erases nothing. */
export const ForgetRequest = z
  .strictObject({ protocol: Protocol, ...forgetTarget, preview: z.boolean().optional() })
  .refine(isOneTarget, ONE_TARGET)
export type ForgetRequest = z.infer<typeof ForgetRequest>

/**
 * What went. privateAdapter: it cannot unlearn, so one that may have read the conversation is removed. updatesSentSince: updates that
 * left this device after the conversation began and may hold something of it; nothing can call them back.
 */
export const ForgetReport = z.strictObject({
  decisions: Count,
  choices: Count,
  feedback: Count,
  privateAdapter: z.enum(['removed', 'none']),
  updatesSentSince: Count,
  traces: z
    .literal('journal')
    .optional()
    .describe(
      'Copies of what was erased are left in the journal of the database, since it cannot be emptied now. They go as soon as it can be.',
    ),
})
export type ForgetReport = z.infer<typeof ForgetReport>

export const ForgetResponse = z.strictObject({ protocol: Protocol, ...ForgetReport.shape })
export type ForgetResponse = z.infer<typeof ForgetResponse>

/**
 * A preference that the user seems to have stated in a conversation; it counts once they say so. sentence: as the profile would
 * say it; said: the words that it was read from.
 */
export const Proposal = z.strictObject({
  id: Id,
  at: TimeMs,
  dimension: Dimension,
  direction: Direction,
  sentence: z.string().max(300),
  said: z.string().max(300),
  decisionId: Id,
})
export type Proposal = z.infer<typeof Proposal>

export const ProposalsResponse = z.strictObject({
  protocol: Protocol,
  proposals: z.array(Proposal).max(20),
})
export type ProposalsResponse = z.infer<typeof ProposalsResponse>

export const ProposalRequest = z.strictObject({ protocol: Protocol, id: Id, accept: z.boolean() })
export type ProposalRequest = z.infer<typeof ProposalRequest>

/** The profile, and each preference in a sentence. */
export const ProfileResponse = z.strictObject({
  protocol: Protocol,
  profile: Profile,
  sentences: z.array(z.string().max(300)).max(DIMENSIONS.length),
})
export type ProfileResponse = z.infer<typeof ProfileResponse>

/** state: the user says so, which outranks what was learned. forget: drop it; what is learned may come back. */
export const ProfileChange = z.discriminatedUnion('op', [
  z.strictObject({
    op: z.literal('state'),
    dimension: Dimension,
    direction: Direction,
    strength: Share.default(1),
    scope: Preference.shape.scope.default('all'),
  }),
  z.strictObject({ op: z.literal('pin'), dimension: Dimension, pinned: z.boolean() }),
  z.strictObject({ op: z.literal('enable'), dimension: Dimension, enabled: z.boolean() }),
  z.strictObject({ op: z.literal('forget'), dimension: Dimension }),
])
export type ProfileChange = z.infer<typeof ProfileChange>

export const ProfileEdit = z.strictObject({
  protocol: Protocol,
  changes: z.array(ProfileChange).min(1).max(100),
})
export type ProfileEdit = z.infer<typeof ProfileEdit>

/** What the device is doing. margin: the lead (in log-odds) below which Claude's first answer is kept. */
/** paused: no process of the device trains until it is resumed. Numbers are of the training under way, if there is one. */
export const TrainingStatus = z.strictObject({
  state: z.enum(['idle', 'running', 'paused']),
  step: z.int().min(0).max(1e9).nullable(),
  steps: z.int().min(0).max(1e9).nullable(),
  tokensPerSecond: z.number().min(0).max(1e9).nullable(),
  secondsLeft: z.number().min(0).max(1e12).nullable(),
})
export type TrainingStatus = z.infer<typeof TrainingStatus>

export const TrainingRequest = z.strictObject({ protocol: Protocol, paused: z.boolean() })
export type TrainingRequest = z.infer<typeof TrainingRequest>

/**
 * spread: by how much, in log-odds, what is known of the user's taste tells answers to one request apart; certainty: that there is
 * one to know. halfLifeDays: after which a choice counts half; null: none. spentToday: on answers
 * beyond the first. right: of decisions with feedback, how much more often the reranked answer was liked than Claude's first, weighed
 * by their propensities, with a 95 % interval; decisions: how many of them say something.
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

export const StatusResponse = z.strictObject({
  protocol: Protocol,
  model: Name,
  exitLayer: z.int().min(1).max(256),
  release: Sha256.nullable(),
  enrolled: z.boolean(),
  activity: z.enum(['idle', 'scoring', 'training', 'round', 'paused']),
  choices: z.int().min(0).max(1_000_000),
  heldBack: z.int().min(0).max(1_000_000),
  margin: Points.min(0),
  trainedAt: TimeMs.nullable(),
  training: TrainingStatus.optional(),
  ranking: RankingStatus.optional(),
  people: z
    .int()
    .min(0)
    .max(100)
    .optional()
    .describe(
      'Users that requests to Claude have named in 30 days. Where there are several, their preferences are mixed.',
    ),
  store: StoreHealth.optional(),
})
export type StatusResponse = z.infer<typeof StatusResponse>
