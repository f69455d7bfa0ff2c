/** The home of an earlier build opens, says what that build said, and goes on: see test/vectors/device-home. */
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openSqlite } from '../../../adapters/node/sqlite.ts'
import { newKeyPair } from '../../../adapters/wire/signature.ts'
import { energyEntries } from '../../../device/agent/energy-status.ts'
import { openDevice } from '../../../device/owner/device.ts'
import { consentRefusal, withdrawConsent } from '../../../device/store/consent.ts'
import { servingState } from '../../../device/store/private-adapter.ts'
import type { StateKey } from '../../../device/store/states.ts'
import { type OwnStore, openStore } from '../../../device/store/store.ts'
import { fakeEngine, temporaryFolder, tinyModel } from '../device-fixture.ts'

const vector = (name: string): string =>
  readFileSync(new URL(`../../vectors/device-home/${name}`, import.meta.url), 'utf8')
const READS = JSON.parse(vector('reads.json'))

let folder = ''
let raw: Map<string, unknown>
let store: OwnStore
beforeEach(() => {
  folder = temporaryFolder()
  const old = openSqlite(join(folder, 'db'))
  old.exec(vector('home.sql'))
  const rows = old.prepare<[], { key: string; value: string }>('SELECT key, value FROM state').all()
  raw = new Map(rows.map(({ key, value }) => [key, JSON.parse(value)]))
  old.close()
  store = openStore(join(folder, 'db'))
})
afterEach(async () => {
  await store.close()
  rmSync(folder, { recursive: true })
})

test('every state reads as it was kept', () => {
  expect(raw.size).toBeGreaterThan(15)
  for (const [key, value] of raw) expect([key, store.get(key as StateKey)]).toEqual([key, value])
})

test('every table reads as the earlier build read it', () => {
  const decisions = store.decisions(9999)
  expect({
    now: READS.now,
    decisions,
    requests: decisions.map((decision) => ({
      system: store.systemOf(decision),
      turns: [...store.turnsOf(decision)].map(({ role, text, other }) => ({ role, text, other })),
      answers: store.answersOf(decision.seq),
    })),
    feedback: store.feedback(),
    choices: store.choices(),
    choiceRows: store.choiceRows(9999),
    examples: store.examples(),
    proposals: store.proposals(),
    outbox: store.outbox(),
    outboxSums: store.outboxSums(),
    uploads: store.uploads(),
    waiting: store.waitingUploads(),
    spent: store.spentSince(0),
    heldBack: store.heldBackRows(),
    blobs: store.blobNames('').map((name) => [name, { bytes: store.blob(name)?.length }]),
    kept: store.keptBytes(),
    erased: store.erasedBytes(),
    count: store.countChoices(),
    version: store.choicesVersion(),
    forgotten: store.forgottenTimes(),
  }).toEqual(READS)
})

test('a device goes on from it: answers, learns, trains, forgets and withdraws', async () => {
  const model = await tinyModel()
  const { engine } = fakeEngine(model)
  let now: number = READS.now
  const device = openDevice({
    store,
    key: newKeyPair(),
    model,
    engine,
    clock: () => now++,
    settings: { explore: 0, maxTokens: 64, candidates: 2 },
    folder,
  })
  try {
    expect(servingState(store)).toMatchObject({ private: true })
    expect(energyEntries(store).length).toBeGreaterThan(0)
    expect(device.profile().profile.preferences).toEqual(
      expect.arrayContaining([expect.objectContaining({ dimension: 'emoji', source: 'stated' })]),
    )
    const conversation = { messages: [{ role: 'user' as const, content: 'What is a quokka?' }] }
    const { decisionId } = await device.rerank(conversation, [
      { text: 'A marsupial.' },
      { text: '- a marsupial\n- of Australia' },
    ])
    await device.feedback({ kind: 'choose', decisionId: decisionId!, chosen: 0 })
    expect(store.countChoices()).toBe(READS.count + 1)
    store.set('paused', false)
    const { choices } = await device.train({ adapter: true, epochs: 1 })
    expect(choices).toBe(READS.count + 1)
    const [first] = READS.decisions
    await device.forget({ decisionId: first.id })
    expect(store.decision(first.id)).toBeUndefined()
    expect(
      consentRefusal(store.consent(), { contributions: [], purpose: 'personalization' }, now),
    ).toBeNull()
    expect(await withdrawConsent(store)).toEqual({ unsent: 1, sent: 0 })
    expect(store.consent()).toBeNull()
  } finally {
    await device.settled()
  }
})
