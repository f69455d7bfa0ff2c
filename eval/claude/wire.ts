/**
 * What the mock reads of Anthropic's Messages API; what the service refuses beside is in
 * request-rules.ts and message-rules.ts.
 */
import { z } from 'zod'

const CacheControl = z
  .looseObject({ type: z.literal('ephemeral'), ttl: z.enum(['5m', '1h']).optional() })
  .nullish()

const Block = z.looseObject({
  type: z.string(),
  text: z.string().optional(),
  cache_control: CacheControl,
})
export type Block = z.infer<typeof Block>

const Content = z.union([z.string(), z.array(Block)])
export type Content = z.infer<typeof Content>

/** A system message may hold nothing but settings. */
const Message = z.discriminatedUnion('role', [
  z.looseObject({ role: z.enum(['user', 'assistant']), content: Content }),
  z.looseObject({ role: z.literal('system'), content: Content.default([]) }),
])
export type WireMessage = z.infer<typeof Message>

const Tool = z.looseObject({
  name: z.string().min(1).max(128).default(''),
  type: z.string().nullish(),
  description: z.string().optional(),
  input_schema: z.looseObject({}).optional(),
  cache_control: CacheControl,
})
export type Tool = z.infer<typeof Tool>

const Thinking = z.looseObject({
  type: z.string(),
  budget_tokens: z.int().min(1024).optional(),
  display: z.enum(['summarized', 'omitted', 'updates']).nullish(),
  block_binding: z
    .looseObject({ prefix_mismatch_behavior: z.enum(['error', 'drop_block']).nullish() })
    .nullish(),
})

const OutputConfig = z.looseObject({
  effort: z.enum(['low', 'medium', 'high', 'xhigh', 'max']).nullish(),
  format: z.looseObject({ type: z.string(), schema: z.looseObject({}).optional() }).nullish(),
})

const Edit = z.looseObject({
  type: z.string(),
  trigger: z.looseObject({ type: z.string(), value: z.number() }).nullish(),
  keep: z
    .union([z.literal('all'), z.looseObject({ type: z.string(), value: z.number().optional() })])
    .nullish(),
  pause_after_compaction: z.boolean().nullish(),
})
export type Edit = z.infer<typeof Edit>

const Thread = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal('create') }),
  z.looseObject({ type: z.literal('continue'), previous_message_id: z.string() }),
])

export const CountTokensBody = z.looseObject({
  model: z.string(),
  messages: z.array(Message).max(100_000),
  system: Content.optional(),
  tools: z.array(Tool).optional(),
  cache_control: CacheControl,
  thinking: Thinking.nullish(),
  output_config: OutputConfig.nullish(),
  context_management: z.looseObject({ edits: z.array(Edit).optional() }).nullish(),
  compaction: z
    .looseObject({ type: z.literal('summarize'), instructions: z.string().nullish() })
    .nullish(),
  speed: z.enum(['standard', 'fast']).nullish(),
  tool_choice: z
    .looseObject({ type: z.enum(['auto', 'any', 'tool', 'none']), name: z.string().optional() })
    .optional(),
})
export type CountTokensBody = z.infer<typeof CountTokensBody>

export const MessagesBody = CountTokensBody.extend({
  max_tokens: z.int().min(0),
  stream: z.boolean().optional(),
  temperature: z.number().min(0).max(1).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  top_k: z.int().min(0).nullish(),
  stop_sequences: z.array(z.string()).nullish(),
  service_tier: z.enum(['auto', 'standard_only']).nullish(),
  inference_geo: z.string().nullish(),
  thread: Thread.nullish(),
  diagnostics: z.looseObject({ previous_message_id: z.string().nullish() }).nullish(),
  fallbacks: z
    .union([z.literal('default'), z.array(z.looseObject({ model: z.string() })).max(3)])
    .nullish(),
  fallback_credit_token: z
    .union([
      z.string(),
      z.looseObject({ token: z.string(), mode: z.enum(['strict', 'best_effort']).optional() }),
    ])
    .nullish(),
})
export type MessagesBody = z.infer<typeof MessagesBody>

/** "messages.0.role: …" as the service words it. */
export const firstProblem = (error: z.ZodError): string => {
  const issue = error.issues[0]
  if (issue === undefined) return 'invalid request'
  const isMissing = issue.code === 'invalid_type' && issue.message.includes('received undefined')
  return `${issue.path.join('.') || 'body'}: ${isMissing ? 'Field required' : issue.message}`
}

export const blocksOf = (content: string | readonly Block[]): readonly Block[] =>
  typeof content === 'string' ? [{ type: 'text', text: content }] : content

/** The text of a message or system prompt; other blocks count for nothing. */
export const textOf = (content: string | readonly Block[] | undefined): string =>
  content === undefined
    ? ''
    : blocksOf(content)
        .map((b) => (b.type === 'text' ? (b.text ?? '') : ''))
        .filter((t) => t !== '')
        .join('\n')

/** What the conversation waits for an answer to: system messages behind it are about it. */
export const lastTurn = (
  messages: readonly CountTokensBody['messages'][number][],
): CountTokensBody['messages'][number] | undefined => messages.findLast((m) => m.role !== 'system')

export const isThinking = ({ type }: Pick<Block, 'type'>): boolean =>
  type === 'thinking' || type === 'redacted_thinking'

/** tool_choice leaves no answer without a call. */
export const isForced = ({ tool_choice: choice }: Pick<CountTokensBody, 'tool_choice'>): boolean =>
  choice?.type === 'any' || choice?.type === 'tool'
