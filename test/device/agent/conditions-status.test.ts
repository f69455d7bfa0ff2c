import { expect, test } from 'vitest'
import { conditionsStatus, NO_READINGS } from '../../../device/agent/conditions-status.ts'
import { ConditionsStatus } from '../../../device/records/agent-reports.ts'
import type { Look } from '../../../device/store/live.ts'
import { openStore } from '../../../device/store/store.ts'
import { setTrainingPaused } from '../../../device/store/training.ts'

const look: Look = {
  at: 1000,
  goodUntil: 2000,
  reasons: ['not_idle'],
  readings: { ...NO_READINGS, charging: true, idleSeconds: 5 },
  nextLook: 1500,
  nextTraining: 1700,
}

test('without an agent nothing is allowed or known', () => {
  const status = conditionsStatus(openStore(':memory:'), () => 0)
  expect(ConditionsStatus.parse(status)).toMatchObject({
    allowed: false,
    reasons: ['not_running'],
    nextLook: null,
  })
})

test("tells the agent's last look, and a pause at once", () => {
  const store = openStore(':memory:')
  store.live.look = look
  expect(ConditionsStatus.parse(conditionsStatus(store, () => 1600))).toMatchObject({
    allowed: false,
    reasons: ['not_idle'],
    readings: { charging: true, idleSeconds: 5 },
    nextTraining: 1700,
  })
  store.live.look = { ...look, reasons: [] }
  expect(conditionsStatus(store, () => 1600).allowed).toBe(true)
  setTrainingPaused(store, true)
  expect(conditionsStatus(store, () => 1600).reasons).toEqual(['paused'])
})

test.each([2001, 999])(
  'a look of an agent that was killed, or from the future, says nothing (%s)',
  (now) => {
    const store = openStore(':memory:')
    store.live.look = look
    expect(conditionsStatus(store, () => now).reasons).toEqual(['not_running'])
  },
)
