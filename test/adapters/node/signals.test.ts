import { afterEach, beforeEach, expect, test } from 'vitest'
import { interruptible } from '../../../adapters/node/signals.ts'

const count = () => process.listenerCount('SIGINT') + process.listenerCount('SIGTERM')
let before = 0
beforeEach(() => {
  before = count()
})
afterEach(() => expect(count()).toBe(before))

test.each(['SIGINT', 'SIGTERM'] as const)('%s aborts the work, once', async (signal) => {
  let stops = 0
  const done = await interruptible(
    async (aborted) => {
      process.emit(signal)
      process.emit(signal)
      return aborted.aborted
    },
    () => stops++,
  )
  expect(done).toBe(true)
  expect(stops).toBe(1)
})

test('work that is not interrupted ends as it would', async () => {
  expect(await interruptible(async ({ aborted }) => aborted)).toBe(false)
  await expect(interruptible(() => Promise.reject(new Error('its own')))).rejects.toThrow('its own')
})
