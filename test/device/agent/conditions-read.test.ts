import { expect, test } from 'vitest'
import { openReaders, type Quiet, quietSince } from '../../../device/agent/conditions-read.ts'
import { NO_READINGS } from '../../../device/agent/conditions-status.ts'
import { fakeMachine } from './machine.ts'

/** Ends at once whatever has not answered. */
const impatient = async () => {
  await new Promise((resolve) => setImmediate(resolve))
}
const supplies = {
  '/sys/class/power_supply/AC/type': 'Mains',
  '/sys/class/power_supply/AC/online': '1',
}

test('a reader that hangs, or throws, is null, and the others are read', async () => {
  const io = fakeMachine(supplies, {
    'busctl IdleSinceHintMonotonic': () => new Promise(() => {}),
    'busctl Metered': () => Promise.reject(new Error('no bus')),
  })
  const read = openReaders({ platform: 'linux', io, ownSeconds: async () => 0, sleep: impatient })
  expect(await read()).toEqual({ ...NO_READINGS, charging: true })
})

test('without logind a machine is idle since others have left its processor free', async () => {
  let [now, busy] = [0, 0]
  const io = fakeMachine(supplies, {}, () => now)
  const read = openReaders({
    platform: 'linux',
    io: {
      ...io,
      readText: async (path) =>
        path === '/proc/stat' ? `cpu ${busy} 0 0 ${now / 5 - busy} 0 0 0 0 0 0` : io.readText(path),
    },
    ownSeconds: async () => 0,
    sleep: impatient,
  })
  expect((await read()).idleSeconds).toBe(0)
  now = 60_000
  expect((await read()).idleSeconds).toBe(60)
  now = 120_000
  busy = 6000
  expect((await read()).idleSeconds).toBe(0)
})

test("the agent's own work does not count as somebody at the machine", () => {
  const first = quietSince(null, { busy: 0, total: 0, own: 0, at: 0 })
  const own = quietSince(first, { busy: 100, total: 120, own: 95, at: 60_000 })
  expect(own.since).toBe(0)
  const others: Quiet = quietSince(own, { busy: 200, total: 240, own: 95, at: 120_000 })
  expect(others.since).toBe(120_000)
})

test('elsewhere nothing is known', async () => {
  const read = openReaders({
    platform: 'win32',
    io: fakeMachine({}),
    ownSeconds: async () => 0,
    sleep: impatient,
  })
  expect(await read()).toEqual(NO_READINGS)
})
