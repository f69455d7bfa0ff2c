/** A message as server-sent events in the service's order, and bodies that may be slow or break off. */
import type { AnswerBlock, Message } from './claude-message.ts'

/** A piece of a body, a wait before the next, or the loss of the connection. */
export type Frame = string | { readonly waitMs: number } | 'connection lost'

export const event = (type: string, data: object = {}): string =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`

/** Text comes in pieces of a few words. */
export const eventsOf = (message: Message): string[] => [
  event('message_start', {
    message: {
      ...message,
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: { ...message.usage, output_tokens: 1 },
    },
  }),
  event('ping'),
  ...message.content.flatMap((block, index) => [
    event('content_block_start', { index, content_block: emptied(block) }),
    ...deltasOf(block).map((delta) => event('content_block_delta', { index, delta })),
    event('content_block_stop', { index }),
  ]),
  event('message_delta', {
    delta: {
      stop_reason: message.stop_reason,
      stop_sequence: message.stop_sequence,
      ...(message.stop_details && { stop_details: message.stop_details }),
    },
    usage: { output_tokens: message.usage.output_tokens },
  }),
  event('message_stop'),
]

/** One frame a read. sever: breaks the connection, where there is a real one; else its loss is an error of the stream. */
export const bodyOf = (
  frames: readonly Frame[],
  sleep: (ms: number) => Promise<unknown>,
  sever?: () => void,
): ReadableStream<Uint8Array> => {
  const encoder = new TextEncoder()
  const rest = [...frames]
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      let frame = rest.shift()
      for (; typeof frame === 'object'; frame = rest.shift()) await sleep(frame.waitMs)
      if (frame === undefined) return controller.close()
      if (frame !== 'connection lost') return controller.enqueue(encoder.encode(frame))
      // By now what was said before is on the wire.
      await new Promise((done) => setImmediate(done))
      if (sever) sever()
      else controller.error(new Error(frame))
    },
  })
}

const emptied = (block: AnswerBlock): object => {
  if (block.type === 'text') return { type: 'text', text: '' }
  if (block.type === 'thinking') return { type: 'thinking', thinking: '', signature: '' }
  return block.type === 'tool_use' ? { ...block, input: {} } : block
}

const deltasOf = (block: AnswerBlock): object[] => {
  if (block.type === 'text')
    return fewWords(block.text).map((text) => ({ type: 'text_delta', text }))
  if (block.type === 'thinking')
    return [
      ...fewWords(block.thinking).map((thinking) => ({ type: 'thinking_delta', thinking })),
      { type: 'signature_delta', signature: block.signature },
    ]
  // A recorded message may hold blocks of other kinds: they come whole, at their start.
  if (block.type !== 'tool_use') return []
  const json = JSON.stringify(block.input)
  const middle = Math.ceil(json.length / 2)
  return [json.slice(0, middle), json.slice(middle)].map((part) => ({
    type: 'input_json_delta',
    partial_json: part,
  }))
}

const fewWords = (text: string): string[] => text.match(/(\s*\S+){1,4}\s*/g) ?? []
