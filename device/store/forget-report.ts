/** Which conversations are to be forgotten, and what went. */
import { z } from 'zod'
import { Id } from '../../adapters/wire/primitives.ts'

const Count = z.int().min(0).max(1_000_000)

/**
 * Whole conversations: that of a decision, of an answer, or of a choice, which may be a line of a
 * choice log that was imported; all that hold these words, in any case; or all choices that were
 * imported.
 */
export const forgetTarget = {
  decisionId: Id.optional(),
  messageId: Id.optional(),
  choiceId: z.string().min(1).max(300).optional(),
  containing: z.string().min(3).max(1000).optional(),
  imported: z.literal(true).optional(),
}
export const isOneTarget = (t: { [K in keyof typeof forgetTarget]?: unknown }): boolean =>
  Object.keys(forgetTarget).filter((key) => t[key as keyof typeof t] !== undefined).length === 1
export const ONE_TARGET = 'exactly one of decisionId, messageId, choiceId, containing and imported'

export const ForgetTarget = z.strictObject(forgetTarget).refine(isOneTarget, ONE_TARGET)
export type ForgetTarget = z.infer<typeof ForgetTarget>

/**
 * What went. privateAdapter: it cannot unlearn, so one that may have read the conversation is
 * removed. updatesSentSince: updates that left this device after the conversation began and may
 * hold something of it; nothing can call them back.
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
      'Copies of what was erased are left in the journal of the database, since it cannot be ' +
        'emptied now. They go as soon as it can be.',
    ),
})
export type ForgetReport = z.infer<typeof ForgetReport>
