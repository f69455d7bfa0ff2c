/**
 * Remembers the parts of an answer that the app will send back, with the suffix they were written
 * under: signatures of thinking, text, tool calls, the token of a refusal. Includes answers that
 * broke off, whose complete blocks may come back.
 */
import { z } from 'zod'
import { answerKeys, isSigned } from '../../text/history.ts'
import type { MessagesDeps } from './deps.ts'
import { inPassing, readEvents } from './events.ts'
import { knownSuffix, type Plan } from './plan.ts'

type Block = { readonly type: string; [field: string]: unknown }
type Traced = {
  messageId: string | undefined
  credit: string | undefined
  /** Thinking that Claude dropped because the text before it had changed. */
  dropped: number
  readonly blocks: Block[]
}

const Details = z.object({ fallback_credit_token: z.string().nullish() }).nullish().catch(undefined)
const Transformations = z
  .array(z.object({ reason: z.unknown() }))
  .nullish()
  .catch(undefined)
const BlockStart = z.looseObject({ type: z.string() })
const Message = z.object({
  id: z.string().optional().catch(undefined),
  content: z.array(BlockStart).catch([]),
  stop_details: Details,
  input_transformations: Transformations,
})
const Event = z.object({
  type: z.string(),
  message: Message.optional().catch(undefined),
  index: z.number().optional().catch(undefined),
  content_block: BlockStart.optional().catch(undefined),
  delta: z.looseObject({ stop_details: Details }).optional().catch(undefined),
  input_transformations: Transformations,
})
type Event = z.infer<typeof Event>

export const rememberAnswer = (
  deps: MessagesDeps,
  plan: Plan,
  chunks: readonly Uint8Array[],
): void => {
  if (!isTraced(plan)) return
  const traced = emptyTrace()
  if (plan.isStream) {
    const reader = readEvents((json) => addEvent(traced, json))
    for (const chunk of chunks) reader.push(chunk)
    reader.end()
  } else addMessage(traced, parseJson(Buffer.concat(chunks)))
  keep(deps, plan, traced)
}

/**
 * Passes the stream on. Remembers an answer before the app sees its last event, because an app may
 * continue without waiting for the connection to close, and again however the stream ends.
 */
export const rememberStream = (
  deps: MessagesDeps,
  plan: Plan,
  stream: ReadableStream<Uint8Array>,
): ReadableStream<Uint8Array> => {
  if (!isTraced(plan)) return stream
  const traced = emptyTrace()
  let isNew = false
  const remember = () => {
    if (isNew) keep(deps, plan, traced)
    isNew = false
  }
  const reader = readEvents((json) => {
    const event = addEvent(traced, json)
    isNew = true
    if (event && isWhole(traced, event)) remember()
  })
  return inPassing(stream, reader.push, () => {
    reader.end()
    remember()
  })
}

/** Whether the app may continue from here: the answer, or a signed block, is complete. */
const isWhole = ({ blocks }: Traced, { type, index }: Event): boolean =>
  type === 'message_stop' || (type === 'content_block_stop' && isSigned(blocks[index ?? -1]))

/** Without a suffix there is nothing to remember, unless Claude says that one is missing. */
const isTraced = ({ bound, request }: Plan): boolean =>
  bound !== null || (request?.trace.history.isBound ?? false)

const keep = (deps: MessagesDeps, plan: Plan, traced: Traced): void => {
  const { request, mode } = plan
  if (traced.dropped > 0) deps.report({ what: 'thinking_dropped', code: 'E_CONFLICT' })
  traced.dropped = 0
  if (!request) return
  // mismatch.ts may have found that earlier signatures belong to another suffix.
  const bound = request.trace.history.isBound ? knownSuffix(deps, request) : plan.bound
  if (!bound) return
  const { blocks, credit, messageId } = traced
  const isThread = request.body.thread != null
  deps.device.suffixes.answered(
    bound,
    {
      ...answerKeys(request.body.messages, blocks),
      credit,
      messageId: isThread ? messageId : undefined,
    },
    mode !== 'incognito',
  )
}

const emptyTrace = (): Traced => ({
  messageId: undefined,
  credit: undefined,
  dropped: 0,
  blocks: [],
})

const parseJson = (bytes: Uint8Array): unknown => {
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    return null
  }
}

const addMessage = (traced: Traced, json: unknown): void => {
  const message = Message.safeParse(json).data
  if (!message) return
  traced.messageId = message.id
  traced.credit ??= message.stop_details?.fallback_credit_token ?? undefined
  traced.dropped += droppedIn(message.input_transformations)
  traced.blocks.push(...message.content)
}

const addEvent = (traced: Traced, json: unknown): Event | undefined => {
  const event = Event.safeParse(json).data
  if (!event) return undefined
  if (event.message) addMessage(traced, event.message)
  traced.dropped += droppedIn(event.input_transformations)
  traced.credit ??= event.delta?.stop_details?.fallback_credit_token ?? undefined
  const { index, content_block: begun, delta } = event
  if (begun && index !== undefined) traced.blocks[index] = { ...begun }
  const block = index === undefined ? undefined : traced.blocks[index]
  if (event.type !== 'content_block_delta' || !block || !delta) return event
  for (const [type, field] of PIECES)
    if (delta['type'] === type && typeof delta[field] === 'string')
      block[field] = `${typeof block[field] === 'string' ? block[field] : ''}${delta[field]}`
  return event
}

/** The fields that arrive in pieces, by the type of the delta. */
const PIECES = [
  ['text_delta', 'text'],
  ['signature_delta', 'signature'],
  ['compaction_delta', 'content'],
  ['compaction_delta', 'encrypted_content'],
  ['compaction_delta', 'signature'],
] as const

const droppedIn = (all: z.infer<typeof Transformations>): number =>
  (all ?? []).filter((t) => t.reason === 'prefix_binding_mismatch').length
