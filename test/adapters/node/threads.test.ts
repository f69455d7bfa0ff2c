import { afterEach, expect, test } from 'vitest'
import { askThread, discard, startThread } from '../../../adapters/node/threads.ts'

const threads: ReturnType<typeof startThread>[] = []
const start = () => {
  const thread = startThread(new URL('../../support/echo-thread.ts', import.meta.url))
  threads.push(thread)
  return thread
}
afterEach(async () => {
  for (const thread of threads.splice(0)) await thread.terminate()
})

test('a discarded buffer is empty, and its memory free', () => {
  const before = process.memoryUsage().arrayBuffers
  const buffers = Array.from({ length: 10 }, () => new ArrayBuffer(1e6))
  expect(process.memoryUsage().arrayBuffers - before).toBeGreaterThan(9e6)
  buffers.forEach(discard)
  expect(buffers.map(({ byteLength }) => byteLength)).toEqual(Array(10).fill(0))
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1e6)
})

test('a thread of a source answers one question after the other, and leaves no listeners', async () => {
  const thread = start()
  const listeners = () => ['message', 'error', 'exit'].map((event) => thread.listenerCount(event))
  const before = listeners()
  expect(await askThread(thread, 1)).toEqual({ question: 1 })
  expect(await askThread(thread, { two: Uint8Array.of(2) })).toEqual({
    question: { two: Uint8Array.of(2) },
  })
  expect(listeners()).toEqual(before)
})

test('a thread that throws or ends rejects the question', async () => {
  await expect(askThread(start(), 'throw')).rejects.toThrow('as asked')
  await expect(askThread(start(), 'exit')).rejects.toThrow('ended early')
})
