import { expect, test } from 'vitest'
import type { ChoiceLine } from '../../../adapters/formats/choice-log.ts'
import { choiceKey } from '../../../adapters/formats/read-choices.ts'
import { importChoices } from '../../../device/feedback/import-choices.ts'
import { type DeviceStore, openStore } from '../../../device/store/store.ts'
import type { StoreTx } from '../../../device/store/tables.ts'
import { shortChoices } from '../device-fixture.ts'
import { keepDecision } from '../store/decided.ts'

const turns = (count: number) => shortChoices(count).map((choice) => ({ ...choice, id: 'conv-7' }))
const none = { added: 0, replaced: 0, known: 0, test: 0 }

const take = (store: Pick<DeviceStore, 'durably'>, choices: readonly ChoiceLine[]) =>
  importChoices(store, choices, 1)

test('ten lines of one id and ten requests are ten choices, and the same file again changes nothing', async () => {
  const store = openStore(':memory:')
  expect(await take(store, turns(10))).toEqual({ ...none, added: 10 })
  const version = store.choicesVersion()
  expect(await take(store, turns(10))).toEqual({ ...none, known: 10 })
  expect(store.countChoices()).toBe(10)
  expect(store.choicesVersion()).toBe(version)
})

test('a corrected line replaces the old one, and readers of the choices read them again', async () => {
  const store = openStore(':memory:')
  await take(store, turns(10))
  const version = store.choicesVersion()
  const corrected = turns(10).map((choice, i) => (i === 9 ? { ...choice, chosen: 0 } : choice))
  expect(await take(store, corrected)).toEqual({ ...none, known: 9, replaced: 1 })
  expect(store.choices().map((c) => c.chosen)).toEqual([0, ...Array(9).fill(1)])
  expect(store.choicesVersion()).not.toBe(version)
})

test('of two lines of one choice in one file the last counts, however often the file is read', async () => {
  const store = openStore(':memory:')
  const [first] = turns(1)
  const file = [first!, { ...first!, chosen: 0 }]
  expect(await take(store, file)).toEqual({ ...none, added: 1, replaced: 1 })
  expect(await take(store, file)).toEqual({ ...none, known: 2 })
  expect(await take(store, [first!, first!])).toEqual({ ...none, replaced: 1, known: 1 })
  expect(store.choices().map((c) => c.chosen)).toEqual([1])
})

test('ids of imported choices and of choices from feedback are never confused', async () => {
  const store = openStore(':memory:')
  const [choice] = shortChoices(1)
  keepDecision(store, { id: 'd_1', answers: ['p', 'q'] })
  const row = store.decision('d_1')!
  const decided = { candidates: ['p', 'q'], shown: [0, 1], chosen: 1, weight: 1, at: 5 }
  store.decideChoice(row, decided)
  expect(await take(store, [{ ...choice!, id: 'd_1' }])).toEqual({ ...none, added: 1 })
  expect(store.countChoices()).toBe(2)
  store.decideChoice(row, null)
  expect(store.choices().map((c) => c.user)).toEqual(['ada'])
})

test('where one choice cannot be kept, none is', async () => {
  const store = openStore(':memory:')
  let left = 3
  const importChoice: StoreTx['importChoice'] = (...given) => {
    if (left-- === 0) throw new Error('the disk is full')
    return store.importChoice(...given)
  }
  const failing: Pick<DeviceStore, 'durably'> = {
    durably: (work) => store.durably((tx) => work({ ...tx, importChoice })),
  }
  await expect(take(failing, turns(10))).rejects.toThrow('full')
  expect(store.countChoices()).toBe(0)
})

test('test lines are counted, and never kept', async () => {
  const store = openStore(':memory:')
  const split = 'test' as const
  expect(
    await take(
      store,
      shortChoices(2).map((c) => ({ ...c, split })),
    ),
  ).toEqual({
    ...none,
    test: 2,
  })
  expect(store.countChoices()).toBe(0)
})

test('a choice that a corrected log keeps for testing is trained on no more', async () => {
  const store = openStore(':memory:')
  const [first, other] = shortChoices(2)
  await take(store, [first!, other!])
  const split = 'test' as const
  expect(await take(store, [{ ...first!, split }, other!])).toEqual({
    ...none,
    known: 1,
    test: 1,
  })
  expect(store.choices().map((c) => c.id)).toEqual([choiceKey(other!)])
})
