import { expect, test } from 'vitest'
import { openRateLimit } from '../../../server/transfer/rate-limit.ts'

test('a burst passes, then so many a second, and a name never waits for another', () => {
  let now = 1000
  const limit = openRateLimit({ burst: 3, perSecond: 2 }, () => now)
  expect([1, 2, 3, 4].map(() => limit.take('a'))).toEqual([0, 0, 0, 500])
  expect(limit.take('b')).toBe(0)
  now += 200
  expect(limit.take('a')).toBe(300)
  now += 300
  expect(limit.take('a')).toBe(0)
  expect(limit.take('a')).toBe(500)
  now += 3_600_000
  expect([1, 2, 3, 4].map(() => limit.take('a'))).toEqual([0, 0, 0, 500])
})
