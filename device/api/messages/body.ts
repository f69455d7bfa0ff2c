/**
 * The part of a Messages request that the device reads. All other fields go to Claude as they are,
 * and nothing is refused here. Pure.
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

/** A field of the wrong type is treated as absent: refusing it is up to Claude. */
const lenient = <T extends z.ZodType>(schema: T) => schema.nullish().catch(undefined)
const List = lenient(z.array(z.unknown()))
const AnyObject = lenient(z.looseObject({}))

const MessagesBody = z.looseObject({
  model: z.string().catch(''),
  messages: z.array(z.looseObject({ role: z.string(), content: z.unknown() })),
  system: z.unknown().optional(),
  stream: lenient(z.boolean()),
  temperature: lenient(z.number()),
  max_tokens: lenient(z.number()),
  tools: List,
  mcp_servers: List,
  stop_sequences: List,
  tool_choice: lenient(z.looseObject({ type: z.string() })),
  output_config: lenient(z.looseObject({ format: z.unknown().optional() })),
  thread: lenient(z.looseObject({ type: z.string(), previous_message_id: z.string().optional() })),
  compaction: AnyObject,
  cache_control: AnyObject,
  fallback_credit_token: lenient(z.union([z.string(), z.looseObject({ token: z.string() })])),
})
export type MessagesBody = z.infer<typeof MessagesBody>

const Readable = z.object({
  messages: z.array(z.object(ChatMessage.shape)).min(1).max(1000),
  system: SystemPrompt.nullish(),
})

/** conversation: null if it is too long, or holds anything but the turns of a user and Claude. */
export type ReadRequest = {
  readonly body: MessagesBody
  readonly size: CandidateRequest
  readonly conversation: Conversation | null
  readonly trace: Omit<Trace, 'profile'>
  readonly place: SystemPlace
}

/**
 * null if the bytes are not UTF-8 JSON with messages, name `system` more than once, or are nested
 * deeper than MAX_DEPTH.
 */
export const readRequest = (bytes: Uint8Array): ReadRequest | null => {
  let text: string
  let body: MessagesBody
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    body = MessagesBody.parse(JSON.parse(text))
  } catch {
    return null
  }
  if (isDeeper(body, MAX_DEPTH)) return null
  const place = findSystem(text)
  if (!place || !(body.system == null || isText(body.system))) return null
  const size = sizeOf(body)
  return { body, size, place, conversation: conversationOf(body), trace: traceOf(body, size) }
}

/** Far beyond any tool's schema. What reads a request calls itself for each level, as JSON.stringify does. */
const MAX_DEPTH = 500

const isDeeper = (value: unknown, most: number): boolean => {
  let level = [value]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > most) return true
    level = level.flatMap((one) =>
      typeof one === 'object' && one !== null ? Object.values(one) : [],
    )
  }
  return false
}

/** Of any length: a limit of the device must not change the suffix of a conversation. */
const isText = (system: unknown): boolean =>
  typeof system === 'string' ||
  (Array.isArray(system) && system.every((block) => typeof block?.type === 'string'))

/** System messages become instructions; other fields of a message are left out. */
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

/** No model caches a shorter prompt. */
const MIN_CACHED_TOKENS = 512

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
    isShared: isMarked && inputTokens >= MIN_CACHED_TOKENS,
  }
}
