import { expect, test } from 'vitest'
import {
  addSample,
  beginEnergy,
  openMeter,
  type Sample,
  totalOf,
} from '../../../device/agent/energy.ts'
import { fakeMachine } from './machine.ts'

const sample = (at: number, given: Partial<Sample> = {}): Sample => ({
  at,
  own: 0,
  busy: null,
  packages: null,
  batteryWatts: null,
  ...given,
})
const pack = (microjoules: number) => [{ microjoules, range: 100_000_000 }]

test('without counters it is processor time at the assumed power', () => {
  const energy = addSample(beginEnergy(sample(0, { own: 3 })), sample(10_000, { own: 18 }), 6)
  expect(totalOf(energy)).toEqual({ joules: 90, seconds: 10, method: 'cpu-time' })
})

test("RAPL counts for the work's share of the processor time, through a wrap of the counter", () => {
  const first = beginEnergy(sample(0, { packages: pack(95_000_000), own: 0, busy: 0 }))
  const energy = addSample(first, sample(1000, { packages: pack(5_000_000), own: 1, busy: 4 }), 6)
  expect(totalOf(energy)).toEqual({ joules: 2.5, seconds: 1, method: 'rapl' })
})

test('a counter that says more than a machine can take is not believed', () => {
  const first = beginEnergy(sample(0, { packages: pack(95_000_000) }))
  const energy = addSample(first, sample(1, { packages: pack(5_000_000), own: 1 }), 6)
  expect(totalOf(energy)).toMatchObject({ joules: 6, method: 'cpu-time' })
})

test('work that did nothing costs nothing, however busy the machine', () => {
  const first = beginEnergy(sample(0, { packages: pack(0), busy: 0 }))
  expect(totalOf(addSample(first, sample(1000, { packages: pack(9e6), busy: 4 }), 6)).joules).toBe(
    0,
  )
})

test("a battery that is emptied tells power, for the work's share; not over a long gap", () => {
  const first = beginEnergy(sample(0, { busy: 0 }))
  const second = addSample(first, sample(10_000, { own: 5, busy: 10, batteryWatts: 12 }), 6)
  expect(totalOf(second)).toEqual({ joules: 60, seconds: 10, method: 'battery' })
  const later = addSample(second, sample(3_610_000, { own: 6, busy: 11, batteryWatts: 12 }), 6)
  expect(later.joules['cpu-time']).toBe(6)
})

test('time and counters that go backwards take nothing away', () => {
  const energy = addSample(beginEnergy(sample(5000, { own: 9 })), sample(4000, { own: 2 }), 6)
  expect(totalOf(energy)).toEqual({ joules: 0, seconds: 0, method: 'cpu-time' })
})

test('the meter reads packages alone, and the battery by current and voltage', async () => {
  const files: Record<string, string> = {
    '/sys/class/powercap/intel-rapl:0/name': 'package-0\n',
    '/sys/class/powercap/intel-rapl:0/energy_uj': '1000000\n',
    '/sys/class/powercap/intel-rapl:0/max_energy_range_uj': '262143328850\n',
    '/sys/class/powercap/intel-rapl:0:0/name': 'core\n',
    '/sys/class/powercap/intel-rapl:0:0/energy_uj': '900000\n',
    '/sys/class/power_supply/BAT0/type': 'Battery\n',
    '/sys/class/power_supply/BAT0/status': 'Discharging\n',
    '/sys/class/power_supply/BAT0/current_now': '1500000\n',
    '/sys/class/power_supply/BAT0/voltage_now': '12000000\n',
  }
  const io = fakeMachine(files, {}, () => 7000)
  const { last } = await openMeter(io, async () => 2, 6).begin()
  expect(last).toEqual({
    at: 7000,
    own: 2,
    busy: null,
    packages: [{ microjoules: 1_000_000, range: 262_143_328_850 }],
    batteryWatts: 18,
  })
  // Readable by root alone on most systems.
  delete files['/sys/class/powercap/intel-rapl:0/energy_uj']
  expect((await openMeter(io, async () => 2, 6).begin()).last.packages).toBeNull()
})
