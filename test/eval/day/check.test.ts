import { expect, test } from 'vitest'
import { AgentSettings } from '../../../device/home/settings.ts'
import { violations, type WorkSecond } from '../../../eval/day/check.ts'

const settings = AgentSettings.parse({ hours: '22:00-07:00', joulesPerDay: 100 })
const seconds = (count: number, given: Partial<WorkSecond> = {}): WorkSecond[] =>
  Array.from({ length: count }, (_, i) => ({
    truth: 1000 * i,
    minutes: 60,
    day: 'd1',
    work: 'training',
    joules: 1,
    freeMs: 3_600_000,
    circumstances: {
      isPluggedIn: true,
      isUserThere: false,
      celsius: 50,
      isMetered: false,
      hasNetwork: true,
      hangs: false,
    },
    ...given,
  }))

test('allows what the settings allow, to the end of the budget', () => {
  expect(violations(seconds(100), settings)).toEqual([])
})

test('six seconds on end are time to see a change; a seventh is a violation', () => {
  expect(violations(seconds(6, { freeMs: 0 }), settings)).toEqual([])
  expect(violations(seconds(7, { freeMs: 0 }), settings)).toEqual([
    'worked while the user was there: 7 seconds on end',
  ])
})

test('each day has its own budget', () => {
  const two = [...seconds(100), ...seconds(100, { day: 'd2' })]
  expect(violations(two, settings)).toEqual([])
  expect(violations(seconds(120), settings)).toEqual(['spent 120 J on d1, of 100'])
})

test.each([
  [420, true],
  [419, false],
  [1320, false],
  [1319, true],
])('at minute %i of the day it is outside its hours: %s', (minutes, isOutside) => {
  expect(violations(seconds(20, { minutes }), settings).length > 0).toBe(isOutside)
})

const elsewhere = (given: Partial<WorkSecond['circumstances']>) => ({
  circumstances: { ...seconds(1)[0]!.circumstances, ...given },
})
test.each<[string, Partial<WorkSecond>]>([
  ['worked on battery', elsewhere({ isPluggedIn: false })],
  ['worked while it was too hot', elsewhere({ celsius: 86 })],
  [
    'took part in a round over a metered network',
    { ...elsewhere({ isMetered: true }), work: 'round' },
  ],
])('tells that it %s, and nothing else', (what, given) => {
  expect(violations(seconds(20, given), settings)).toEqual([`${what}: 20 seconds on end`])
})

test('a training may use the time of a metered network', () => {
  expect(violations(seconds(20, elsewhere({ isMetered: true })), settings)).toEqual([])
})
