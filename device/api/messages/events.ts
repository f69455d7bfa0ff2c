/** Server-sent events in passing: the data of each that is JSON. What breaks off within it is passed over. */
import { createParser } from 'eventsource-parser'

export type EventReader = {
  push(chunk: Uint8Array): void
  /** Reads an event that no empty line ended. */
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
 * The same bytes; onChunk sees each, and onEnd is called once when no more come, whoever ended it.
 * Neither may throw.
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
