import { expect, test } from 'vitest'
import { untilHours } from '../../../server/rounds/hours.ts'

const at = (time: string) => Date.parse(`2026-03-04T${time}Z`)
const HOUR = 3_600_000
const night = { hours: [{ from: '23:00', to: '06:00' }] }

test.each([
  ['15:00', 8 * HOUR],
  ['22:59:30', 30_000],
  ['23:00', 0],
  ['02:00', 0],
  ['05:59:59', 0],
  ['06:00', 17 * HOUR],
])('at %s a job of the night waits %d ms', (time, wait) => {
  expect(untilHours(night, at(time))).toBe(wait)
})

test('the nearest of several windows counts, on the clock of the offset', () => {
  const hours = [...night.hours, { from: '12:30', to: '13:00' }]
  expect(untilHours({ hours, utcOffsetMinutes: 120 }, at('10:00'))).toBe(HOUR / 2)
  expect(untilHours({ hours, utcOffsetMinutes: -300 }, at('04:00'))).toBe(0)
})

test('without hours a job works at any time', () => {
  expect(untilHours(undefined, 0)).toBe(0)
  expect(untilHours({ startAt: 5 }, 0)).toBe(0)
})
