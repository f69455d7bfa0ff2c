import { expect, test } from 'vitest'
import { sharedClock } from '../../../server/store/shared-clock.ts'

test("servers whose clocks are ten minutes apart have one time, the database's", async () => {
  let passed = 0
  const store = { time: async () => 5_000_000 + passed }
  const [one, other] = [0, 600_000].map((ahead) => sharedClock(store, () => 1_000 + ahead + passed))
  for (const clock of [one!, other!]) await clock.look()
  passed = 30_000
  expect([one!.now(), other!.now()]).toEqual([5_030_000, 5_030_000])
})

test('the time of the question is shared out to both ways', async () => {
  let local = 0
  const clock = sharedClock(
    {
      time: async () => {
        local += 20
        return 1000
      },
    },
    () => local,
  )
  await clock.look()
  expect(clock.now()).toBe(1010)
})

test('a database that does not answer leaves the time as it was last known', async () => {
  const times = [Promise.resolve(70), Promise.reject(new Error('gone'))]
  const clock = sharedClock({ time: () => times.shift()! }, () => 5)
  await clock.look()
  await expect(clock.look()).rejects.toThrow('gone')
  expect(clock.now()).toBe(70)
})
