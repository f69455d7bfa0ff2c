/** A training that is killed ends in the bytes of one that was left alone; `kill.slow.test.ts` has
 *  every kind of moment. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Killing, openKilling, outcome } from './killed.ts'

let killing: Killing
beforeAll(async () => {
  killing = await openKilling()
})
afterAll(() => killing.release())

test('KTO with a schedule, early stop and cached states, killed as a checkpoint is written', async () => {
  const request = killing.ktoRequest
  const whole = await killing.whole(request)
  expect(whole.evaluations.length).toBeGreaterThan(4)
  const killed = killing.killed('kto', request, [['half-checkpoint', 2]])
  expect(outcome(killed)).toEqual(outcome(whole))
})

test('a reward over cached states, killed after its first checkpoint', async () => {
  const request = killing.rewardRequest
  const killed = killing.killed('reward', request, [['after-rename', 1]])
  expect(outcome(killed)).toEqual(outcome(await killing.whole(request)))
})
