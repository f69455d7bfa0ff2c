/** Reads Claude's event stream as it passes, without touching its bytes. */
import { type ReadAnswer, readStream } from './answer.ts'

/** onAnswer: called once at the end if the stream held a complete message. It must not throw. */
export const observeStream = (
  stream: ReadableStream<Uint8Array>,
  onAnswer: (answer: ReadAnswer) => void,
): ReadableStream<Uint8Array> => {
  const reader = readStream()
  const observer = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      controller.enqueue(chunk)
      reader.push(chunk)
    },
    flush() {
      const answer = reader.end()
      if (answer) onAnswer(answer)
    },
  })
  return stream.pipeThrough(observer)
}
