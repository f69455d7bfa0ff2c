import { rmSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect, test } from 'vitest'
import { openStore, type PendingUpload } from '../../../device/agent/store.ts'
import { shortChoices, temporaryFolder } from './fixture.ts'

const upload = (bytes: number[], roundId = 'round'): PendingUpload => ({
  roundId,
  jobId: 'job',
  uploadToken: 'token-of-the-round',
  digest: 'd',
  bytes: Uint8Array.from(bytes),
  at: 1,
})

test('what was written is there after reopening', () => {
  const folder = temporaryFolder()
  try {
    const path = join(folder, 'db')
    const first = openStore(path)
    for (const choice of shortChoices(3)) first.addChoice(choice, 'import')
    first.savePending(upload([1, 2, 3]))
    first.set('consent', null)
    first.close()
    const second = openStore(path)
    expect(second.choices().map((c) => c.id)).toEqual(['ada-2', 'ada-1', 'ada-0'])
    expect([...second.pendingUploads()[0]!.bytes]).toEqual([1, 2, 3])
    second.close()
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('the first bytes of a round are the ones that are sent', () => {
  const store = openStore(':memory:')
  store.savePending(upload([1]))
  store.savePending(upload([2]))
  expect([...store.pendingUploads()[0]!.bytes]).toEqual([1])
})

test('a settled upload keeps its digest and lets its bytes go', () => {
  const store = openStore(':memory:')
  store.savePending(upload([1, 2]))
  store.settleUpload('round', 'accepted', null)
  expect(store.pendingUploads()).toEqual([])
  expect(store.uploads()).toMatchObject([{ state: 'accepted', digest: 'd', bytes: 2 }])
})

test('replacing feedback choices leaves imported ones and unchanged ones alone', () => {
  const store = openStore(':memory:')
  const [imported, a, b] = shortChoices(3)
  store.addChoice(imported!, 'import')
  store.replaceFeedbackChoices([], [a!, b!])
  const version = store.choicesVersion()
  store.replaceFeedbackChoices([imported!.id, a!.id, b!.id], [a!, b!])
  expect(store.choicesVersion()).toBe(version)
  store.replaceFeedbackChoices([imported!.id, a!.id, b!.id], [{ ...a!, chosen: 0 }])
  expect(store.choices().map((c) => [c.id, c.chosen])).toEqual([
    [a!.id, 0],
    [imported!.id, 1],
  ])
  expect(store.choicesVersion()).not.toBe(version)
})

test('pooled states come back bit for bit', () => {
  const store = openStore(':memory:')
  const state = Float32Array.from([1.5, -0, Number.MIN_VALUE, 3e38])
  store.savePooled('key', state)
  expect(store.pooled('key')).toEqual(state)
  expect(store.pooled('other')).toBeUndefined()
})

test('a decision is found by its id and by the ids of all of its messages', () => {
  const store = openStore(':memory:')
  store.saveDecision({ id: 'd1', at: 1, body: { n: 1 } }, ['msg_a', 'msg_b'])
  for (const id of ['d1', 'msg_a', 'msg_b']) expect(store.decision(id)?.body).toEqual({ n: 1 })
  expect(store.decision('msg_c')).toBeUndefined()
})

test('what was spent is summed from a time on', () => {
  const store = openStore(':memory:')
  store.spend(10, { tokens: 5, usd: 0.5 })
  store.spend(20, { tokens: 7, usd: 0.25 })
  expect([store.spentSince(0), store.spentSince(11), store.spentSince(21)]).toEqual([
    { tokens: 12, usd: 0.75 },
    { tokens: 7, usd: 0.25 },
    { tokens: 0, usd: 0 },
  ])
})

test('a choice that was read before is the same object, until it changes', () => {
  const store = openStore(':memory:')
  const [a, b] = [1, 2].map((n) => ({
    user: 'me',
    id: `c${n}`,
    messages: [{ role: 'user' as const, content: 'x' }],
    candidates: ['p', 'q'],
    chosen: 0,
    at: n,
  }))
  store.addChoice(a!, 'feedback')
  const [first] = store.choices()
  store.addChoice(b!, 'feedback')
  expect(store.choices()[1]).toBe(first)
  store.replaceFeedbackChoices(['c1'], [{ ...a!, chosen: 1 }])
  expect(store.choices()[1]).toMatchObject({ id: 'c1', chosen: 1 })
})

test('what is done together is undone together when it fails', () => {
  const store = openStore(':memory:')
  for (const together of [store.atomically, store.durably]) {
    const fails = () =>
      together(() => {
        store.addFeedback('f', 'd', 1, { kind: 'keep' })
        store.replaceFeedbackChoices([], shortChoices(1))
        throw new Error('in the middle')
      })
    expect(fails).toThrow('in the middle')
  }
  expect([store.feedback(), store.countChoices()]).toEqual([[], 0])
  expect(store.durably(() => store.atomically(() => 7))).toBe(7)
})

test('a decision that was forgotten while its answer came is not kept again', () => {
  const store = openStore(':memory:')
  store.saveDecision({ id: 'd1', at: 1, body: { n: 1 } }, ['msg_a'])
  store.eraseRows({ decisions: ['d1'], choices: [] })
  store.saveDecision({ id: 'd1', at: 2, body: { n: 2 } }, ['msg_b'])
  for (const id of ['d1', 'msg_a', 'msg_b']) expect(store.decision(id)).toBeUndefined()
})

test('decisions are found by their conversation, and feedback by its decision, the most recent first', () => {
  const store = openStore(':memory:')
  for (const [id, conversation] of [
    ['d1', 'a'],
    ['d2', 'b'],
    ['d3', 'a'],
  ] as const) {
    store.saveDecision({ id, at: Number(id[1]), conversation, body: {} }, [])
    store.addFeedback(`f_${id}`, id, 1, { kind: 'keep' })
  }
  expect(store.decisionsOf('a', 9).map((d) => d.id)).toEqual(['d3', 'd1'])
  expect(store.decisionsOf('a', 1).map((d) => d.id)).toEqual(['d3'])
  expect(store.feedbackOn(['d1', 'd3', 'none']).map((f) => f.id)).toEqual(['f_d3', 'f_d1'])
})

test('a store of an earlier version is opened, keeps what it has and can erase it', () => {
  const folder = temporaryFolder()
  try {
    const path = join(folder, 'db')
    const old = new Database(path)
    old.exec('CREATE TABLE decisions (id TEXT PRIMARY KEY, at REAL NOT NULL, body TEXT NOT NULL)')
    old.exec(
      'CREATE TABLE pooled (seq INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, state BLOB NOT NULL)',
    )
    old.exec(`INSERT INTO decisions VALUES ('d1', 5, '{"n":1}')`)
    old.exec(`INSERT INTO pooled VALUES (1, 'key', x'00000000')`)
    old.close()
    const store = openStore(path)
    expect(store.decision('d1')?.body).toEqual({ n: 1 })
    store.savePooled('new', Float32Array.of(1), 3)
    store.eraseRows({ decisions: ['d1'], choices: [], computedSince: 4 })
    expect([store.decision('d1'), store.pooled('key')]).toEqual([undefined, undefined])
    expect(store.pooled('new')).toEqual(Float32Array.of(1))
    store.close()
  } finally {
    rmSync(folder, { recursive: true })
  }
})
