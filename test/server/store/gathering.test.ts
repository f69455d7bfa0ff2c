import { expect, test } from 'vitest'
import { gathering } from '../../../server/store/gathering.ts'

const later = () => new Promise((resolve) => setTimeout(resolve))

test('works that come before a batch is closed share it, and each has its own answer', async () => {
  const batches: number[][] = []
  const double = gathering<number, number>(async (close) => {
    await later()
    const items = close()
    batches.push([...items])
    await later()
    return items.map((item) => 2 * item)
  })
  const first = [double(1), double(2)]
  await later()
  const second = double(3)
  expect(await Promise.all([...first, second])).toEqual([2, 4, 6])
  expect(batches).toEqual([[1, 2], [3]])
})

test('a batch that fails, even before it was closed, fails for all of it and for nobody after', async () => {
  let fails = true
  const same = gathering<number, number>(async (close) => {
    await later()
    if (fails) throw new Error('no')
    return close()
  })
  const failed = await Promise.allSettled([same(1), same(2)])
  expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  fails = false
  expect(await same(3)).toBe(3)
})
