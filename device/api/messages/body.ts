/** What the device reads of a Messages request, and which requests it leaves alone or asks only once: a table each. Pure. */
import { z } from 'zod'
import { ChatMessage, SystemPrompt } from '../../../adapters/wire/choice-log.ts'
import type { CandidateRequest, Conversation } from '../../agent/types.ts'
import { findSystem, type SystemPlace } from './system-edit.ts'

/** The fields that the device reads; the rest is carried. */
const MessagesBody = z.looseObject({
  model: z.string().catch(''),
  messages: z.array(z.looseObject({ role: z.string(), content: z.unknown() })),
  system: z.unknown().optional(),
  stream: z.boolean().nullish(),
  temperature: z.number().nullish(),
  tools: z.array(z.unknown()).nullish(),
  mcp_servers: z.array(z.unknown()).nullish(),
  container: z.unknown().optional(),
  max_tokens: z.number().nullish(),
  output_config: z.looseObject({ format: z.unknown().optional() }).nullish(),
  output_format: z.unknown().optional(),
})
export type MessagesBody = z.infer<typeof MessagesBody>

const Readable = z.object({
  messages: z.array(ChatMessage).min(1).max(1000),
  system: SystemPrompt.nullish(),
})

export type ReadRequest = {
  readonly body: MessagesBody
  readonly size: CandidateRequest
  readonly conversation: Conversation
  readonly place: SystemPlace
}

/** read: null for what goes through untouched: no JSON in UTF-8, not what the Messages API takes, or one of PASSED_THROUGH. */
export const readRequest = (
  bytes: Uint8Array,
): { isStream: boolean; model: string; read: ReadRequest | null } => {
  const none = { isStream: false, model: '', read: null }
  let text: string
  let body: MessagesBody
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    body = MessagesBody.parse(JSON.parse(text))
  } catch {
    return none
  }
  const seen = { isStream: body.stream === true, model: body.model, read: null }
  if (Object.values(PASSED_THROUGH).some((is) => is(body))) return seen
  const readable = Readable.safeParse(body)
  const place = findSystem(text)
  if (!readable.success || !place) return seen
  const { messages, system } = readable.data
  const conversation = { messages, system: system ?? undefined }
  return { ...seen, read: { body, size: sizeOf(body), place, conversation } }
}

type Reasons = Readonly<Record<string, (body: MessagesBody) => boolean>>

const isSome = (list: readonly unknown[] | null | undefined): boolean => (list?.length ?? 0) > 0

/** A program reads the answer, or tools are in play, or there is no answer to read: the request goes through untouched. */
export const PASSED_THROUGH: Reasons = {
  tools: (body) => isSome(body.tools),
  'MCP servers': (body) => isSome(body.mcp_servers),
  'a container': (body) => Boolean(body['container']),
  'tool calls or results': (body) =>
    body.messages.some(
      ({ content }) =>
        Array.isArray(content) &&
        content.some((block) => /tool_(use|result)$/.test(String(block?.type))),
    ),
  'a schema for the answer': (body) => Boolean(body.output_config?.format || body['output_format']),
  'an answer begun by the caller': (body) => body.messages.at(-1)?.role === 'assistant',
  'a cache that is only warmed': (body) => body.max_tokens === 0,
}

/** Further answers would be the same one, or could not be waited for. isCompared: the app lets a stream wait. */
export const ONE_CANDIDATE = (isCompared: boolean): Reasons => ({
  'temperature 0': (body) => body.temperature === 0,
  'a stream': (body) => body.stream === true && !isCompared,
})

/** Characters of a token, a little low so that the estimate is a little high; tokens that an image takes at most. */
const TOKEN_CHARACTERS = 3.5
const IMAGE_TOKENS = 1600

/** What planning needs to know of a request; the tokens are an estimate. */
const sizeOf = (body: MessagesBody): CandidateRequest => {
  const tokensIn = (content: unknown): number => {
    if (typeof content === 'string') return content.length / TOKEN_CHARACTERS
    if (!Array.isArray(content)) return 0
    return content.reduce((sum: number, block) => {
      if (block?.type === 'image') return sum + IMAGE_TOKENS
      if (typeof block?.text === 'string') return sum + block.text.length / TOKEN_CHARACTERS
      return sum + (JSON.stringify(block)?.length ?? 0) / TOKEN_CHARACTERS
    }, 0)
  }
  const tokens = body.messages.reduce((sum, m) => sum + tokensIn(m.content), tokensIn(body.system))
  return {
    model: body.model,
    maxTokens: body.max_tokens ?? Number.MAX_SAFE_INTEGER,
    inputTokens: Math.ceil(tokens),
  }
}
