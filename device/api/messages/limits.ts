/** The table of requests that get a single answer, no block, or teach nothing. Pure. */

import { programReason } from '../../preferences/program.ts'
import type { RewriteReason } from '../../records/rewrite-decision.ts'
import { imitatesBlock } from '../../text/imitation.ts'
import type { MessagesBody, ReadRequest } from './body.ts'

/**
 * barrier: why a conversation that begins with such a request gets no block. isLearned: whether the
 * device may still learn from its answer, and feedback may name it. isAny: whether the row applies.
 */
export type Limit = {
  readonly barrier?: RewriteReason
  readonly isLearned?: boolean
  readonly isAny: (body: MessagesBody, request: ReadRequest, isCompared: boolean) => boolean
}

const isSome = (list: readonly unknown[] | null | undefined): boolean => (list?.length ?? 0) > 0

const FEW_TOKENS = 8

const LIMITS_BY_NAME = {
  'what is too long or too odd to be read': {
    barrier: 'too_long',
    isAny: (_, { conversation }) => conversation === null,
  },
  'a schema for the answer': {
    barrier: 'schema',
    isAny: (body) => Boolean(body.output_config?.format || body['output_format']),
  },
  'an answer begun by the caller': {
    barrier: 'prefill',
    isAny: ({ messages, compaction }) =>
      compaction == null && messages.findLast((m) => m.role !== 'system')?.role === 'assistant',
  },
  'a tool that must be called': {
    barrier: 'forced_tool',
    isAny: ({ tool_choice: choice }) => choice?.type === 'any' || choice?.type === 'tool',
  },
  'tools that change files or run commands': {
    barrier: 'coding',
    isLearned: true,
    isAny: ({ tools }) => tools?.some(isForCoding) ?? false,
  },
  'stop sequences': { barrier: 'program', isAny: (body) => isSome(body.stop_sequences) },
  'a form that a program reads': {
    barrier: 'program',
    isAny: (_, { conversation }) => conversation !== null && programReason(conversation) !== null,
  },
  // A quota check or a label: too short to be written for a reader.
  'an answer of a few tokens': {
    barrier: 'program',
    isAny: ({ max_tokens: max }) => max != null && max > 0 && max <= FEW_TOKENS,
  },
  'a summary of the conversation': {
    barrier: 'program',
    isAny: (body) => body.compaction != null,
  },
  'text that imitates the block': {
    barrier: 'delimiter',
    isAny: (_, { conversation }) => conversation !== null && imitatesBlock(conversation),
  },
  'a refusal that is made good': { isAny: (body) => body.fallback_credit_token != null },
  'a cache that is only warmed': { isAny: (body) => body.max_tokens === 0 },
  'results of tools': {
    isAny: ({ messages }) => hasToolResult(messages.findLast((m) => m.role === 'user')?.content),
  },
  tools: {
    isLearned: true,
    isAny: (body) =>
      isSome(body.tools) ||
      isSome(body.mcp_servers) ||
      Boolean(body['container']) ||
      body.messages.some(({ content }) => hasToolCall(content)),
  },
  'temperature 0': { isLearned: true, isAny: (body) => body.temperature === 0 },
  'a stream': {
    isLearned: true,
    isAny: (body, _, isCompared) => body.stream === true && !isCompared,
  },
} satisfies Record<string, Limit>

/** Nothing is learned from an answer that a program reads, or that holds no text. */
export const LIMITS: Readonly<Record<string, Limit>> = LIMITS_BY_NAME

/** isCompared: the app allows several answers for a stream. */
export const limitsOf = (
  request: ReadRequest,
  isCompared: boolean,
): { isOnce: boolean; isLearned: boolean; barrier: RewriteReason | undefined } => {
  const found = Object.values(LIMITS).filter((l) => l.isAny(request.body, request, isCompared))
  return {
    isOnce: found.length > 0,
    isLearned: found.every((l) => l.isLearned ?? false),
    barrier: found.find((l) => l.barrier)?.barrier,
  }
}

/**
 * Whether `system` begins with Claude Code's own line. Claude's service removes it only from an
 * unchanged `system`; with a block added, the line would reach the model.
 */
export const hasAttribution = ({ system }: MessagesBody): boolean => {
  const [first] = Array.isArray(system) ? system : [{ text: system }]
  return typeof first?.text === 'string' && first.text.startsWith('x-anthropic-billing-header:')
}

const blockTypes = (content: unknown): string[] =>
  Array.isArray(content) ? content.map((block) => String(block?.type)) : []
const hasToolCall = (content: unknown): boolean =>
  blockTypes(content).some((type) => /tool_(use|result)$/.test(type))
const hasToolResult = (content: unknown): boolean =>
  blockTypes(content).some((type) => /tool_result$/.test(type))

/** Names of tools in coding agents, and of Claude's own tools. */
const CODING_TOOL = new RegExp(
  `^(?:${[
    'bash|shell|terminal|exec',
    String.raw`run_?(?:command|shell|bash|terminal|in_terminal)\w*`,
    String.raw`execute_?(?:command|shell|bash)\w*`,
    String.raw`str_replace\w*|text_editor\w*`,
    '(?:multi_?)?edit(?:_?(?:file|files|block|notebook))?|notebook_?edit',
    'write(?:_?(?:file|to_file))?|create_?file',
    String.raw`replace_in_file|insert_edit\w*|apply_?(?:patch|diff)`,
  ].join('|')})$`,
  'i',
)

const isForCoding = (tool: unknown): boolean => {
  const { type, name } = (tool ?? {}) as { type?: unknown; name?: unknown }
  return (
    /^(?:bash|text_editor)_\d+$/.test(String(type)) ||
    CODING_TOOL.test(String(name).replace(/^mcp__\w+?__/, ''))
  )
}
