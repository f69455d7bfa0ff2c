/**
 * What is cleared from a long conversation before the model reads it. It changes what is counted,
 * never what thinking is bound to.
 */
import { isSummary } from './canonical.ts'
import { sinceSummary } from './compaction.ts'
import { isCleared } from './message-rules.ts'
import { countInput } from './prompt-cache.ts'
import { type Block, blocksOf, type Edit, isThinking, type MessagesBody } from './wire.ts'

export type Clearing =
  | {
      readonly type: 'clear_tool_uses_20250919'
      readonly cleared_tool_uses: number
      readonly cleared_input_tokens: number
    }
  | {
      readonly type: 'clear_thinking_20251015'
      readonly cleared_thinking_turns: number
      readonly cleared_input_tokens: number
    }

/** shown: the conversation as the model reads it. */
export type Managed = { readonly shown: MessagesBody; readonly applied: readonly Clearing[] }

const COMPACT_AT = 150_000
const CLEAR_AT = 100_000
const KEPT_TOOL_USES = 3
const KEPT_THINKING_TURNS = 1

/** body: without dropped thinking. */
export const manage = (body: MessagesBody): Managed => {
  const { messages } = body
  const uncleared = messages.filter((_, i) => !isCleared(messages, i))
  let shown: MessagesBody = { ...body, messages: [...sinceSummary(uncleared)] }
  const applied: Clearing[] = []
  for (const edit of body.context_management?.edits ?? []) {
    const before = countInput(shown)
    const cleared = EDITS[edit.type]?.(shown, edit, before)
    if (!cleared || cleared.count === 0) continue
    shown = cleared.shown
    const tokens = { cleared_input_tokens: before - countInput(shown) }
    applied.push(
      edit.type === 'clear_tool_uses_20250919'
        ? { type: edit.type, cleared_tool_uses: cleared.count, ...tokens }
        : { type: 'clear_thinking_20251015', cleared_thinking_turns: cleared.count, ...tokens },
    )
  }
  return { shown, applied }
}

/** The edit that asks for a summary of so long a conversation. */
export const compactionDue = ({ shown }: Managed): Edit | undefined =>
  shown.context_management?.edits?.find(
    ({ type, trigger }) =>
      type === 'compact_20260112' &&
      countInput(shown) >= (trigger?.value ?? COMPACT_AT) &&
      shown.messages.some((m) => !blocksOf(m.content).some(isSummary)),
  )

type Cleared = { readonly shown: MessagesBody; readonly count: number }

const clearToolUses = (body: MessagesBody, edit: Edit, tokens: number): Cleared => {
  const results = body.messages.flatMap((m) =>
    blocksOf(m.content).filter((b) => b.type === 'tool_result'),
  )
  const reached =
    edit.trigger?.type === 'tool_uses'
      ? results.length > edit.trigger.value
      : tokens > (edit.trigger?.value ?? CLEAR_AT)
  const keep = typeof edit.keep === 'object' ? (edit.keep?.value ?? KEPT_TOOL_USES) : KEPT_TOOL_USES
  const cleared = new Set(reached ? results.slice(0, Math.max(0, results.length - keep)) : [])
  return {
    count: cleared.size,
    shown: mapBlocks(body, (block) =>
      cleared.has(block) ? { ...block, content: '[cleared]' } : block,
    ),
  }
}

const clearThinking = (body: MessagesBody, edit: Edit): Cleared => {
  if (edit.keep === 'all') return { count: 0, shown: body }
  const keep =
    typeof edit.keep === 'object' ? (edit.keep?.value ?? KEPT_THINKING_TURNS) : KEPT_THINKING_TURNS
  const turns = body.messages.flatMap((m, i) => (blocksOf(m.content).some(isThinking) ? [i] : []))
  const cleared = new Set(turns.slice(0, Math.max(0, turns.length - keep)))
  return {
    count: cleared.size,
    shown: mapBlocks(body, (block, i) => (cleared.has(i) && isThinking(block) ? null : block)),
  }
}

const EDITS: Readonly<Record<string, (body: MessagesBody, edit: Edit, tokens: number) => Cleared>> =
  {
    clear_tool_uses_20250919: clearToolUses,
    clear_thinking_20251015: clearThinking,
  }

const mapBlocks = (
  body: MessagesBody,
  change: (block: Block, message: number) => Block | null,
): MessagesBody => ({
  ...body,
  messages: body.messages.map((message, i) =>
    typeof message.content === 'string'
      ? message
      : { ...message, content: message.content.flatMap((block) => change(block, i) ?? []) },
  ),
})
