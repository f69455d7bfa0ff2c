/** Reads Claude's event stream in passing: the bytes go on untouched, the message's id and text are told at its end. */
import type { Answer } from '../agent/types.ts'

/** onAnswer is called once, at the end, if the stream held a whole message with text: none that broke off. It must not throw. */
export const observeStream = (
  stream: ReadableStream<Uint8Array>,
  onAnswer: (answer: Answer) => void,
): ReadableStream<Uint8Array> => {
  const decoder = new TextDecoder()
  const seen: Seen = { id: undefined, text: '', isWhole: false }
  let rest = ''
  const observer = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      controller.enqueue(chunk)
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) readEvent(line, seen)
    },
    flush() {
      readEvent(rest, seen)
      if (seen.id && seen.isWhole && seen.text.trim() !== '')
        onAnswer({ text: seen.text, messageId: seen.id })
    },
  })
  return stream.pipeThrough(observer)
}

type Seen = { id: string | undefined; text: string; isWhole: boolean }

type StreamEvent = {
  type?: string
  message?: { id?: string }
  delta?: { type?: string; text?: string }
}

const readEvent = (line: string, seen: Seen): void => {
  if (!line.startsWith('data:')) return
  let event: StreamEvent
  try {
    event = JSON.parse(line.slice(5)) as StreamEvent
  } catch {
    return
  }
  if (event.type === 'message_start') seen.id = event.message?.id
  if (event.type === 'message_stop') seen.isWhole = true
  if (event.type === 'content_block_delta' && event.delta?.type === 'text_delta')
    seen.text += event.delta.text ?? ''
}
