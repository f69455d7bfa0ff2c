/** The choice log: one JSON object a line, from the device itself or from anywhere. Documented in the README. */
import { z } from 'zod'

const Text = z.string().max(200_000)

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
 * One choice. candidates: the answers; shown: indices of those the user saw, in order (default: all);
 * chosen: index into candidates; at: milliseconds since 1970; utilities: the true value of each candidate, where a simulation knows it.
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

export type ChoiceLogProblem = { readonly line: number; readonly problem: string }

/** Reads a choice log. Blank lines are passed over; a bad line is reported by its number (from 1), never quoted. */
export const parseChoiceLog = (
  text: string,
): { choices: ChoiceLine[]; problems: ChoiceLogProblem[] } => {
  const choices: ChoiceLine[] = []
  const problems: ChoiceLogProblem[] = []
  for (const [index, raw] of text.split('\n').entries()) {
    if (raw.trim() === '') continue
    const parsed = parseLine(raw)
    if (typeof parsed === 'string') problems.push({ line: index + 1, problem: parsed })
    else choices.push(parsed)
  }
  return { choices, problems }
}

/** The indices that the user saw: `shown`, or all of them. */
export const shownOf = (choice: ChoiceLine): number[] =>
  choice.shown ?? choice.candidates.map((_, i) => i)

const parseLine = (raw: string): ChoiceLine | string => {
  let json: unknown
  try {
    json = JSON.parse(raw)
  } catch {
    return 'is not JSON'
  }
  const result = ChoiceLine.safeParse(json)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  const path = issue?.path.join('.') || 'line'
  return `${path}: ${issue?.message ?? 'does not match the schema'}`
}
