/**
 * What the device reads of a Messages request. Whatever the app sends beside that is carried, and
 * nothing odd about it is refused here. Pure.
 */
import { z } from 'zod'
import { ChatMessage, SystemPrompt } from '../../../adapters/formats/choice-log.ts'
import { MiB } from '../../../adapters/wire/primitives.ts'
import type { Trace } from '../../preferences/suffixes.ts'
import type { CandidateRequest } from '../../spending/spend.ts'
import type { Conversation } from '../../text/conversation.ts'
import { historyOf, type LooseMessage } from '../../text/history.ts'
import { textOf } from '../../text/request-text.ts'
import { sizeOf } from './size.ts'
import { findSystem, type SystemPlace } from './system-edit.ts'

/** The Messages API's own limit. */
export const MAX_MESSAGES_BYTES = 32 * MiB

/** Fields of other types than these are Claude's to refuse. */
const odd = <T extends z.ZodType>(schema: T) => schema.nullish().catch(undefined)
const List = odd(z.array(z.unknown()))
const Some = odd(z.looseObject({}))

/** The fields that the device reads; the rest is carried. */
const MessagesBody = z.looseObject({
  model: z.string().catch(''),
  messages: z.array(z.looseObject({ role: z.string(), content: z.unknown() })),
  system: z.unknown().optional(),
  stream: odd(z.boolean()),
  temperature: odd(z.number()),
  max_tokens: odd(z.number()),
  tools: List,
  mcp_servers: List,
  stop_sequences: List,
  tool_choice: odd(z.looseObject({ type: z.string() })),
  output_config: odd(z.looseObject({ format: z.unknown().optional() })),
  thread: odd(z.looseObject({ type: z.string(), previous_message_id: z.string().optional() })),
  compaction: Some,
  cache_control: Some,
  fallback_credit_token: odd(z.union([z.string(), z.looseObject({ token: z.string() })])),
})
export type MessagesBody = z.infer<typeof MessagesBody>

const Readable = z.object({
  messages: z.array(z.object(ChatMessage.shape)).min(1).max(1000),
  system: SystemPrompt.nullish(),
})

/** conversation: null where it is too long, or not what people and Claude say to each other. */
export type ReadRequest = {
  readonly body: MessagesBody
  readonly size: CandidateRequest
  readonly conversation: Conversation | null
  readonly trace: Omit<Trace, 'profile'>
  readonly place: SystemPlace
}

/** null: no JSON in UTF-8 with messages, or it names `system` more than once. */
export const readRequest = (bytes: Uint8Array): ReadRequest | null => {
  let text: string
  let body: MessagesBody
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    body = MessagesBody.parse(JSON.parse(text))
  } catch {
    return null
  }
  const place = findSystem(text)
  if (!place || !(body.system == null || isText(body.system))) return null
  const size = sizeOf(body)
  return { body, size, place, conversation: conversationOf(body), trace: traceOf(body, size) }
}

/** However long: a limit of ours must not change what a conversation was written under. */
const isText = (system: unknown): boolean =>
  typeof system === 'string' ||
  (Array.isArray(system) && system.every((block) => typeof block?.type === 'string'))

/**
 * System messages are instructions; what else they hold, and further fields of a message, is
 * Claude's alone.
 */
const conversationOf = ({
  messages,
  system,
  tools,
  mcp_servers,
}: MessagesBody): Conversation | null => {
  const inPlay = [...(tools ?? []), ...(mcp_servers ?? [])]
  const isInstruction = ({ role }: LooseMessage) => role === 'system'
  const readable = Readable.safeParse({
    messages: messages.filter((m) => !isInstruction(m)),
    system,
  })
  if (!readable.success) return null
  const instructions = messages.filter(isInstruction).flatMap(({ content }) => {
    const read = SystemPrompt.safeParse(content)
    return read.success ? [textOf(read.data)] : []
  })
  return {
    messages: readable.data.messages,
    system: readable.data.system ?? undefined,
    ...(instructions.length > 0 && { instructions }),
    ...(inPlay.length > 0 && { tools: inPlay as object[] }),
  }
}

/** Prompts that are shorter than this are cached by no model. */
const LEAST_CACHED_TOKENS = 512

const traceOf = (body: MessagesBody, { inputTokens }: CandidateRequest): Omit<Trace, 'profile'> => {
  const { messages, system, thread, fallback_credit_token: credit } = body
  const isMarked =
    body.cache_control != null ||
    messages.some(
      ({ content }) => Array.isArray(content) && content.some((b) => b?.cache_control != null),
    )
  return {
    messages,
    system,
    history: historyOf(messages, system),
    credit: typeof credit === 'string' ? credit : credit?.token,
    continues: thread?.type === 'continue' ? (thread.previous_message_id ?? '') : undefined,
    isShared: isMarked && inputTokens >= LEAST_CACHED_TOKENS,
  }
}
