/** old-home.sql: the home of a device of version 0.1 after five requests and some feedback, without what is computed. */
import { readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { choiceKey } from '../../../adapters/formats/read-choices.ts'
import { openSqlite } from '../../../adapters/node/sqlite.ts'
import { recordFeedback } from '../../../device/feedback/decisions.ts'
import { importChoices } from '../../../device/feedback/import-choices.ts'
import { convertAll, convertInBackground } from '../../../device/store/convert-old.ts'
import { forgetConversation } from '../../../device/store/forget.ts'
import { lastMessages } from '../../../device/store/new-decision.ts'
import { type OwnStore, openStore } from '../../../device/store/store.ts'
import { fakeDevice, shortChoices, temporaryFolder, tinyModel } from '../device-fixture.ts'
import { keepDecision } from './decided.ts'

const [FIRST, SECOND, OTHER] = [
  'd_Tqvj-rVmgFH4qr6_g0ID',
  'd_mLKi3U7t9Ve39y-3mH7b',
  'd_9UOfc2HBuv-U10xjIulk',
] as const
const IMAGE = 'iVBORw0KGgoQUJDREVGR0hJ'

let folder = ''
let store: OwnStore
beforeEach(() => {
  folder = temporaryFolder()
  const old = openSqlite(join(folder, 'db'))
  old.exec(readFileSync(new URL('old-home.sql', import.meta.url), 'utf8'))
  old.close()
  store = openStore(join(folder, 'db'))
})
afterEach(async () => {
  await store.close()
  rmSync(folder, { recursive: true })
})

/** Whether the file holds it. */
const holds = (text: string): boolean => {
  const db = openSqlite(join(folder, 'db'))
  db.pragma('wal_checkpoint(TRUNCATE)')
  db.close()
  return readFileSync(join(folder, 'db')).includes(text)
}

test('a home of version 0.1 goes on with its decisions, choices and feedback, without the images', async () => {
  expect(holds(IMAGE)).toBe(true)
  await convertAll(store)
  expect(store.decisions(9).map(({ id }) => id)).toEqual([OTHER, SECOND, FIRST])
  const [first, second] = [store.decision('msg_1')!, store.decision('msg_3')!]
  expect(first).toMatchObject({ id: FIRST, at: 1700012120000, app: 'app-a', candidates: 2 })
  expect(second).toMatchObject({ id: SECOND, before: first.thread, events: 1 })
  expect(store.lastTurn(second)?.id).toBe(FIRST)
  expect(lastMessages(store, second).messages.map((m) => m.content)).toEqual([
    'What is this quaggle?',
    'It is a long quaggle, and there is much to say of it, at length.',
    'And is it a wombat?',
  ])
  expect(store.systemOf(first)).toBe('You are the quaggle helper.')
  expect(store.answersOf(first.seq)).toHaveLength(2)
  const key = (i: number) => choiceKey(shortChoices(2)[i]!)
  expect(store.choices().map((c) => [c.id, c.candidates[c.chosen]])).toEqual([
    [SECOND, 'No.'],
    [FIRST, 'A quaggle.'],
    [key(1), 'Subject 1 is simple.'],
    [key(0), 'Subject 0 is simple.'],
  ])
  expect(store.countChoices()).toBe(4)
  expect(store.feedback()).toHaveLength(3)
  expect(holds(IMAGE)).toBe(false)
  const db = openSqlite(join(folder, 'db'))
  const tables = db.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").pluck().all()
  expect(tables.filter((name) => /^old_|decision_messages/.test(String(name)))).toEqual([])
  db.close()
})

test('what comes before all is converted is newer, and feedback finds what is not', async () => {
  keepDecision(store, { id: 'd_new', at: 1700012999000, answers: ['x'] })
  expect(store.decision(FIRST)).toBeUndefined()
  recordFeedback(store, { kind: 'thumbs', messageId: 'msg_2', value: 1 }, 1700012999001)
  expect(store.decision(FIRST)).toMatchObject({ events: 3 })
  await convertAll(store)
  expect(store.decisions(9).map(({ id }) => id)).toEqual(['d_new', OTHER, SECOND, FIRST])
  expect(store.decision('d_new')!.seq).toBeGreaterThan(store.decision(OTHER)!.seq)
  expect(store.choices().filter((c) => c.id === FIRST)).toMatchObject([{ chosen: 1 }])
})

test('what version 0.1 imported under the id of its line is the same choice', async () => {
  await convertAll(store)
  expect(await importChoices(store, shortChoices(3), 1)).toMatchObject({
    added: 1,
    known: 2,
    replaced: 0,
  })
  expect(store.countChoices()).toBe(5)
})

test('a conversation of version 0.1 is forgotten whole, and others stay', async () => {
  expect(await forgetConversation(store, { messageId: 'msg_3' })).toMatchObject({
    decisions: 2,
    choices: 2,
    feedback: 3,
  })
  for (const word of ['quaggle', 'wombat', IMAGE]) expect(holds(word), word).toBe(false)
  expect(holds('Why is the sky blue?')).toBe(true)
  expect(store.choices()).toHaveLength(2)
})

test('a row that cannot be read is passed over, and the others are converted', async () => {
  await store.close()
  const db = openSqlite(join(folder, 'db'))
  db.exec(`UPDATE old_decisions SET body = '{"n":1}' WHERE id = '${SECOND}'`)
  db.exec("UPDATE old_choices SET body = 'no JSON' WHERE id = 'ada-0'")
  db.close()
  store = openStore(join(folder, 'db'))
  await convertAll(store)
  expect(store.decisions(9).map(({ id }) => id)).toEqual([OTHER, FIRST])
  expect(store.countChoices()).toBe(3)
})

test('a training right after an update learns from what version 0.1 kept', async () => {
  const { device } = fakeDevice(await tinyModel(), { store })
  const { choices } = await device.train()
  expect(choices).toBe(4)
  await device.close()
})

test('a line that corrects what version 0.1 imported holds, whatever is converted when', async () => {
  const { device } = fakeDevice(await tinyModel(), { store })
  const [line] = shortChoices(1)
  const corrected = { ...line!, chosen: 1 - line!.chosen }
  expect(await device.importChoices([corrected])).toMatchObject({ replaced: 1, added: 0 })
  await convertAll(store)
  const kept = store.choices().find(({ id }) => id === choiceKey(line!))
  expect(kept?.candidates[kept.chosen]).toBe(corrected.candidates[corrected.chosen])
  await device.close()
})

test('in the background it is converted between requests, after which the file is small', async () => {
  await store.close()
  const db = openSqlite(join(folder, 'db'))
  const body = db.prepare('SELECT body FROM old_decisions LIMIT 1').pluck().get() as string
  const image = { type: 'image', source: { type: 'base64', data: 'A'.repeat(500_000) } }
  const large = { ...JSON.parse(body), messages: [{ role: 'user', content: [image] }] }
  for (let i = 0; i < 4; i++)
    db.prepare('INSERT INTO old_decisions (id, at, body) VALUES (?, 5, ?)').run(
      `d_large${i}`,
      JSON.stringify(large),
    )
  db.close()
  store = openStore(join(folder, 'db'))
  const before = statSync(join(folder, 'db')).size
  const compacted = new Promise<boolean>((resolve) => {
    const compact = async () => {
      const isDone = await now()
      resolve(isDone)
      return isDone
    }
    const { compact: now } = store
    Object.assign(store, { compact })
  })
  const { stop } = convertInBackground(store)
  expect(await compacted).toBe(true)
  stop()
  expect(store.decisions(99)).toHaveLength(7)
  expect([before > 2_000_000, statSync(join(folder, 'db')).size < 400_000]).toEqual([true, true])
})

test('a conversion that is stopped is taken up by the next process', async () => {
  const { stop } = convertInBackground(store)
  stop()
  await new Promise((resolve) => setTimeout(resolve, 30))
  expect(store.isConverted()).toBe(false)
  await store.close()
  store = openStore(join(folder, 'db'))
  await convertAll(store)
  expect(store.decisions(9)).toHaveLength(3)
})
