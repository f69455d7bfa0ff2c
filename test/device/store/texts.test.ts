import { rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ChatMessage } from '../../../adapters/formats/choice-log.ts'
import { openSqlite } from '../../../adapters/node/sqlite.ts'
import { lastMessages } from '../../../device/store/new-decision.ts'
import { type OwnStore, openStore } from '../../../device/store/store.ts'
import { FIRST_KEY } from '../../../device/store/texts.ts'
import { shortChoices, temporaryFolder } from '../device-fixture.ts'
import { keepDecision } from './decided.ts'

let folder = ''
let path = ''
let store: OwnStore
beforeEach(() => {
  folder = temporaryFolder()
  path = join(folder, 'db')
  store = openStore(path)
})
afterEach(async () => {
  await store.close()
  rmSync(folder, { recursive: true })
})

const user = (content: ChatMessage['content']): ChatMessage => ({ role: 'user', content })
const assistant = (content: string): ChatMessage => ({ role: 'assistant', content })
const image = (seed: number, kilobytes = 8) => ({
  type: 'image',
  source: {
    type: 'base64',
    media_type: 'image/png',
    data: `${seed}`.padStart(16).repeat(64 * kilobytes),
  },
})

/** Rows of a table, as another connection sees them; without texts that were erased. */
const count = (table: string): number => {
  const db = openSqlite(path, { readonly: true })
  try {
    const where = table === 'texts' ? ` WHERE key >= '${FIRST_KEY}'` : ''
    return db.prepare(`SELECT COUNT(*) FROM ${table}${where}`).pluck().get() as number
  } finally {
    db.close()
  }
}
const fileBytes = (): number => {
  const db = openSqlite(path)
  db.pragma('wal_checkpoint(TRUNCATE)')
  db.close()
  return statSync(path).size
}
const drop = (id: string) => store.dropDecision(store.decision(id)!.seq)

describe('of a request', () => {
  test('the text is kept, and of images, documents and tool results their type and size', () => {
    const blocks = [
      image(1),
      { type: 'text', text: 'What is it?' },
      { type: 'document', source: {} },
    ]
    keepDecision(store, { id: 'd1', messages: [user(blocks)] })
    const [turn] = store.turnsOf(store.decision('d1')!)
    expect(turn).toMatchObject({
      role: 'user',
      text: 'What is it?',
      other: [
        { type: 'image', bytes: 20 + image(1).source.data.length },
        { type: 'document', bytes: 8 },
      ],
    })
  })

  test('a long text keeps its beginning and its end, a long answer its beginning', () => {
    const [long, answer] = [`first ${'x'.repeat(100_000)} last`, 'y'.repeat(100_000)]
    keepDecision(store, { id: 'd1', messages: [user(long)], system: long, answers: [answer] })
    const row = store.decision('d1')!
    for (const text of [lastMessages(store, row).messages[0]!.content, store.systemOf(row)!]) {
      expect(text).toHaveLength(20_485)
      expect(text).toMatch(/^first x.*x last$/s)
    }
    expect(store.answersOf(row.seq)).toEqual(['y'.repeat(65_536)])
  })

  test('forty turns with images take what their texts take', () => {
    const messages: ChatMessage[] = []
    for (let i = 0; i < 40; i++) {
      messages.push(user([image(i), { type: 'text', text: `Question ${i}` }]))
      keepDecision(store, { id: `d${i}`, messages: [...messages], answers: [`Answer ${i}`] })
      messages.push(assistant(`Answer ${i}`))
    }
    expect([count('turns'), count('texts')]).toEqual([79, 80])
    expect(fileBytes()).toBeLessThan(400_000)
  })
})

