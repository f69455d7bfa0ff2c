/** What an answer of Claude is made for, and the blocks it is made of. */
import type { CompactionBlock } from './compaction.ts'
import type { ModelRow } from './models.ts'
import type { InputUsage } from './prompt-cache.ts'
import type { MessagesBody } from './wire.ts'

type TextBlock = { readonly type: 'text'; readonly text: string }
export type ThinkingBlock = {
  readonly type: 'thinking'
  readonly thinking: string
  readonly signature: string
}
export type RedactedThinkingBlock = { readonly type: 'redacted_thinking'; readonly data: string }
export type ToolUseBlock = {
  readonly type: 'tool_use' | 'server_tool_use'
  readonly id: string
  readonly name: string
  readonly input: Readonly<Record<string, unknown>>
}
export type WebSearchBlock = {
  readonly type: 'web_search_tool_result'
  readonly tool_use_id: string
  readonly content: readonly object[]
}
export type FallbackBlock = {
  readonly type: 'fallback'
  readonly from: { readonly model: string }
  readonly to: { readonly model: string }
  readonly trigger: { readonly type: 'refusal'; readonly category: string | null }
}
export type AnswerBlock =
  | TextBlock
  | ThinkingBlock
  | RedactedThinkingBlock
  | ToolUseBlock
  | WebSearchBlock
  | CompactionBlock
  | FallbackBlock

/**
 * What an answer is made for. sign: the signature of a thinking block that follows the given ones.
 */
export type Asked = {
  readonly body: MessagesBody
  readonly row: ModelRow
  /** The message's, without its prefix. */
  readonly id: string
  readonly input: InputUsage
  readonly isBatch: boolean
  readonly betas: ReadonlySet<string>
  /** What the answer begins with. */
  readonly begun: readonly AnswerBlock[]
  readonly sign: (before: readonly AnswerBlock[], id: string) => string
}
