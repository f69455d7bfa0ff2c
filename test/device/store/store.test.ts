import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openSqlite } from '../../../adapters/node/sqlite.ts'
import { openStore } from '../../../device/store/store.ts'
import type { StoreTx } from '../../../device/store/tables.ts'
import type { PendingUpload } from '../../../device/store/uploads.ts'
import { shortChoices, temporaryFolder } from '../device-fixture.ts'
import { keepDecision } from './decided.ts'

const upload = (bytes: number[], roundId = 'round'): PendingUpload => ({
  roundId,
  jobId: 'job',
  uploadToken: 'token-of-the-round',
  digest: 'd',
  bytes: Uint8Array.from(bytes),
  at: 1,
})

test('what was written is there after reopening', async () => {
  const folder = temporaryFolder()
  try {
    const path = join(folder, 'db')
    const first = openStore(path)
    for (const choice of shortChoices(3)) first.addChoice(choice, 'import')
    first.savePending(upload([1, 2, 3]))
    first.set('consent', null)
    await first.close()
    const second = openStore(path)
    expect(second.choices().map((c) => c.id)).toEqual(['ada-2', 'ada-1', 'ada-0'])
    expect([...second.pendingUploads()[0]!.bytes]).toEqual([1, 2, 3])
    await second.close()
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

/** A choice of the second of two answers to a decision that is kept. */
const decided = (at = 9, chosen = 1) => ({
  candidates: ['p', 'q'],
  shown: [0, 1],
  chosen,
  weight: 1,
  at,
})

test('what feedback amounts to takes the place of what it amounted to, and leaves imports alone', () => {
  const store = openStore(':memory:')
  for (const id of ['ada-0', 'd2']) keepDecision(store, { id, answers: ['p', 'q'] })
  store.addChoice(shortChoices(1)[0]!, 'import')
  const [same, other] = ['ada-0', 'd2'].map((id) => store.decision(id)!)
  expect(store.decideChoice(same!, decided(10))).toBe(true)
  expect(store.decideChoice(other!, decided(11))).toBe(true)
  const version = store.choicesVersion()
  expect(store.decideChoice(other!, decided(11))).toBe(false)
  expect(store.choicesVersion()).toBe(version)
  expect(store.decideChoice(other!, decided(11, 0))).toBe(true)
  expect(store.choicesVersion()).not.toBe(version)
  expect(store.choices().map((c) => [c.id, c.user, c.chosen])).toEqual([
    ['ada-0', 'ada', 1],
    ['d2', 'me', 0],
    ['ada-0', 'me', 1],
  ])
  expect(store.decideChoice(other!, null)).toBe(true)
  expect(store.countChoices()).toBe(2)
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
  const answers = ['msg_a', 'msg_b'].map((messageId) => ({ text: messageId, messageId }))
  keepDecision(store, { id: 'd1', answers })
  for (const id of ['d1', 'msg_a', 'msg_b']) expect(store.decision(id)?.id).toBe('d1')
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

test('a choice keeps its number until it changes, however many are asked for', () => {
  const store = openStore(':memory:')
  for (const id of ['d1', 'd2']) keepDecision(store, { id, answers: ['p', 'q'] })
  const [one, two] = ['d1', 'd2'].map((id) => store.decision(id)!)
  store.decideChoice(one!, decided(1))
  store.decideChoice(two!, decided(2))
  const numbers = (limit: number) => store.choiceRows(limit).map(({ seq }) => seq)
  const before = numbers(9)
  expect(numbers(1)).toEqual(before.slice(0, 1))
  store.decideChoice(one!, decided(1, 0))
  expect(numbers(9)).toEqual([before[0], expect.toSatisfy((seq: number) => !before.includes(seq))])
})

test('what is done together is undone together when it fails', async () => {
  const failed: string[] = []
  const store = openStore(':memory:', { report: ({ code }) => void failed.push(code) })
  const fails = (tx: StoreTx) => {
    tx.addFeedback('f', 'd', 1, { kind: 'keep', decisionId: 'd' })
    tx.addChoice(shortChoices(1)[0]!, 'feedback')
    throw new Error('in the middle')
  }
  await expect(store.durably(fails)).rejects.toThrow('in the middle')
  store.later(fails)
  expect([store.feedback(), store.countChoices(), failed]).toEqual([[], 0, ['E_INTERNAL']])
  expect(await store.durably((tx) => tx.countChoices())).toBe(0)
})

test('a decision that was forgotten while its answer came is not kept again', () => {
  const store = openStore(':memory:')
  keepDecision(store, { id: 'd1' })
  store.dropDecision(store.decision('d1')!.seq)
  store.answerDecision('d1', {
    at: 2,
    answers: [{ text: 'late', messageId: 'msg_a' }],
    shown: [0],
    served: 0,
    propensity: 1,
    explored: false,
  })
  for (const id of ['d1', 'msg_a']) expect(store.decision(id)).toBeUndefined()
})

test('decisions are found by their conversation, the most recent first, and feedback by its decision', () => {
  const store = openStore(':memory:')
  for (const [id, content] of [
    ['d1', 'a'],
    ['d2', 'b'],
    ['d3', 'a'],
  ] as const) {
    keepDecision(store, { id, at: Number(id[1]), messages: [{ role: 'user', content }] })
    for (const n of [1, 2])
      store.addFeedback(`f${n}_${id}`, id, n, { kind: 'keep', decisionId: id })
  }
  const { conversation } = store.decision('d1')!
  expect(store.decisionsOf(conversation, 9).map((d) => d.id)).toEqual(['d3', 'd1'])
  expect(store.decisionsOf(conversation, 1).map((d) => d.id)).toEqual(['d3'])
  expect(store.feedbackOn('d3').map((f) => f.id)).toEqual(['f1_d3', 'f2_d3'])
  expect(store.feedbackOn('none')).toEqual([])
})

test('a store of an earlier version is opened, keeps what it has and can erase it', async () => {
  const folder = temporaryFolder()
  try {
    const path = join(folder, 'db')
    const old = openSqlite(path)
    old.exec('CREATE TABLE decisions (id TEXT PRIMARY KEY, at REAL NOT NULL, body TEXT NOT NULL)')
    old.exec(
      'CREATE TABLE pooled (seq INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, state BLOB NOT NULL)',
    )
    old.exec(`INSERT INTO pooled VALUES (1, 'key', x'00000000')`)
    old.close()
    const store = openStore(path)
    store.savePooled('new', Float32Array.of(1), 3)
    store.eraseStatesSince(4)
    expect(store.pooled('key')).toBeUndefined()
    expect(store.pooled('new')).toEqual(Float32Array.of(1))
    await store.close()
  } finally {
    rmSync(folder, { recursive: true })
  }
})
