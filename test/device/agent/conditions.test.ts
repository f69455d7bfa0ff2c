import { expect, test } from 'vitest'
import {
  holdReasons,
  isBlockedByMetering,
  parseOverrides,
} from '../../../device/agent/conditions.ts'
import { AgentSettings } from '../../../device/home/settings.ts'
import type { HoldReason, Readings } from '../../../device/records/agent-reports.ts'
import { expectCode } from '../../support/expect-code.ts'

const free: Readings = {
  charging: true,
  idleSeconds: 3600,
  celsius: 50,
  throttled: null,
  metered: false,
  battery: 80,
}
const reasons = (
  readings: Partial<Readings> = {},
  settings: Partial<AgentSettings> = {},
  rest: { minutes?: number; isPaused?: boolean; wasHot?: boolean; ignore?: string } = {},
) =>
  holdReasons(
    { readings: { ...free, ...readings }, minutes: 600, isPaused: false, wasHot: false, ...rest },
    AgentSettings.parse(settings),
    parseOverrides(rest.ignore),
  )

test('a free machine on mains may work', () => expect(reasons()).toEqual([]))

test.each<[string, HoldReason[], Parameters<typeof reasons>]>([
  ['on battery', ['on_battery'], [{ charging: false }]],
  ['on battery, where that is allowed', [], [{ charging: false }, { charging: false }]],
  ['on battery, ignored for this run', [], [{ charging: false }, {}, { ignore: 'charging' }]],
  ['with the user there', ['not_idle'], [{ idleSeconds: 599 }]],
  ['ten minutes after the user has gone', [], [{ idleSeconds: 600 }]],
  ['with the user there, where that is allowed', [], [{ idleSeconds: 0 }, { idleMinutes: 0 }]],
  ['with an unknown charger', ['cannot_tell'], [{ charging: null }]],
  ['with an unknown user', ['cannot_tell'], [{ idleSeconds: null }]],
  ['with an unknown temperature', [], [{ celsius: null }]],
  ['too hot', ['too_hot'], [{ celsius: 86 }]],
  ['cooling down after it was too hot', ['too_hot'], [{ celsius: 83 }, {}, { wasHot: true }]],
  ['cool again', [], [{ celsius: 80 }, {}, { wasHot: true }]],
  ['slowed by heat', ['too_hot'], [{ celsius: null, throttled: true }]],
  ['without a ceiling', [], [{ celsius: 120 }, { maxCelsius: null }]],
  ['paused', ['paused'], [{}, {}, { isPaused: true }]],
  ['switched off', ['auto_off'], [{}, { auto: false }]],
  ['before its hours', ['outside_hours'], [{}, { hours: '22:00-07:00' }, { minutes: 1319 }]],
  ['at the beginning of its hours', [], [{}, { hours: '22:00-07:00' }, { minutes: 1320 }]],
  ['after midnight in its hours', [], [{}, { hours: '22:00-07:00' }, { minutes: 419 }]],
  ['at the end of its hours', ['outside_hours'], [{}, { hours: '22:00-07:00' }, { minutes: 420 }]],
  ['in hours of one day', [], [{}, { hours: '09:00-17:00' }, { minutes: 540 }]],
  ['in hours without a length, which are all', [], [{}, { hours: '09:00-09:00' }]],
])('%s: %j', (_name, expected, args) => expect(reasons(...args)).toEqual(expected))

test('rounds wait on a metered network alone; an unknown one counts as not metered', () => {
  const settings = AgentSettings.parse({})
  const held = (metered: boolean | null) => isBlockedByMetering({ ...free, metered }, settings)
  expect([held(true), held(false), held(null)]).toEqual([true, false, false])
  expect(
    isBlockedByMetering({ ...free, metered: true }, AgentSettings.parse({ metered: true })),
  ).toBe(false)
  expect(isBlockedByMetering({ ...free, metered: true }, settings, parseOverrides('metered'))).toBe(
    false,
  )
})

test('assumed values replace readings', () => {
  expect(parseOverrides('', 'charging=no, idle=yes,metered=yes,celsius=60').assume).toEqual({
    charging: false,
    idleSeconds: 86_400,
    metered: true,
    celsius: 60,
    throttled: false,
  })
})

test.each([
  ['noise', ''],
  ['', 'charging=perhaps'],
  ['', 'charging'],
  ['', 'celsius='],
  ['', 'weather=fine'],
])('--ignore %j --assume %j is refused with E_USAGE', (ignore, assume) => {
  expectCode('E_USAGE', () => parseOverrides(ignore, assume))
})
