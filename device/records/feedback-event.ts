/** Feedback on an answer as an event, and the device's receipt. */
import { z } from 'zod'
import { Id } from '../../adapters/wire/primitives.ts'
import { Dimension, Direction, Preference, Share } from './preference.ts'
import { Index } from './rerank-decision.ts'

const Text = z.string().max(200_000)
const Count = z.int().min(0).max(1_000_000)

/** The target of feedback: a decision of this device, or the Messages API's id of the answer. */
export const feedbackTarget = { decisionId: Id.optional(), messageId: Id.optional() }
/** isImplicit: inferred by the device from how the conversation continued. */
const event = <K extends string, S extends z.ZodRawShape>(kind: K, shape: S) =>
  z.strictObject({
    kind: z.literal(kind),
    ...feedbackTarget,
    isImplicit: z.literal(true).optional(),
    ...shape,
  })

const count = (e: { decisionId?: string | undefined; messageId?: string | undefined }): number =>
  Number(e.decisionId !== undefined) + Number(e.messageId !== undefined)

/**
 * choose: one of the shown candidates. regenerate: the user wants another answer. edit: the answer
 * as the user would have it. thumbs: -1 or +1. follow_up: the next message, if it refines the
 * answer. keep: the answer was used as it is. undo: the preference block, or its line on one
 * dimension, was not wanted for this request. prefer: the user states a preference for every
 * request or those in its scope. It counts at once, and may name the answer that led to it.
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

/**
 * choices: number of choices on this device afterwards. decisionId: the target, if any. propensity:
 * probability with which that decision's answer was drawn. holdsFrom: an undo does not change its
 * own conversation.
 */
export const FeedbackReceipt = z.strictObject({
  recorded: z.literal(true),
  choices: Count,
  decisionId: Id.optional(),
  propensity: Share.optional(),
  holdsFrom: z.literal('next_conversation').optional(),
})
export type FeedbackReceipt = z.infer<typeof FeedbackReceipt>
