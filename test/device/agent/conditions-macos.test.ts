import { expect, test } from 'vitest'
import {
  batteryOf,
  hidIdleOf,
  readMacos,
  throttledOf,
} from '../../../device/agent/conditions-macos.ts'
import { fakeMachine } from './machine.ts'

const BATT = (source: string, rest = '') => `Now drawing from '${source}'\n${rest}`
const INTERNAL = ' -InternalBattery-0 (id=4522083)\t87%; charging; 0:41 remaining present: true\n'

test.each([
  [BATT('AC Power', INTERNAL), { charging: true, battery: 87 }],
  [BATT('Battery Power', INTERNAL), { charging: false, battery: 87 }],
  [BATT('AC Power'), { charging: true, battery: null }],
  [BATT('UPS Power'), { charging: null, battery: null }],
  ['nonsense', null],
])('pmset -g batt says %j', (text, expected) => expect(batteryOf(text)).toEqual(expected))

test.each([
  ['CPU_Scheduler_Limit \t= 100\nCPU_Available_CPUs \t= 8\nCPU_Speed_Limit \t= 62\n', true],
  ['CPU_Speed_Limit \t= 100\n', false],
  ['Note: No thermal warning level has been recorded\n', false],
  ['', null],
])('pmset -g therm says %j: throttled %s', (text, expected) =>
  expect(throttledOf(text)).toBe(expected),
)

test('ioreg tells the time since the last input in nanoseconds', () => {
  expect(hidIdleOf('    |   "HIDIdleTime" = 95250000000\n')).toBe(95.25)
  expect(hidIdleOf('')).toBeNull()
})

test('asks the programs, and says of a network only that it does not know', async () => {
  const readers = readMacos(
    fakeMachine(
      {},
      {
        'pmset batt': BATT('AC Power'),
        'pmset therm': 'CPU_Speed_Limit = 80',
        ioreg: '"HIDIdleTime" = 1000000000',
      },
    ),
  )
  expect(await readers.power()).toEqual({ charging: true, battery: null })
  expect(await readers.heat()).toEqual({ celsius: null, throttled: true })
  expect([await readers.idle(), await readers.metered(), await readers.load()]).toEqual([
    1,
    null,
    null,
  ])
})
