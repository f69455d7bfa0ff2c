/**
 * What a status, a page, a thumb and a request read must not grow with what the home has: each
 * statement is asked of SQLite itself how it would be run.
 */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { ChatMessage } from '../../../adapters/formats/choice-log.ts'
import { openSqlite } from '../../../adapters/node/sqlite.ts'
import { openInspection } from '../../../device/api/inspection/inspection.ts'
import type { LocalModel } from '../../../device/engine/model/open.ts'
import { DeviceSettings } from '../../../device/home/settings.ts'
import { openStore } from '../../../device/store/store.ts'
import { fakeDevice, temporaryFolder, tinyModel } from '../device-fixture.ts'

let model: LocalModel
beforeAll(async () => {
  model = await tinyModel()
})

let folder = ''
const run = { statements: new Set<string>() }
beforeEach(() => {
  folder = temporaryFolder()
  run.statements.clear()
})
afterEach(() => rmSync(folder, { recursive: true }))

const user = (content: string): ChatMessage => ({ role: 'user', content })
const assistant = (content: string): ChatMessage => ({ role: 'assistant', content })

/** A device on a file, all of whose statements are noted as they are run. */
const noted = () => {
  const path = join(folder, 'db')
  const open = (file: string) =>
    openSqlite(file, { verbose: (sql) => void run.statements.add(String(sql)) })
  const store = openStore(path, { open })
  let now = 1_700_000_000_000
  const { device } = fakeDevice(model, { store, clock: () => (now += 20_000) })
  const inspection = openInspection({
    store,
    clock: () => now,
    settings: DeviceSettings.parse({}),
    base: () => ({ name: 'tiny', exitLayer: 1 }),
  })
  return { path, store, device, inspection }
}

/** Tables of few rows, 300 at most, however long the device lives. */
const SMALL = /\b(?:sqlite_master|examples|counts|outbox_sums|held_back|blobs|CONSTANT ROW|state)\b/

/** What of the plans reads a table from end to end, or sorts what it has read. */
const costly = (path: string): string[] => {
  const db = openSqlite(path, { readonly: true })
  const found = [...run.statements]
    .map((sql) => sql.replaceAll('-Inf', '-9e999'))
    .filter((sql) => /^\s*(?:SELECT|DELETE|UPDATE|INSERT)/i.test(sql))
    .flatMap((sql) => {
      const plan = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all() as { detail: string }[]
      const bad = plan.filter(({ detail }) => isCostly(detail, sql) && !SMALL.test(detail))
      return bad.map(({ detail }) => `${detail}: ${sql.replace(/\s+/g, ' ').slice(0, 160)}`)
    })
  db.close()
  return found
}

/** With a limit the first rows of an index, or of the table, are enough. */
const isCostly = (detail: string, sql: string): boolean =>
  detail.startsWith('SCAN') ? !/\bLIMIT\b/.test(sql) : /USE TEMP B-TREE/.test(detail)

/** Two turns, ranked, with every kind of feedback. */
const converse = async ({ device, store }: ReturnType<typeof noted>) => {
  const messages = [user('Why is the sky blue?')]
  const { decisionId } = await device.rewrite({ messages, system: 'S' })
  const answers = ['Rayleigh.', 'A long story.'].map((text, i) => ({ text, messageId: `m${i}` }))
  await device.rerank({ messages, system: 'S' }, answers, { decisionId: decisionId! })
  device.spend('claude-x', [], { decisionId: decisionId!, unread: 1 })
  const later = [...messages, assistant('Rayleigh.'), user('Shorter please')]
  const next = await device.rewrite({ messages: later, system: 'S' })
  device.recordAnswer(next.decisionId!, { text: 'So.', messageId: 'm2' })
  await device.settled()
  for (const event of [
    { kind: 'choose', messageId: 'm0', chosen: 1 },
    { kind: 'thumbs', messageId: 'm2', value: 1 },
    { kind: 'regenerate', messageId: 'm2' },
    { kind: 'follow_up', decisionId: decisionId!, text: 'shorter' },
    { kind: 'keep', decisionId: decisionId! },
    { kind: 'undo', decisionId: decisionId! },
  ] as const)
    await device.feedback(event)
  await store.drained()
  return decisionId!
}

test('no statement of a request, of feedback, of a status or of a page reads a whole table', async () => {
  const home = noted()
  run.statements.clear()
  const id = await converse(home)
  home.device.status()
  const { next } = home.inspection.decisions({ limit: 1 })
  home.inspection.decisions({ limit: 1, before: next! })
  home.inspection.decision(id)
  home.inspection.log({ limit: 50 })
  home.inspection.consent()
  home.inspection.energy()
  home.inspection.conditions()
  expect(run.statements.size).toBeGreaterThan(60)
  expect(costly(home.path)).toEqual([])
  await home.device.close()
})

test('nor does one of forgetting a conversation read all decisions, choices or texts', async () => {
  const home = noted()
  const id = await converse(home)
  run.statements.clear()
  await home.device.forget({ decisionId: id })
  const read = costly(home.path).filter((plan) =>
    /^(?:SCAN|USE).*\b(?:decisions|choices|feedback|texts|turns|answers|openings|choice_texts)\b/.test(
      plan,
    ),
  )
  expect(read).toEqual([])
  await home.device.close()
})