describe('a conversation', () => {
  const first = [user('One'), assistant('two'), user('three')]

  test('shares what it has in common with another one, also of another system prompt', () => {
    keepDecision(store, { id: 'd1', messages: first, system: 'It is 12:01.' })
    keepDecision(store, {
      id: 'd2',
      messages: [...first, assistant('four'), user('five')],
      system: 'It is 12:02.',
    })
    keepDecision(store, { id: 'd3', messages: [...first.slice(0, 2), user('other')] })
    expect(count('turns')).toBe(6)
    expect(lastMessages(store, store.decision('d2')!).messages).toHaveLength(5)
  })

  test('whose beginning the app cuts off repeats no text', () => {
    for (let i = 0; i < 20; i++)
      keepDecision(store, {
        id: `d${i}`,
        messages: Array.from({ length: 6 }, (_, j) => user(`message ${i + j}`)),
      })
    expect(count('texts')).toBe(25)
    expect(lastMessages(store, store.decision('d19')!).messages.map((m) => m.content)).toEqual(
      [19, 20, 21, 22, 23, 24].map((n) => `message ${n}`),
    )
  })

  test('whose turn goes keeps what later turns and its choice say', () => {
    keepDecision(store, { id: 'd1', messages: first, answers: ['four', 'five'] })
    keepDecision(store, { id: 'd2', messages: [...first, assistant('four'), user('six')] })
    const decided = { candidates: ['four', 'five'], shown: [0, 1], chosen: 1, weight: 1, at: 1 }
    store.decideChoice(store.decision('d1')!, decided)
    drop('d1')
    expect(lastMessages(store, store.decision('d2')!).messages).toHaveLength(5)
    expect(store.choices()[0]).toMatchObject({ messages: first, candidates: ['four', 'five'] })
    drop('d2')
    expect(count('turns')).toBe(0)
    expect(store.choices()[0]).toMatchObject({ messages: first })
    store.dropChoice(store.choiceRows(1)[0]!.seq)
    expect(['turns', 'texts', 'choice_texts', 'answers', 'openings'].map(count)).toEqual([
      0, 0, 0, 0, 0,
    ])
  })

  test('reads back whatever is added and dropped, in any order, and leaves nothing behind', () => {
    const word = fc.constantFrom('a', 'b', 'c')
    const talk = fc.array(word, { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(
        fc.array(talk, { minLength: 1, maxLength: 8 }),
        fc.infiniteStream(fc.nat()),
        (talks, order) => {
          const memory = openStore(':memory:')
          const left = new Map(talks.map((talk, i) => [`d${i}`, talk]))
          for (const [id, talk] of left)
            keepDecision(memory, { id, messages: talk.map(user), answers: [talk.join()] })
          while (left.size > 0) {
            for (const [id, talk] of left) {
              const row = memory.decision(id)!
              expect(lastMessages(memory, row).messages.map((m) => m.content)).toEqual(talk)
              expect(memory.answersOf(row.seq)).toEqual([talk.join()])
            }
            const id = [...left.keys()][order.next().value! % left.size]!
            memory.dropDecision(memory.decision(id)!.seq)
            left.delete(id)
          }
          expect(memory.keptBytes()).toBe(0)
        },
      ),
      { numRuns: 30 },
    )
  })
})

describe('a budget', () => {
  const text = (i: number) => `${i} ${'word '.repeat(2000)}`

  test('is held: the oldest decisions go first, with the feedback on them; choices stay', () => {
    store.limitTo(200_000)
    for (let i = 0; i < 60; i++) {
      keepDecision(store, { id: `d${i}`, messages: [user(text(i))], answers: ['p', 'q'] })
      store.addFeedback(`f${i}`, `d${i}`, i, { kind: 'keep', decisionId: `d${i}` })
      if (i === 0) {
        const decided = { candidates: ['p', 'q'], shown: [0, 1], chosen: 0, weight: 1, at: 1 }
        store.decideChoice(store.decision('d0')!, decided)
      }
    }
    const kept = store.decisions(99)
    expect(kept.length).toBeGreaterThan(10)
    expect(kept.map((d) => d.id)).toEqual(kept.map((_, i) => `d${59 - i}`))
    expect(store.keptBytes()).toBeLessThanOrEqual(200_000)
    expect(store.feedback().map((f) => f.decisionId)).toEqual(kept.map((d) => d.id))
    expect(store.choices()).toMatchObject([{ id: 'd0', messages: [user(text(0))] }])
  })

  test('bounds the file as well, however many decisions have gone', () => {
    store.limitTo(200_000)
    const sizes: number[] = []
    for (let i = 0; i < 300; i++) {
      keepDecision(store, { id: `d${i}`, messages: [user(text(i))] })
      if (i % 100 === 99) sizes.push(fileBytes())
    }
    expect(sizes[2]).toBeLessThan(1.2 * sizes[0]!)
    expect(store.erasedBytes()).toBeGreaterThanOrEqual(0)
    expect(store.erasedBytes()).toBeLessThan(60_000)
  })

  test('that choices alone exceed takes the oldest of them', () => {
    store.limitTo(50_000)
    for (const [i, choice] of shortChoices(40).entries())
      store.addChoice({ ...choice, messages: [user(text(i))] }, 'import')
    const rows = store.choiceRows(99)
    expect(rows.length).toBeGreaterThan(2)
    expect(rows.map((c) => c.id)).toEqual(rows.map((_, i) => `ada-${39 - i}`))
    expect(store.keptBytes()).toBeLessThanOrEqual(50_000)
  })

  test('that is made smaller is reached a few decisions at a time', () => {
    for (let i = 0; i < 50; i++) keepDecision(store, { id: `d${i}`, messages: [user(text(i))] })
    store.limitTo(100_000)
    keepDecision(store, { id: 'next' })
    expect(store.decisions(99)).toHaveLength(31)
    for (let i = 0; i < 3; i++) keepDecision(store, { id: `last${i}` })
    expect(store.keptBytes()).toBeLessThan(100_000)
    expect(store.decision('last2')).toBeDefined()
  })
})

test('what is counted is what there is, also after it was opened again', async () => {
  const sums = () => {
    const db = openSqlite(path, { readonly: true })
    const n = (sql: string) => db.prepare(sql).pluck().get() as number
    const bytes = n(`SELECT (SELECT COALESCE(SUM(900 + octet_length(info)), 0) FROM decisions)
      + (SELECT COALESCE(SUM(80 + octet_length(body)), 0) FROM texts WHERE key >= '${FIRST_KEY}')
      + (SELECT 180 * COUNT(*) FROM turns) + (SELECT 100 * COUNT(*) FROM answers)
      + (SELECT COALESCE(SUM(500 + octet_length(body)), 0) FROM choices)
      + (SELECT COALESCE(SUM(150 + octet_length(body)), 0) FROM feedback)`)
    const all = [bytes, n('SELECT COUNT(*) FROM choices')]
    db.close()
    return all
  }
  for (let i = 0; i < 5; i++) {
    keepDecision(store, {
      id: `d${i}`,
      messages: [user(`grüße ${i % 3}`)],
      answers: ['p', `q${i}`],
    })
    store.addFeedback(`f${i}`, `d${i}`, i, { kind: 'edit', decisionId: `d${i}`, text: 'ö' })
    store.addDecisionInfo(`d${i}`, { cost: { model: 'm', tokens: 1, usd: 0 } })
  }
  for (const choice of shortChoices(3)) store.importChoice(choice.id, choice, 1)
  store.importChoice('ada-1', { ...shortChoices(2)[1]!, chosen: 0 }, 1)
  drop('d1')
  expect([store.keptBytes(), store.countChoices()]).toEqual(sums())
  expect(store.countChoices()).toBe(3)
  await store.close()
  store = openStore(path)
  expect([store.keptBytes(), store.countChoices()]).toEqual(sums())
})

test('words are found in any case, however their letters are composed and their lines are broken', () => {
  const said = [
    'The ÜBERWORT of the Straße',
    'ένας Κύκλος',
    'before\0behind the zero',
    'the old\n  flat',
    'Cafe\u0301 at noon',
  ]
  for (const [i, text] of said.entries())
    keepDecision(store, { id: `d${i}`, messages: [user(text)] })
  for (const words of [
    'überwort',
    'STRASSE',
    'ΈΝΑΣ κύκλοσ',
    'Behind The',
    'The old flat',
    'CAFÉ',
  ]) {
    const { found } = store.textsWith(words, 0)
    expect(found, words).toHaveLength(1)
  }
  expect(store.textsWith('uberwort', 0).found).toEqual([])
})

test('a search through long texts pauses, and leaves none out', () => {
  const said = Array.from({ length: 400 }, (_, i) => `${i} `.repeat(2000))
  for (const [i, text] of said.entries())
    keepDecision(store, { id: `d${i}`, messages: [user(text)] })
  const found: number[] = []
  let parts = 0
  for (let at: number | null = 0; at !== null; parts++) {
    const part = store.textsWith('0 ', at)
    found.push(...part.found)
    at = part.next
  }
  expect(parts).toBeGreaterThan(1)
  expect(found).toHaveLength(40)
})
