/** Reads Claude's answers, whole or streamed: text, ending and usage. Other fields are ignored. */
import { z } from 'zod'
import type { AnswerUsage } from '../../spending/prices.ts'
import type { Answer } from '../../text/conversation.ts'
import { readEvents } from './events.ts'
import { laterUsage, readUsage, UsageFields } from './read-usage.ts'

/**
 * isWhole: complete, with text, from the requested model, and ended by Claude or by the app's stop
 * sequence. Only such answers compete. givesWay: cut off or empty, so a whole answer is better; a
 * refusal is neither.
 */
export type ReadAnswer = Answer & {
  readonly usage: AnswerUsage
  readonly stop: string | null
  readonly isWhole: boolean
  readonly givesWay: boolean
}

const Block = z.looseObject({ type: z.string(), text: z.string().catch('').default('') })
type Block = { readonly type: string; text: string }

const Model = z.string().nullish().catch(null)

const Message = z.object({
  id: z.string(),
  model: Model,
  content: z.array(Block),
  stop_reason: z.string().nullable().catch(null),
  usage: UsageFields.optional().catch(undefined),
})

/** null if the bytes are not a message. */
export const readMessage = (bytes: Uint8Array): ReadAnswer | null => {
  try {
    const message = Message.parse(JSON.parse(new TextDecoder().decode(bytes)))
    const { id, model = null, content, stop_reason: stop, usage = {} } = message
    return answerOf({ id, model, content, text: textIn(content).join('\n'), stop, usage })
  } catch {
    return null
  }
}

const textIn = (content: readonly Block[]): string[] =>
  content.flatMap((block) => (block.type === 'text' ? [block.text] : []))

type Parts = {
  readonly id: string
  readonly model: string | null
  readonly content: readonly Block[]
  readonly text: string
  readonly stop: string | null
  readonly usage: UsageFields
}

/** Stop reasons after which another answer may be better. Unknown ones do not count as cut. */
const CUT = [null, 'max_tokens', 'model_context_window_exceeded']
const ENDED = ['end_turn', 'stop_sequence']

const answerOf = ({ id, model, content, text, stop, usage }: Parts): ReadAnswer => {
  const handedOver = content.findLastIndex(({ type }) => type === 'fallback')
  const isFallback =
    handedOver >= 0 || (usage.iterations ?? []).some(({ type }) => type === 'fallback_message')
  const isEmpty = text.trim() === ''
  const isEnded = stop !== null && ENDED.includes(stop)
  const hasOutput = content
    .slice(handedOver + 1)
    .some((block) => block.type !== 'text' || block.text !== '')
  return {
    text,
    messageId: id,
    stop,
    isWhole: isEnded && !isEmpty && !isFallback,
    givesWay: !isFallback && (CUT.includes(stop) || (isEnded && isEmpty)),
    usage: readUsage(usage, { model, isRefused: stop === 'refusal', hasOutput }),
  }
}

const StreamEvent = z.object({
  type: z.string(),
  message: z
    .object({ id: z.string(), model: Model, usage: UsageFields.optional().catch(undefined) })
    .optional()
    .catch(undefined),
  content_block: Block.optional().catch(undefined),
  delta: z
    .object({ type: z.string(), text: z.string(), stop_reason: z.string().nullable() })
    .partial()
    .optional()
    .catch(undefined),
  usage: UsageFields.optional().catch(undefined),
})

export type StreamReader = {
  push(chunk: Uint8Array): void
  /** null if the stream broke off or was not a message. */
  end(): ReadAnswer | null
}

export const readStream = (): StreamReader => {
  let id: string | undefined
  let model: string | null = null
  const blocks: Block[] = []
  let stop: string | null = null
  let usage: UsageFields = {}
  let isEnded = false
  const reader = readEvents((json) => {
    const event = StreamEvent.safeParse(json).data
    if (!event) return
    if (event.type === 'message_start') {
      id = event.message?.id
      model = event.message?.model ?? null
    }
    if (event.type === 'message_stop') isEnded = true
    if (event.type === 'content_block_start' && event.content_block)
      blocks.push({ ...event.content_block })
    if (event.type === 'content_block_delta' && event.delta?.type === 'text_delta')
      addText(blocks, event.delta.text ?? '')
    if (event.type === 'message_delta') stop = event.delta?.stop_reason ?? stop
    usage = laterUsage(usage, event.usage ?? event.message?.usage ?? {})
  })
  return {
    push: reader.push,
    end() {
      reader.end()
      if (id === undefined || !isEnded) return null
      const text = textIn(blocks).join('')
      return answerOf({ id, model, content: blocks, text, stop, usage })
    },
  }
}

/** Tolerates text that comes before any block was started. */
const addText = (blocks: Block[], text: string): void => {
  const last = blocks.at(-1)
  if (last?.type === 'text') last.text += text
  else blocks.push({ type: 'text', text })
}
