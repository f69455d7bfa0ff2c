/** Reads Claude's event stream in passing: the bytes go on untouched, what they held is told at their end. */
import { type ReadAnswer, readStream } from './answer.ts'

/** onAnswer is called once, at the end, if the stream held a whole message: none that broke off. It must not throw. */
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
