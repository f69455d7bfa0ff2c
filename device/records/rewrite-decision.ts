/** The outcome of rewriting a request: its preference block, or why it has none. */
import { z } from 'zod'
import { ContentBlock } from '../../adapters/formats/choice-log.ts'
import { Id } from '../../adapters/wire/primitives.ts'
import { DIMENSIONS, Dimension, Preference } from './preference.ts'

const Text = z.string().max(200_000)
const Short = z.string().max(300)

/**
 * How a request is treated. off: as if the device were not there. shadow: the decision is recorded,
 * but Claude's first answer is returned. incognito: personalized, but nothing is learned from it
 * and nothing of it is stored.
 */
export const RequestMode = z.enum(['off', 'shadow', 'on', 'incognito'])
export type RequestMode = z.infer<typeof RequestMode>

/**
 * Why a request got its block, or got none. Every reason but `applied` and `frozen` leaves it
 * unchanged. late: the local model did not choose in time when the conversation began.
 * unknown_history: the conversation did not begin through this device, or is not remembered.
 * undone: from a version that removed blocks from conversations.
 */
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

/** A preference that the app's instructions, or the message, override. */
export const Silenced = z.strictObject({ dimension: Dimension, by: z.enum(['app', 'message']) })
export type Silenced = z.infer<typeof Silenced>

/**
 * The local model's alternative wording of the last user message. text: the message itself if the
 * proposal is not accepted.
 */
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

/**
 * system: the replacement to send to Claude (null: none). Messages are never changed, so they are
 * not repeated. free: only if the user has enabled free rewriting. It is for the user to see and
 * never sent automatically.
 */
export const RewriteDecision = z.strictObject({
  decisionId: Id.nullable(),
  system: z.union([Text, z.array(ContentBlock).max(1001)]).nullable(),
  block: z.string().max(4000).nullable(),
  preferences: z.array(Preference).max(DIMENSIONS.length),
  reason: RewriteReason,
  silenced: z.array(Silenced).max(DIMENSIONS.length).optional(),
  free: FreeRewrite.optional(),
})
export type RewriteDecision = z.infer<typeof RewriteDecision>

/** Why a request got its block, or none, as recorded at that time. */
export const RewritingWhy = z.strictObject({
  reason: RewriteReason,
  block: z.string().max(4000).nullable(),
  lines: z
    .array(z.strictObject({ dimension: Dimension, line: Short }))
    .max(DIMENSIONS.length)
    .describe('The lines of the block, by what each is about'),
  silenced: z
    .array(Silenced)
    .max(DIMENSIONS.length)
    .optional()
    .describe('Preferences that the conversation decides about itself, and where it does'),
})
export type RewritingWhy = z.infer<typeof RewritingWhy>
