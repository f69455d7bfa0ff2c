import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type Database from 'better-sqlite3'
import { expect, test } from 'vitest'
import { openSqlite } from '../../../adapters/node/sqlite.ts'
import { forgetConversation } from '../../../device/store/forget.ts'
import { newDecision } from '../../../device/store/new-decision.ts'
import { openStore } from '../../../device/store/store.ts'
import { temporaryFolder } from '../device-fixture.ts'

const APART_MS = 78_000
const START = 1_700_000_000_000

/** Decisions of a conversation each, with what a request leaves beside them. */
const filled = async (count: number, folder: string, open: (path: string) => Database.Database) => {
  const store = openStore(join(folder, 'db'), { open })
  store.limitTo(1e10)
  for (let from = 0; from < count; from += 1000)
    await store.durably((tx) => {
      for (let i = from; i < Math.min(count, from + 1000); i++) {
        const [at, suffix] = [START + i * APART_MS, `c_${i}`]
        const messages = [{ role: 'user' as const, content: `Question ${i}, ${'on '.repeat(100)}` }]
        tx.saveDecision(newDecision(store, at, { messages }, { id: `d${i}`, suffix, app: 'a' }))
        tx.answerDecision(`d${i}`, {
          at,
          answers: [{ text: `Answer ${i}, ${'so '.repeat(150)}`, messageId: `msg_${i}` }],
          shown: [0],
          served: 0,
          propensity: 1,
          explored: false,
        })
        if (i % 10 === 0) tx.addFeedback(`f${i}`, `d${i}`, at, { kind: 'thumbs', value: 1 })
        const keys = [{ key: `key of the turn ${i}`.padEnd(22), isText: true }]
        tx.saveSuffix({ block: 'block', preferences: [], conversation: suffix, at }, keys)
        const entry = { recipient: 'claude' as const, what: 'messages', bytes: 1 }
        tx.log({ ...entry, at, digest: i.toString(16).padStart(64, 'a') })
      }
    })
  return store
}

/** What SQLite is asked in forgetting one conversation of so many, values filled in. */
const statementsOf = async (count: number): Promise<{ sql: string[]; scans: string[] }> => {
  const folder = temporaryFolder()
  let sql: string[] = []
  let database: Database.Database | undefined
  const open = (path: string) => {
    database = openSqlite(path, { verbose: (statement) => sql.push(String(statement)) })
    return database
  }
  const store = await filled(count, folder, open)
  try {
    sql = []
    await forgetConversation(store, { messageId: 'msg_40' })
    const asked = sql.filter((statement) =>
      /^\s*(?:SELECT|INSERT|UPDATE|DELETE|WITH)/i.test(statement),
    )
    return { sql: asked, scans: asked.flatMap((statement) => scansOf(database!, statement)) }
  } finally {
    await store.close()
    rmSync(folder, { recursive: true })
  }
}

/** Tables that do not grow with what was asked: rounds, distinct blocks, a cache with a bound. */
const FEW = new Set(['sqlite_master', 'uploads', 'masked_rounds', 'suffixes', 'pooled'])

const scansOf = (database: Database.Database, sql: string): string[] =>
  database
    .prepare<[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql.replaceAll(/\bInf\b/g, '9e999')}`)
    .all()
    .filter(({ detail }) => /^SCAN (?!CONSTANT)/.test(detail) && !FEW.has(detail.split(' ')[1]!))
    .map(({ detail }) => `${detail}: ${sql}`)

test('forgetting a conversation asks for as much whether there are fifty or a thousand, and reads through no table', async () => {
  const [few, many] = [await statementsOf(50), await statementsOf(1000)]
  expect(many.sql.length).toBe(few.sql.length)
  expect(many.scans).toEqual([])
})
