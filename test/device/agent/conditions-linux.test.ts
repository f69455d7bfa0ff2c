import { expect, test } from 'vitest'
import {
  cpuTimes,
  hottest,
  idleOf,
  meteredOf,
  powerOf,
  readLinux,
} from '../../../device/agent/conditions-linux.ts'
import { fakeMachine } from './machine.ts'

const battery = (status: string, capacity = '73') => ({
  type: 'Battery',
  scope: null,
  online: null,
  status,
  capacity,
})
const mains = (online: string) => ({
  type: 'Mains',
  scope: null,
  online,
  status: null,
  capacity: null,
})

test.each([
  ['a desktop without any supply', [], true, null],
  ['a laptop on mains', [mains('1'), battery('Charging')], true, 73],
  ['a laptop on battery', [mains('0'), battery('Discharging')], false, 73],
  ['a full battery without a plug that is told', [battery('Full', '100')], true, 100],
  ['a battery that is emptied, no plug told', [battery('Discharging')], false, 73],
  ['a battery that says nothing', [battery('Unknown')], null, 73],
  ['a pulled plug beside a battery that says nothing', [mains('0'), battery('Unknown')], false, 73],
  ['two batteries', [battery('Discharging', '50'), battery('Not charging', '100')], false, 75],
  ["a mouse's battery", [{ ...battery('Discharging'), scope: 'Device' }], true, null],
  ['a capacity out of range', [mains('1'), battery('Charging', '-1')], true, null],
])('charging and level of %s', (_name, supplies, charging, level) => {
  expect(powerOf(supplies)).toEqual({ charging, battery: level })
})

test('the hottest processor sensor counts, in degrees; others and nonsense do not', () => {
  const sensors = [
    { name: 'coretemp', milli: '61000' },
    { name: 'coretemp', milli: '64500\n' },
    { name: 'nvme', milli: '80000' },
    { name: 'k10temp', milli: '999000' },
    { name: 'x86_pkg_temp', milli: null },
  ]
  expect(hottest(sensors)).toBe(64.5)
  expect(hottest([{ name: 'nvme', milli: '40000' }])).toBeNull()
})

test.each([
  ['b true\nt 5000000\n', 65_000, 60],
  ['b false\nt 5000000\n', 65_000, 0],
  // Nobody is logged in: logind has no time to tell.
  ['b true\nt 0\n', 65_000, null],
  ['', 65_000, null],
  ['b true\nt 70000000\n', 65_000, 0],
])('logind says %j: idle for %s', (text, now, seconds) => {
  expect(idleOf(text, now)).toBe(seconds)
})

test.each([
  ['u 0\n', null],
  ['u 1\n', true],
  ['u 2\n', false],
  ['u 3\n', true],
  ['u 4\n', false],
  ['nonsense', null],
])('NetworkManager says %j: metered %s', (text, metered) => expect(meteredOf(text)).toBe(metered))

test('processor time leaves out idle and waiting for a disk', () => {
  expect(cpuTimes('cpu  100 20 30 700 50 5 5 10 3 1\ncpu0 1 2 3 4\n')).toEqual({
    busy: 1.7,
    total: 9.2,
  })
  expect(cpuTimes('nonsense')).toBeNull()
})

test('reads sysfs under any root: supplies, hwmon before thermal zones', async () => {
  const io = fakeMachine({
    '/s/class/power_supply/AC/type': 'Mains\n',
    '/s/class/power_supply/AC/online': '0\n',
    '/s/class/power_supply/BAT0/type': 'Battery\n',
    '/s/class/power_supply/BAT0/status': 'Discharging\n',
    '/s/class/power_supply/BAT0/capacity': '41\n',
    '/s/class/hwmon/hwmon3/name': 'k10temp\n',
    '/s/class/hwmon/hwmon3/temp1_input': '47250\n',
    '/s/class/thermal/thermal_zone0/type': 'x86_pkg_temp\n',
    '/s/class/thermal/thermal_zone0/temp': '90000\n',
  })
  const readers = readLinux({ ...io, sys: '/s' })
  expect(await readers.power()).toEqual({ charging: false, battery: 41 })
  expect(await readers.heat()).toEqual({ celsius: 47.25, throttled: null })
  expect(await readLinux({ ...io, sys: '/none' }).power()).toBeNull()
})

test('without such a chip the thermal zones tell the temperature', async () => {
  const io = fakeMachine({
    '/sys/class/thermal/thermal_zone0/type': 'cpu-thermal\n',
    '/sys/class/thermal/thermal_zone0/temp': '52000\n',
  })
  expect((await readLinux(io).heat()).celsius).toBe(52)
})
