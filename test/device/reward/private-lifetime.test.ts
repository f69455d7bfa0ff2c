/** A private adapter cannot unlearn: it goes with the oldest that it learned from, and learns from what stays for a while. */
import { beforeAll, expect, test } from 'vitest'
import type { LocalModel } from '../../../device/engine/model/open.ts'
import { fakeDevice, shortChoices, tinyModel } from '../device-fixture.ts'

const DAY = 24 * 3600_000
const START = 1_800_000_000_000

let model: LocalModel
beforeAll(async () => {
  model = await tinyModel()
})

/** A device whose days pass, with upkeep each. */
const aged = (retentionDays: number | null) => {
  let day = 0
  const clock = () => START + day * DAY
  const made = fakeDevice(model, { clock, settings: { retentionDays } })
  const { device, store } = made
  return {
    ...made,
    hasAdapter: () => store.blob('private') !== undefined,
    choose: (count: number) =>
      device.importChoices(
        shortChoices(count).map((c) => ({ ...c, id: `${c.id}/${day}`, at: clock() + c.at! })),
      ),
    until: async (last: number) => {
      for (; day < last; day++) await device.upkeep()
      await device.upkeep()
    },
  }
}

test('under a retention it learns from the younger half, and serves until the oldest of it goes', async () => {
  const { device, calls, choose, until, hasAdapter } = aged(30)
  await choose(8)
  await until(20)
  await choose(6)
  await device.train({ adapter: true })
  const { objective } = calls.train[0]!
  expect(objective.kind === 'reward' && objective.pairs).toHaveLength(2 * 6)
  await until(31)
  expect(hasAdapter()).toBe(true)
  await until(51)
  expect(hasAdapter()).toBe(false)
})

test('an adapter that learned from everything goes once retention erases part of it', async () => {
  const { device, store, choose, until, hasAdapter } = aged(null)
  await choose(8)
  await until(40)
  await choose(6)
  await device.train({ adapter: true })
  await until(400)
  expect(hasAdapter()).toBe(true)
  const { device: again } = fakeDevice(model, {
    store,
    clock: () => START + 50 * DAY,
    settings: { retentionDays: 30 },
  })
  store.set('agent', { trained: 14, roundAt: 0, roundMs: 0, upkeepAt: 0 })
  await again.upkeep()
  expect([hasAdapter(), store.countChoices()]).toEqual([false, 6])
  expect(store.get('agent')).toMatchObject({ trained: 0 })
})

test('one that learned from edits goes when the decisions expire', async () => {
  const { device, until, hasAdapter } = aged(null)
  for (let i = 0; i < 3; i++) {
    const messages = [{ role: 'user' as const, content: `Explain subject ${i}` }]
    const { decisionId } = await device.rewrite({ messages })
    device.recordAnswer(decisionId!, { text: `Answer ${i}, at length.` })
    await device.feedback({ kind: 'edit', decisionId: decisionId!, text: `Short ${i}.` })
  }
  await device.train({ adapter: true, objective: 'completion' })
  await until(89)
  expect(hasAdapter()).toBe(true)
  await until(91)
  expect(hasAdapter()).toBe(false)
})
