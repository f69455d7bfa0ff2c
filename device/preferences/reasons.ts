/**
 * Explains in a sentence why a request got its block or none. In ASCII, since the status header
 * shows it too.
 */
import type { RewriteReason, Silenced } from '../records/rewrite-decision.ts'

export const WHY_BLOCK: Readonly<Record<RewriteReason, string>> = {
  applied: 'These preferences fit what was asked.',
  frozen: "The conversation keeps its first system prompt: Claude's thinking is signed over it.",
  no_preferences: 'No preference is enabled.',
  none_relevant: 'None of the preferences fits this request.',
  constrained: 'The conversation itself decides everything that the preferences are about.',
  strict_output: 'The request asks for an exact format.',
  tools: 'Requests with tools are left alone: the setting tools is off.',
  code_or_data: 'The request is mostly code or data.',
  delimiter: 'The request contains text that looks like a preference note.',
  undone: 'You took the note back in this conversation.',
  late: 'The local model did not choose in time when the conversation began.',
  unknown_history:
    'The conversation began without preferences, or not through this device, and stays as it ' +
    'began.',
  program: 'A program reads the answer.',
  schema: 'The answer has a schema.',
  prefill: 'The app began the answer itself.',
  forced_tool: 'The request forces a tool call.',
  coding: 'The tools are those of a coding agent.',
  off: 'The request says loreweave-mode: off.',
  attribution:
    'Claude Code sends a line that only an unchanged system prompt hides from the model.',
  unreadable: 'The body is not a Messages request in JSON.',
  too_long: 'The conversation is too long, or has content that the device does not read.',
}

/** The same, naming the dimensions that the conversation decides itself. */
export const whyOf = (reason: RewriteReason, silenced: readonly Silenced[] = []): string => {
  if (reason !== 'constrained') return WHY_BLOCK[reason]
  const about = (by: Silenced['by']) => silenced.filter((s) => s.by === by).map((s) => s.dimension)
  const parts = [
    [about('app'), "The app's instructions decide about"],
    [about('message'), 'The message decides about'],
  ] as const
  const sentences = parts.flatMap(([all, words]) =>
    all.length > 0 ? [`${words}: ${all.join(', ')}.`] : [],
  )
  return sentences.length > 0 ? sentences.join(' ') : WHY_BLOCK.constrained
}
