/**
 * One agent a home. The lock is the operating system's, on a small SQLite file: it ends with the process, however that ends, so there
 * is never a stale one to judge by a process id. Who holds it can be read.
 */
import Database from 'better-sqlite3'
import { FedError } from '../../adapters/errors.ts'

/** startedAt: milliseconds since 1970. */
export type Holder = { readonly pid: number; readonly startedAt: number }
export type Lock = { release(): void }

/** Fails with E_CONFLICT while another process, or this one, holds it. */
export const takeLock = (path: string, holder: Holder): Lock => {
  const db = openFile(path, PROBE_MS)
  try {
    // From here to the second BEGIN another may come first: then it is told of us, and we fail.
    db.exec('BEGIN IMMEDIATE; DELETE FROM holder')
    db.prepare('INSERT INTO holder VALUES (?, ?)').run(holder.pid, holder.startedAt)
    db.exec('COMMIT; BEGIN IMMEDIATE')
  } catch (cause) {
    const other = readHolder(db)
    db.close()
    if (!isBusy(cause)) throw cause
    const who = other
      ? `process ${other.pid}, since ${new Date(other.startedAt).toISOString()}`
      : 'another process'
    throw new FedError('E_CONFLICT', `an agent of this home runs already: ${who}`, { cause })
  }
  return { release: () => void db.close() }
}

/** Who holds it now; null when nobody does. */
export const lockHolder = (path: string): Holder | null => {
  const db = openFile(path, 0)
  try {
    db.exec('BEGIN IMMEDIATE; ROLLBACK')
    return null
  } catch (error) {
    if (!isBusy(error)) throw error
    return readHolder(db)
  } finally {
    db.close()
  }
}

/** lockHolder holds the lock for an instant: whoever takes it waits that out. */
const PROBE_MS = 200

const openFile = (path: string, timeout: number): Database.Database => {
  const db = new Database(path, { timeout })
  try {
    db.exec('CREATE TABLE IF NOT EXISTS holder (pid INTEGER NOT NULL, started_at REAL NOT NULL)')
  } catch (error) {
    if (!isBusy(error)) throw error
  }
  return db
}

const readHolder = (db: Database.Database): Holder | null =>
  db.prepare<[], Holder>('SELECT pid, started_at AS startedAt FROM holder').get() ?? null

const isBusy = (error: unknown): boolean => (error as { code?: string }).code === 'SQLITE_BUSY'
