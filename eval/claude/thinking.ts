/** Whether and how long the mock thinks before an answer, and what of it is shown. */

import { countTokens } from '../answers/wording.ts'
import type { Asked, RedactedThinkingBlock, ThinkingBlock } from './blocks.ts'
import { digest } from './canonical.ts'
import type { Effort, ModelRow } from './models.ts'
import { isForced, lastTurn, type MessagesBody, textOf } from './wire.ts'

/** tokens: billed as output, whether they are shown or not. */
export type Thought = {
  readonly blocks: readonly (ThinkingBlock | RedactedThinkingBlock)[]
  readonly tokens: number
}

const LEAST_TOKENS: Readonly<Record<Effort, number>> = {
  low: 6,
  medium: 12,
  high: 18,
  xhigh: 28,
  max: 40,
}

/** The service's own word for a test of thinking that comes redacted. */
const REDACTED = 'ANTHROPIC_MAGIC_STRING_TRIGGER_REDACTED_THINKING'

/** isSkipped: the answer is forced, which leaves no room for thinking. */
export const thoughtOf = (asked: Asked, isSkipped = isForced(asked.body)): Thought => {
  const { body, row, id, begun } = asked
  if (isSkipped || !doesThink(body, row)) return { blocks: [], tokens: 0 }
  const question = textOf(lastTurn(body.messages)?.content)
  const signature = asked.sign(begun, `${id}#${begun.length}`)
  const least = LEAST_TOKENS[body.output_config?.effort ?? row.effort]
  const tokens = least + (Number.parseInt(digest(id).slice(0, 6), 16) % least)
  if (question.includes(REDACTED))
    return { blocks: [{ type: 'redacted_thinking', data: signature }], tokens }
  const isShown = (body.thinking?.display ?? row.display) === 'summarized'
  const thinking = isShown
    ? `The last message says: ${question.slice(0, 80)} … I shall say first what matters most, ` +
      'then why.'
    : ''
  return {
    blocks: [{ type: 'thinking', thinking, signature }],
    tokens: Math.max(tokens, countTokens(thinking)),
  }
}

const doesThink = ({ thinking }: MessagesBody, row: ModelRow): boolean => {
  if (thinking == null) return row.thinking !== 'off'
  return thinking.type === 'adaptive' || thinking.type === 'enabled'
}
