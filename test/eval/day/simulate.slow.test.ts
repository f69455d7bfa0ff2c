/** The whole day runs with the production loop and a real server; the fake engine trains in seconds. */
import { expect, test } from 'vitest'
import { parseOverrides } from '../../../device/agent/conditions.ts'
import { type Day, simulateDay } from '../../../eval/day/simulate.ts'
import { fakeEngine, tinyModel } from '../../device/device-fixture.ts'

const model = await tinyModel()
const said = (day: Day) => day.timeline.filter(({ who }) => who === 'agent').map(({ what }) => what)

test('a day: works when it may, within its budget, through sleep, a lost network and a clock that is set', async () => {
  const day = await simulateDay({ model, engine: fakeEngine(model).engine })
  expect(day.violations).toEqual([])
  expect(day.trainings).toBeGreaterThanOrEqual(3)
  expect(day.rounds).toBeGreaterThanOrEqual(2)
  expect(day.released).toBeGreaterThanOrEqual(2)
  expect(day.release).toMatch(/^[0-9a-f]{64}$/)
  const text = said(day).join('\n')
  for (const expected of [
    'training paused: not_idle',
    'training paused: on_battery',
    'training resumed',
    'training stopping: not_idle',
    'round paused: metered',
    'paused: too_hot',
    'waits: budget_spent',
    'round failed (E_UNAVAILABLE)',
    'round failed (E_CLOCK)',
    'slept, or its clock was set forward: 10800 s',
    'daily upkeep',
  ])
    expect(text).toContain(expected)
  // Backoff, and no hot loop: an hour without network and one with a wrong clock are a few attempts each.
  expect(said(day).filter((what) => what.includes('failed (E_')).length).toBeLessThan(20)
  expect(day.energy).toMatchObject({ method: 'cpu-time', wattsPerCore: 6, budgetJoules: 60_000 })
  // What the agent has kept is what the machine has given, day by day.
  const ended = day.events.flatMap((e) => (e.event === 'ended' ? [e.joules] : []))
  expect(ended.reduce((a, b) => a + b, 0)).toBeCloseTo(day.joules, -2)
}, 180_000)

test('an agent that ignores its conditions and its budget is found out in all of them', async () => {
  const { violations } = await simulateDay({
    model,
    engine: fakeEngine(model).engine,
    overrides: parseOverrides('charging,idle,hours,heat,metered,budget'),
  })
  for (const violation of [
    'worked on battery',
    'worked while the user was there',
    'worked outside its hours',
    'worked while it was too hot',
    'took part in a round over a metered network',
    'spent ',
  ])
    expect(violations.join('\n')).toContain(violation)
}, 180_000)
