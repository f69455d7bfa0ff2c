/** Claude's answers as the device reads them, whole or streamed: text, how it ended, and what it used. Anything else is tolerated. */
import { z } from 'zod'
import type { Answer } from '../../agent/types.ts'
import type { Usage } from '../../personalize/prices.ts'

/** isWhole: Claude ended it itself, all of it came, and it has text: only such answers compete. */
export type ReadAnswer = Answer & {
  readonly usage: Usage
  readonly stop: string | null
  readonly isWhole: boolean
}

const Tokens = z.number().nullish().catch(null)
const UsageFields = z
  .object({
    input_tokens: Tokens,
    output_tokens: Tokens,
    cache_creation_input_tokens: Tokens,
    cache_read_input_tokens: Tokens,
  })
  .partial()
type UsageFields = z.infer<typeof UsageFields>

const Message = z.object({
  id: z.string(),
  content: z.array(z.looseObject({ type: z.string(), text: z.string().optional() })),
  stop_reason: z.string().nullable().catch(null),
  usage: UsageFields.optional(),
})

/** null when the bytes are no message. */
export const readMessage = (bytes: Uint8Array): ReadAnswer | null => {
  try {
    const message = Message.parse(JSON.parse(new TextDecoder().decode(bytes)))
    const { id, content, stop_reason: stop, usage } = message
    const text = content.flatMap((b) => (b.type === 'text' ? [b.text ?? ''] : [])).join('\n')
    return answerOf(id, text, stop, usage ?? {})
  } catch {
    return null
  }
}

const answerOf = (
  messageId: string,
  text: string,
  stop: string | null,
  usage: UsageFields,
): ReadAnswer => ({
  text,
  messageId,
  stop,
  isWhole: stop === 'end_turn' && text.trim() !== '',
  usage: {
    input: usage.input_tokens ?? 0,
    output: usage.output_tokens ?? 0,
    cacheWrite: usage.cache_creation_input_tokens ?? 0,
    cacheRead: usage.cache_read_input_tokens ?? 0,
  },
})

const StreamEvent = z.object({
  type: z.string(),
  message: z.object({ id: z.string(), usage: UsageFields.optional() }).optional().catch(undefined),
  delta: z
    .object({ type: z.string(), text: z.string(), stop_reason: z.string().nullable() })
    .partial()
    .optional()
    .catch(undefined),
  usage: UsageFields.optional().catch(undefined),
})

export type StreamReader = {
  push(chunk: Uint8Array): void
  /** What the stream held; null where it broke off or was no message. */
  end(): ReadAnswer | null
}

/** Reads an event stream in passing. */
export const readStream = (): StreamReader => {
  const decoder = new TextDecoder()
  let rest = ''
  let id: string | undefined
  let text = ''
  let stop: string | null = null
  let usage: UsageFields = {}
  let isEnded = false
  const read = (line: string): void => {
    if (!line.startsWith('data:')) return
    let json: unknown
    try {
      json = JSON.parse(line.slice(5))
    } catch {
      return
    }
    const event = StreamEvent.safeParse(json).data
    if (!event) return
    if (event.type === 'message_start') id = event.message?.id
    if (event.type === 'message_stop') isEnded = true
    if (event.type === 'content_block_delta' && event.delta?.type === 'text_delta')
      text += event.delta.text ?? ''
    if (event.type === 'message_delta') stop = event.delta?.stop_reason ?? stop
    const told = event.usage ?? event.message?.usage ?? {}
    usage = {
      ...usage,
      ...Object.fromEntries(Object.entries(told).filter(([, v]) => typeof v === 'number')),
    }
  }
  return {
    push(chunk) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) read(line)
    },
    end() {
      read(rest)
      return id !== undefined && isEnded ? answerOf(id, text, stop, usage) : null
    },
  }
}
