import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openSqlite } from '../../../adapters/node/sqlite.ts'
import { openStore } from '../../../device/store/store.ts'
import { temporaryFolder } from '../device-fixture.ts'

const digestOf = (n: number) => n.toString(16).padStart(4, '0').repeat(16)

test('digests of requests to Claude are erased by time, all others stay', () => {
  const store = openStore(':memory:')
  const entry = { recipient: 'claude' as const, what: 'messages', bytes: 1 }
  for (const at of [1, 2, 3]) store.log({ ...entry, at, digest: digestOf(at) })
  store.log({ ...entry, at: 2, digest: '' })
  store.log({ ...entry, recipient: 'federation', at: 2, digest: digestOf(9) })
  expect(store.eraseDigests(2, 3)).toBe(2)
  expect(store.eraseDigests(2, 3)).toBe(0)
  expect(store.outbox().map(({ digest }) => digest)).toEqual([digestOf(9), '', '', '', digestOf(1)])
})

test('an erased digest is nowhere in the file, whatever was erased before it', async () => {
  const folder = temporaryFolder()
  try {
    const path = join(folder, 'db')
    const store = openStore(path)
    for (let at = 1; at <= 3000; at++)
      store.log({ at, recipient: 'claude', what: 'messages', bytes: at, digest: digestOf(at) })
    for (let at = 1; at <= 3000; at += 3) store.eraseDigests(at, at + (at % 2))
    const left = store.outbox().map(({ digest }) => digest)
    await store.close()
    const db = openSqlite(path)
    db.pragma('wal_checkpoint(TRUNCATE)')
    db.close()
    const bytes = readFileSync(path).toString('latin1')
    for (const [i, digest] of left.reverse().entries())
      expect([i + 1, bytes.includes(digestOf(i + 1))]).toEqual([i + 1, digest !== ''])
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('sums of an earlier version are those of its log', async () => {
  const folder = temporaryFolder()
  try {
    const path = join(folder, 'db')
    const db = openSqlite(path)
    db.exec(`CREATE TABLE outbox (seq INTEGER PRIMARY KEY, at REAL NOT NULL, recipient TEXT NOT NULL, what TEXT NOT NULL, bytes INTEGER NOT NULL, digest TEXT NOT NULL);
      INSERT INTO outbox (at, recipient, what, bytes, digest) VALUES (1, 'claude', 'messages', 7, ''), (2, 'claude', 'messages', 8, '')`)
    db.close()
    for (let times = 0; times < 2; times++) {
      const store = openStore(path)
      expect(store.outboxSums()).toEqual([{ recipient: 'claude', entries: 2, bytes: 15 }])
      await store.close()
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
})
