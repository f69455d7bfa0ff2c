/**
 * A message as server-sent events in the service's order, and bodies that may be slow or break off.
 */

import type { AnswerBlock, ToolUseBlock } from './blocks.ts'
import type { Message } from './message.ts'
import { BETAS } from './request-rules.ts'

/** A piece of a body, a wait before the next, or the loss of the connection. */
export type Frame = string | { readonly waitMs: number } | 'connection lost'

export const event = (type: string, data: object = {}): string =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`

/** Text comes in pieces of a few words. betas: of the request. */
export const eventsOf = (message: Message, betas: ReadonlySet<string> = new Set()): string[] => {
  const { usage } = message
  const { iterations: _, ...begun } = usage
  return [
    event('message_start', {
      message: {
        ...message,
        content: [],
        stop_reason: null,
        stop_sequence: null,
        stop_details: null,
        usage: { ...begun, output_tokens: 1, output_tokens_details: { thinking_tokens: 0 } },
      },
    }),
    event('ping'),
    ...message.content.flatMap((block, index) => [
      event('content_block_start', { index, content_block: emptied(message, block) }),
      ...deltasOf(message, block, betas).map((delta) =>
        event('content_block_delta', { index, delta }),
      ),
      event('content_block_stop', { index }),
    ]),
    event('message_delta', {
      delta: {
        stop_reason: message.stop_reason,
        stop_sequence: message.stop_sequence,
        stop_details: message.stop_details ?? null,
        container: message.container ?? null,
      },
      usage,
      ...(message.context_management && { context_management: message.context_management }),
      ...(hasFallback(message) &&
        message.input_transformations && { input_transformations: message.input_transformations }),
    }),
    event('message_stop'),
  ]
}

const hasFallback = ({ content }: Message): boolean => content.some((b) => b.type === 'fallback')

export type BodyOptions = {
  readonly sever?: (() => void) | undefined
  /** All of it was read. */
  readonly onEnd?: () => void
}

/**
 * One frame a read. sever: breaks the connection, where there is a real one; else its loss is an
 * error of the stream.
 */
export const bodyOf = (
  frames: readonly Frame[],
  sleep: (ms: number) => Promise<unknown>,
  { sever, onEnd }: BodyOptions = {},
): ReadableStream<Uint8Array> => {
  const encoder = new TextEncoder()
  const rest = [...frames]
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      let frame = rest.shift()
      for (; typeof frame === 'object'; frame = rest.shift()) await sleep(frame.waitMs)
      if (rest.length === 0) onEnd?.()
      if (frame === undefined) return controller.close()
      if (frame !== 'connection lost') return controller.enqueue(encoder.encode(frame))
      // By now what was said before is on the wire.
      await new Promise((done) => setImmediate(done))
      if (sever) sever()
      else controller.error(new Error(frame))
    },
  })
}

/**
 * A summary on demand, the seam of a fallback, and blocks of other kinds come whole, at their
 * start.
 */
const emptied = (message: Message, block: AnswerBlock): object => {
  if (block.type === 'text') return { type: 'text', text: '' }
  if (block.type === 'thinking') return { type: 'thinking', thinking: '', signature: '' }
  if (block.type === 'compaction' && message.stop_reason !== 'compaction')
    return { ...block, content: null }
  return isCall(block) ? { ...block, input: {} } : block
}

const isCall = (block: AnswerBlock): block is ToolUseBlock =>
  block.type === 'tool_use' || block.type === 'server_tool_use'

const deltasOf = (
  message: Message,
  block: AnswerBlock,
  betas: ReadonlySet<string>,
): readonly object[] => {
  if (block.type === 'text')
    return fewWords(block.text).map((text) => ({ type: 'text_delta', text }))
  if (block.type === 'thinking') {
    const estimate = { type: 'thinking_delta', thinking: '', estimated_tokens: 50 }
    const isCounted = block.thinking === '' && betas.has(BETAS.thinkingTokens)
    return [
      ...(isCounted ? [estimate] : []),
      ...fewWords(block.thinking).map((thinking) => ({ type: 'thinking_delta', thinking })),
      { type: 'signature_delta', signature: block.signature },
    ]
  }
  if (block.type === 'compaction' && message.stop_reason !== 'compaction')
    return [{ type: 'compaction_delta', content: block.content }]
  if (!isCall(block)) return []
  const json = JSON.stringify(block.input)
  const middle = Math.ceil(json.length / 2)
  return [json.slice(0, middle), json.slice(middle)].map((part) => ({
    type: 'input_json_delta',
    partial_json: part,
  }))
}

const fewWords = (text: string): string[] => text.match(/(\s*\S+){1,4}\s*/g) ?? []
