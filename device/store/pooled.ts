/** Table of the device's store for states of the local model: it can compute them again. */
import type { Run } from './run.ts'

/** at: null where the state is of a version that did not keep the time. */
export const POOLED_SCHEMA = `
CREATE TABLE IF NOT EXISTS pooled (
  seq INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, state BLOB NOT NULL
);
`
/** Columns that tables of earlier versions lack. */
export const POOLED_COLUMNS = ['at REAL']

/** Rows that go for one that comes, where there are too many. */
const AT_ONCE = 20
const KEPT_MS = 90 * 24 * 3600_000

export const pooledTable = (run: Run) => {
  let maxBytes = Number.POSITIVE_INFINITY
  return {
    /** A state takes 2.3 kB for the default model. */
    limitPooled: (bytes: number): void => {
      maxBytes = bytes
    },
    pooled: (key: string): Float32Array | undefined => {
      const row = run.one<{ state: Buffer }>('SELECT state FROM pooled WHERE key = ?', key)
      // A copy: a Buffer's offset need not be a multiple of 4.
      return row && new Float32Array(new Uint8Array(row.state).buffer)
    },
    /** at: when; without it the state goes whenever something is forgotten. */
    savePooled: (key: string, state: Float32Array, at?: number): void => {
      const bytes = new Uint8Array(state.buffer, state.byteOffset, state.byteLength)
      run.add('pooled', { key, state: bytes, at: at ?? null }, 'IGNORE')
      run.change(
        `DELETE FROM pooled WHERE seq IN (SELECT seq FROM pooled
         WHERE seq <= (SELECT MAX(seq) FROM pooled) - ? ORDER BY seq LIMIT ?)`,
        Math.floor(maxBytes / bytes.length),
        AT_ONCE,
      )
    },
    /** States that were kept since then: they do not say which text they are of. */
    eraseStatesSince: (at: number): void =>
      void run.change('DELETE FROM pooled WHERE at IS NULL OR at >= ?', at),
    /** Drops those older than 90 days: what is still read is computed again. */
    trimPooled: (now: number): void =>
      void run.change('DELETE FROM pooled WHERE at IS NULL OR at < ?', now - KEPT_MS),
  }
}
