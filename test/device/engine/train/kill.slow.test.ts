/**
 * A training that is killed at one moment after the other ends in the bytes of one that was left
 * alone.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Killing, openKilling, outcome } from './killed.ts'

let killing: Killing
beforeAll(async () => {
  killing = await openKilling()
})
afterAll(() => killing.release())

test('KTO with a schedule, early stop and cached states, killed at every kind of moment', async () => {
  const request = killing.ktoRequest
  const whole = await killing.whole(request)
  expect(whole.evaluations.length).toBeGreaterThan(4)
  const killed = killing.killed('kto', request, [
    ['row', 2],
    ['half-states', 3],
    ['row', 14],
    ['row', 16],
    ['half-checkpoint', 1],
    ['step', 2],
    ['before-rename', 2],
    ['after-rename', 3],
    ['row', 20],
    ['end', 1],
  ])
  expect(outcome(killed)).toEqual(outcome(whole))
})

test('a reward over cached states, killed before and after its first checkpoint', async () => {
  const request = killing.rewardRequest
  const killed = killing.killed('reward', request, [
    ['half-states', 1],
    ['before-rename', 1],
    ['after-rename', 1],
    ['half-checkpoint', 2],
  ])
  expect(outcome(killed)).toEqual(outcome(await killing.whole(request)))
})
