import { describe, expect, test } from 'vitest'
import { seededRng } from '../../../adapters/random.ts'
import { advance } from '../../../server/rounds/machine.ts'
import { openSlots, spread, waitForRound } from '../../../server/rounds/pace.ts'
import { DEADLINE_MS, idle, join, NOW } from '../../support/job-events.ts'

describe('slots', () => {
  test('10,000 waiting devices never come at more than the target rate', () => {
    const perSecond = 50
    const rng = seededRng('pace')
    const slots = openSlots(perSecond, rng)
    // They stand at the door together; then each comes back when it was told.
    let waiting = Array.from({ length: 10_000 }, () => NOW)
    const came = new Map<number, number>()
    for (let visit = 0; visit < 4; visit++) {
      waiting = waiting
        .sort((a, b) => a - b)
        .map((now) => now + slots.take(now, spread(60_000, rng)))
      for (const at of waiting) {
        const second = Math.floor(at / 1000)
        came.set(second, (came.get(second) ?? 0) + 1)
      }
    }
    expect(Math.max(...came.values())).toBeLessThanOrEqual(perSecond)
    // 10,000 at 50 a second fill 200 seconds: spread evenly, none waits much longer than it must.
    const last = [...came.keys()].sort((a, b) => a - b)
    expect(last.at(-1)! - last[0]!).toBeLessThan(4 * (200 + 90))
  })

  test('few devices come when they want', () => {
    const slots = openSlots(2, seededRng('pace'))
    expect([slots.take(NOW, 1500), slots.take(NOW, 1500)]).toEqual([1500, 1500])
    expect(slots.take(NOW, 1500)).toBeGreaterThanOrEqual(2000)
    expect(openSlots(undefined, seededRng('pace')).take(NOW, 7)).toBe(7)
  })

  test('a clock that is set back takes slots again', () => {
    const slots = openSlots(1, seededRng('pace'))
    slots.take(NOW, 0)
    expect(slots.take(NOW - 86_400_000, 0)).toBe(0)
  })
})

describe('the wait for a round', () => {
  const pace = { soonMs: 1000, laterMs: 60_000 }
  const round = advance(idle(), join, NOW).round

  test.each([
    ['has just begun', 0, 1000],
    ['has run for ten seconds', 10_000, 10_000],
    ['is near its deadline', DEADLINE_MS - 5000, 5000],
    ['is over', DEADLINE_MS, 1000],
  ])('of a round that %s', (_, ran, wait) => {
    expect(waitForRound(round, pace, NOW + ran)).toBe(wait)
  })

  test('between two rounds is short', () => {
    expect(waitForRound(null, pace, NOW)).toBe(1000)
  })
})
