/** One engine for many readers: each text is pooled once per set of adapters. */

import { openSqlite } from '../../adapters/node/sqlite.ts'
import type { Engine } from '../../device/engine/engine.ts'
import { cachePooled, type PooledCache } from '../../device/reward/choice-features.ts'

/**
 * Remembers pooled states in memory, and in `kept` where it is given; queues the calls, so that a
 * text asked for by two devices at once is computed once. Closing it is left to whoever opened the
 * engine.
 */
export const rememberPooled = (engine: Engine, weights: string, kept?: PooledCache): Engine => {
  const states = new Map<string, Float32Array>()
  const cached = cachePooled(engine, weights, {
    pooled: (key) => {
      const known = states.get(key) ?? kept?.pooled(key)
      if (known) states.set(key, known)
      return known
    },
    savePooled: (key, state, at) => {
      states.set(key, state)
      kept?.savePooled(key, state, at)
    },
  })
  let last: Promise<unknown> = Promise.resolve()
  return {
    ...cached,
    pooled: (inputs, options) => {
      const next = last.then(() => cached.pooled(inputs, options))
      last = next.catch(() => undefined)
      return next
    },
    close: async () => {},
  }
}

/**
 * Pooled states in an SQLite file. What is saved in one turn of the loop is committed together:
 * after a kill a batch is there or not, so that the rest is computed in the same batches and comes
 * out the same.
 */
export const openPooledFile = (path: string): PooledCache & { close(): void } => {
  const db = openSqlite(path)
  db.pragma('journal_mode = WAL')
  db.pragma('synchronous = NORMAL')
  db.pragma('busy_timeout = 10000')
  db.exec('CREATE TABLE IF NOT EXISTS pooled (key TEXT PRIMARY KEY, state BLOB NOT NULL)')
  const read = db.prepare<[string], Buffer>('SELECT state FROM pooled WHERE key = ?').pluck()
  const write = db.prepare('INSERT OR IGNORE INTO pooled VALUES (?, ?)')
  const commit = () => {
    if (db.open && db.inTransaction) db.exec('COMMIT')
  }
  return {
    pooled: (key) => {
      const state = read.get(key)
      // A copy: a Buffer's offset need not be a multiple of 4.
      return state && new Float32Array(new Uint8Array(state).buffer)
    },
    savePooled: (key, state) => {
      if (!db.inTransaction) {
        db.exec('BEGIN IMMEDIATE')
        queueMicrotask(commit)
      }
      write.run(key, new Uint8Array(state.buffer, state.byteOffset, state.byteLength))
    },
    close: () => {
      commit()
      db.close()
    },
  }
}
