/**
 * The choice log: one JSON object a line, from the device itself or from anywhere. Documented in
 * the README.
 */
import { z } from 'zod'

/** Longest text of a choice; a longer one is cut where a log is read. */
export const MAX_TEXT_CHARS = 200_000
const Text = z.string().max(MAX_TEXT_CHARS)

/** A content block of the Messages API; only text is read, everything else is carried. */
export const ContentBlock = z.looseObject({ type: z.string().max(40), text: Text.optional() })

export const ChatMessage = z.strictObject({
  role: z.enum(['user', 'assistant']),
  content: z.union([Text, z.array(ContentBlock).max(1000)]),
})
export type ChatMessage = z.infer<typeof ChatMessage>

export const SystemPrompt = z.union([Text, z.array(ContentBlock).max(1000)])
export type SystemPrompt = z.infer<typeof SystemPrompt>

/**
 * One choice, as read-choices.ts makes it of what people write. candidates: the answers; shown:
 * indices of those the user saw, in order (default: all); chosen: index into candidates; at:
 * milliseconds since 1970; utilities: the true value of each candidate, where a simulation knows
 * it.
 */
export const ChoiceLine = z
  .strictObject({
    user: z.string().min(1).max(200),
    id: z.string().min(1).max(200),
    messages: z.array(ChatMessage).min(1).max(1000),
    system: SystemPrompt.optional(),
    candidates: z.array(Text).min(1).max(64),
    shown: z.array(z.int().min(0).max(63)).min(1).max(64).optional(),
    chosen: z.int().min(0).max(63),
    at: z.number().min(0).optional(),
    split: z.enum(['train', 'test']).optional(),
    utilities: z.array(z.number()).max(64).optional(),
  })
  .refine((l) => l.chosen < l.candidates.length, 'chosen must index a candidate')
  .refine(
    (l) => (l.shown ?? []).every((i) => i < l.candidates.length),
    'shown must index candidates',
  )
  .refine((l) => new Set(l.shown ?? []).size === (l.shown ?? []).length, 'shown must be distinct')
  .refine((l) => l.shown === undefined || l.shown.includes(l.chosen), 'chosen must have been shown')
  .refine(
    (l) => l.utilities === undefined || l.utilities.length === l.candidates.length,
    'utilities must match candidates',
  )
export type ChoiceLine = z.infer<typeof ChoiceLine>

/** The indices that the user saw: `shown`, or all of them. */
export const shownOf = (choice: ChoiceLine): number[] =>
  choice.shown ?? choice.candidates.map((_, i) => i)
