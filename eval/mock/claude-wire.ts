/** What the mock reads of Anthropic's Messages API. The real service tolerates fields it does not know here; so does this. */
import { z } from 'zod'

const CacheControl = z.looseObject({ type: z.literal('ephemeral') }).nullish()

const Block = z.looseObject({
  type: z.string(),
  text: z.string().optional(),
  cache_control: CacheControl,
})
export type Block = z.infer<typeof Block>

const Content = z.union([z.string(), z.array(Block)])

const Message = z.looseObject({ role: z.enum(['user', 'assistant']), content: Content })

const Tool = z.looseObject({
  name: z.string().min(1).max(128),
  description: z.string().optional(),
  input_schema: z.looseObject({}).optional(),
  cache_control: CacheControl,
})
export type Tool = z.infer<typeof Tool>

export const CountTokensBody = z.looseObject({
  model: z.string(),
  messages: z.array(Message).min(1, 'at least one message is required'),
  system: Content.optional(),
  tools: z.array(Tool).optional(),
  cache_control: CacheControl,
  thinking: z
    .looseObject({ type: z.string(), budget_tokens: z.int().min(1024).optional() })
    .nullish(),
})
export type CountTokensBody = z.infer<typeof CountTokensBody>

export const MessagesBody = CountTokensBody.extend({
  max_tokens: z.int().min(1, 'must be greater than or equal to 1'),
  stream: z.boolean().optional(),
  temperature: z.number().min(0).max(1).optional(),
  stop_sequences: z.array(z.string()).optional(),
  tool_choice: z
    .looseObject({ type: z.enum(['auto', 'any', 'tool', 'none']), name: z.string().optional() })
    .optional(),
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
