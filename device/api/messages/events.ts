/** Reads server-sent events whose data is JSON, and ignores the others. */
import { createParser } from 'eventsource-parser'

export type EventReader = {
  push(chunk: Uint8Array): void
  /** Reads a last event without its closing empty line. */
  end(): void
}

export const readEvents = (onData: (json: unknown) => void): EventReader => {
  const decoder = new TextDecoder()
  const parser = createParser({
    onEvent({ data }) {
      let json: unknown
      try {
        json = JSON.parse(data)
      } catch {
        return
      }
      onData(json)
    },
  })
  return {
    push: (chunk) => parser.feed(decoder.decode(chunk, { stream: true })),
    end: () => parser.feed(`${decoder.decode()}\n\n`),
  }
}

/**
 * Passes the bytes on. onChunk sees every chunk; onEnd runs once, whether the stream ended, failed
 * or was cancelled. Neither may throw.
 */
export const inPassing = (
  stream: ReadableStream<Uint8Array>,
  onChunk: (chunk: Uint8Array) => void,
  onEnd: () => void,
): ReadableStream<Uint8Array> => {
  const reader = stream.getReader()
  return new ReadableStream({
    async pull(controller) {
      try {
        const { done, value } = await reader.read()
        if (!done) {
          onChunk(value)
          controller.enqueue(value)
          return
        }
        onEnd()
        controller.close()
      } catch (error) {
        onEnd()
        controller.error(error)
      }
    },
    cancel(reason) {
      onEnd()
      return reader.cancel(reason)
    },
  })
}
