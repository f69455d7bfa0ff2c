/**
 * Server-sent events in passing: the data of each line that is JSON. Comments, unknown fields and
 * what breaks off are passed over.
 */
export type EventReader = {
  push(chunk: Uint8Array): void
  /** Reads what stands after the last line's end. */
  end(): void
}

export const readEvents = (onData: (json: unknown) => void): EventReader => {
  const decoder = new TextDecoder()
  let rest = ''
  const read = (line: string): void => {
    if (!line.startsWith('data:')) return
    let json: unknown
    try {
      json = JSON.parse(line.slice(5))
    } catch {
      // Half of a line, or no JSON.
      return
    }
    onData(json)
  }
  return {
    push(chunk) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) read(line)
    },
    end() {
      read(rest)
      rest = ''
    },
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
