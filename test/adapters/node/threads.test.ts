import { afterEach, expect, test } from 'vitest'
import { askThread, startThread } from '../../../adapters/node/threads.ts'

const threads: ReturnType<typeof startThread>[] = []
const start = () => {
  const thread = startThread(new URL('../../support/echo-thread.ts', import.meta.url))
  threads.push(thread)
  return thread
}
afterEach(async () => {
  for (const thread of threads.splice(0)) await thread.terminate()
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
