import { expect, test } from 'vitest'
import {
  energyEntries,
  energyStatus,
  expectedJoules,
  joulesPerPoint,
  joulesSince,
  keepCheckIn,
  keepEnergy,
} from '../../../device/agent/energy-status.ts'
import { AgentSettings } from '../../../device/home/settings.ts'
import { EnergyStatus } from '../../../device/records/agent-reports.ts'
import type { EnergyEntry } from '../../../device/store/states.ts'
import { openStore } from '../../../device/store/store.ts'

const entry = (id: string, given: Partial<EnergyEntry> = {}): EnergyEntry => ({
  id,
  at: 1000,
  work: 'training',
  joules: 100,
  seconds: 10,
  method: 'cpu-time',
  roundId: null,
  isFinished: true,
  points: null,
  ...given,
})

test('a new home has spent nothing, by no method', () => {
  const status = energyStatus(openStore(':memory:'), () => 0)
  expect(EnergyStatus.parse(status)).toEqual({
    method: 'none',
    wattsPerCore: null,
    todayJoules: 0,
    budgetJoules: 100_000,
    rounds: [],
    joulesPerPoint: null,
  })
})

test('an entry replaces the one with its id; at most 300 are stored', () => {
  const store = openStore(':memory:')
  keepEnergy(store, entry('a', { joules: 1 }))
  keepEnergy(store, entry('a', { joules: 2 }))
  expect(energyEntries(store).map((e) => e.joules)).toEqual([2])
  for (let i = 0; i < 305; i++) keepEnergy(store, entry(`b${i}`))
  expect(energyEntries(store)).toHaveLength(300)
})

test('check-ins of a day that were given no round are one entry', () => {
  const store = openStore(':memory:')
  for (const id of ['round/1', 'round/2']) {
    keepEnergy(store, entry(id, { work: 'round', isFinished: false }))
    keepCheckIn(store, entry(id, { work: 'round', isFinished: false, joules: 3 }), 0)
  }
  expect(energyEntries(store)).toMatchObject([{ id: 'check-ins/0', joules: 6, seconds: 20 }])
})

test('today is since midnight, with what a clock that was set back has left in the future', () => {
  const entries = [entry('a', { at: 10 }), entry('b', { at: 30 }), entry('c', { at: 99 })]
  expect(joulesSince(entries, 20)).toBe(200)
})

test('a round that was interrupted is one, with the joules of both parts', () => {
  const store = openStore(':memory:')
  const round = { work: 'round' as const, roundId: 'r1' }
  keepEnergy(store, entry('a', { ...round, isFinished: false }))
  keepEnergy(store, entry('b', { ...round, at: 2000, joules: 50 }))
  keepEnergy(store, entry('c', { ...round, roundId: 'r2', at: 3000, method: 'rapl' }))
  expect(
    energyStatus(store, () => 4000, AgentSettings.parse({ joulesPerDay: null })),
  ).toMatchObject({
    method: 'rapl',
    wattsPerCore: null,
    budgetJoules: null,
    rounds: [
      { roundId: 'r2', at: 3000, joules: 100, method: 'rapl' },
      { roundId: 'r1', at: 2000, joules: 150, method: 'cpu-time' },
    ],
  })
})

test('work is expected to take the most of the last three, interrupted parts with them', () => {
  const parts = [500, 10, 20].map((joules, i) => entry(`t${i}`, { joules }))
  const cut = entry('t3', { joules: 25, isFinished: false })
  expect(expectedJoules([...parts, cut, entry('t4', { joules: 5 })], 'training')).toBe(30)
  expect(expectedJoules(parts, 'round')).toBe(0)
})

test('joules a point are those of the newest finished training by the points that it gained', () => {
  const cut = entry('a', { isFinished: false })
  expect(joulesPerPoint([cut, entry('b', { points: 4 })])).toBe(50)
  expect(joulesPerPoint([entry('a', { points: 4 }), entry('b', { points: 0 })])).toBeNull()
  expect(joulesPerPoint([entry('a', { points: 4 }), entry('b', { points: -2 })])).toBeNull()
  expect(joulesPerPoint([entry('a', { points: null })])).toBeNull()
})
