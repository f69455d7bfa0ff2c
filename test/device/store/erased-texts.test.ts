/**
 * What was erased is in no byte of the store's file, before it is ever compacted: texts are written
 * over where they lie, and no row that holds one is moved.
 */
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openSqlite } from '../../../adapters/node/sqlite.ts'
import { seededRng } from '../../../adapters/random.ts'
import { type OwnStore, openStore } from '../../../device/store/store.ts'
import { temporaryFolder } from '../device-fixture.ts'
import { keepDecision } from './decided.ts'
import { WORD, wordOf } from './words.ts'

let folder = ''
let store: OwnStore
beforeEach(() => {
  folder = temporaryFolder()
  store = openStore(join(folder, 'db'))
})
afterEach(async () => {
  await store.close()
  rmSync(folder, { recursive: true })
})

/** In the file; the journal is emptied first. */
const left = (): ReadonlySet<string> => {
  const db = openSqlite(join(folder, 'db'))
  db.pragma('wal_checkpoint(TRUNCATE)')
  db.close()
  return new Set(readFileSync(join(folder, 'db'), 'latin1').match(WORD))
}

/** Every kind of row that has texts, of any length; words: those of what is there. */
const fill = (seed: string) => {
  const rng = seededRng(seed)
  const words = new Map<string, string[]>()
  let count = 0
  const text = (id: string): string => {
    const word = wordOf(++count)
    words.set(id, [...(words.get(id) ?? []), word])
    return `${word} `.repeat(1 + Math.floor(rng.uniform() ** 6 * 900))
  }
  return {
    rng,
    words,
    add: (id: string) => {
      const messages = Array.from({ length: 1 + rng.int(3) }, (_, i) => ({
        role: i % 2 === 0 ? ('user' as const) : ('assistant' as const),
        content: text(id),
      }))
      keepDecision(store, { id, at: count, messages, answers: [text(id), text(id)] })
      const row = store.decision(id)!
      if (rng.int(2) === 0)
        store.addFeedback(`f${id}`, id, count, { kind: 'edit', decisionId: id, text: text(id) })
      if (rng.int(3) === 0)
        store.decideChoice(row, {
          candidates: [...store.answersOf(row.seq), text(id)],
          shown: [0, 2],
          chosen: 2,
          weight: 1,
          at: count,
        })
      if (rng.int(4) === 0)
        store.addExamples([
          {
            request: text(id),
            wish: null,
            isRelevant: true,
            weight: 1,
            isUndo: true,
            decision: id,
          },
        ])
      if (rng.int(8) === 0)
        store.addProposals([
          {
            id: `p${id}`,
            at: count,
            dimension: 'emoji',
            direction: 1,
            sentence: '',
            said: text(id),
            decisionId: id,
          },
        ])
    },
    drop: (id: string) => {
      for (const { kind, seq } of store.relatedTo([id])) {
        if (kind === 'c') store.dropChoice(seq)
        if (kind === 'e') store.dropExample(seq)
      }
      store.dropFeedback(id)
      store.dropProposalsOf(id)
      store.dropDecision(store.decision(id)!.seq)
      words.delete(id)
    },
  }
}

test.each(['a', 'b', 'c'])('whatever is added and erased in whatever order, %s', (seed) => {
  const { rng, words, add, drop } = fill(seed)
  let next = 0
  for (let i = 0; i < 400; i++) add(`d${next++}`)
  for (let round = 0; round < 10; round++) {
    const ids = rng.shuffle([...words.keys()]).slice(0, 40)
    for (const id of ids) drop(id)
    for (let i = 0; i < 20; i++) add(`d${next++}`)
    // Beyond 300 examples and 20 proposals the oldest have gone by themselves.
    const found = left()
    const there = new Set([...words.values()].flat())
    expect([...found].filter((word) => !there.has(word))).toEqual([])
    expect([...words.keys()].every((id) => found.has(words.get(id)![0]!))).toBe(true)
  }
})

test.each(['a', 'b', 'c'])('the bytes of an update that was dropped or sent, %s', async (seed) => {
  const rng = seededRng(seed)
  const there = new Map<string, string>()
  const gone: string[] = []
  for (let at = 0; at < 400; at++) {
    const [roundId, word] = [`${'r'.repeat(rng.int(20))}${at}`, wordOf(at)]
    const count = [3, 30, 100, 300, 3000, 30_000][rng.int(6)]!
    const kept = { jobId: 'job', uploadToken: 'token', digest: 'd', at }
    store.savePending({ ...kept, roundId, bytes: Buffer.from(`${word} `.repeat(count)) })
    there.set(roundId, word)
    if (rng.int(3) === 0) continue
    const id = rng.shuffle([...there.keys()])[0]!
    gone.push(there.get(id)!)
    there.delete(id)
    if (rng.int(2) === 0) store.dropUpload(id, 'forgotten')
    else store.settleUpload(id, 'accepted', null)
  }
  const found = left()
  expect(gone.filter((word) => found.has(word))).toEqual([])
  expect([...there.values()].every((word) => found.has(word))).toBe(true)
})
