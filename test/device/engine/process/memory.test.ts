import { expect, test } from 'vitest'
import { memoryOf, watchMemory } from '../../../../device/engine/process/memory.ts'

test('this process holds megabytes, not gigabytes of gigabytes', async () => {
  const bytes = await memoryOf(process.pid)
  expect(bytes).toBeGreaterThan(10 * 2 ** 20)
  expect(bytes).toBeLessThan(64 * 2 ** 30)
})

test('a process that is gone holds nothing', async () => {
  expect(await memoryOf(2 ** 22 + 1)).toBe(0)
})

test('a watch keeps its largest sample', async () => {
  const watch = watchMemory(process.pid)
  await watch.sample()
  const first = watch.peak()
  expect(first).toBeGreaterThan(0)
  await watch.sample()
  expect(watch.peak()).toBeGreaterThanOrEqual(first)
})
