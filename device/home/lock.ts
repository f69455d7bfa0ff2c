/**
 * One owner of a home. The lock is the operating system's, on a small SQLite file: it ends with the
 * process, however that ends, so there is never a stale one to judge by a process id. Who holds it
 * can be read.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type Database from 'better-sqlite3'
import { FedError } from '../../adapters/errors.ts'
import { openSqlite } from '../../adapters/node/sqlite.ts'

/**
 * command: what it is doing, such as `agent` or `profile set`. startedAt: milliseconds since 1970.
 * port: of its API on this computer; null where it has none.
 */
export type Holder = {
  readonly pid: number
  readonly startedAt: number
  readonly command: string
  readonly version: string
  readonly port: number | null
}
export type Lock = { release(): void }

/** A file that is locked, and how it tells by whom. */
type LockFile = {
  readonly name: string
  readonly columns: string
  readonly values: (holder: Holder) => readonly (string | number)[]
  readonly read: (row: Record<string, unknown>) => Holder
}

const HOME: LockFile = {
  name: 'home.lock',
  columns: 'record TEXT NOT NULL',
  values: (holder) => [JSON.stringify(holder)],
  read: (row) => JSON.parse(String(row['record'])) as Holder,
}

/** Of versions in which an agent alone held one. Taken as well where there is one. */
const EARLIER: LockFile = {
  name: 'agent.lock',
  columns: 'pid INTEGER NOT NULL, started_at REAL NOT NULL',
  values: ({ pid, startedAt }) => [pid, startedAt],
  read: (row) => ({
    pid: Number(row['pid']),
    startedAt: Number(row['started_at']),
    command: 'agent',
    version: 'an earlier one',
    port: null,
  }),
}

/** The lock, or who holds it; null: somebody who cannot be told yet. */
export const tryLock = (folder: string, holder: Holder): Lock | { other: Holder | null } => {
  const held: Database.Database[] = []
  for (const file of lockFiles(folder)) {
    const taken = takeFile(join(folder, file.name), file, holder)
    if ('other' in taken) {
      for (const db of held) db.close()
      return taken
    }
    if (taken.db) held.push(taken.db)
  }
  return {
    release: () => {
      for (const db of held.splice(0).toReversed()) db.close()
    },
  }
}

/** Tries again until it is free or the time is over: then E_CONFLICT, which says who holds it. */
export const takeLock = async (
  folder: string,
  holder: Holder,
  waitMs: number,
  sleep: (ms: number) => Promise<void>,
  todo?: string,
): Promise<Lock> => {
  const until = performance.now() + waitMs
  for (;;) {
    const taken = tryLock(folder, holder)
    if ('release' in taken) return taken
    // Who reads the lock holds it for an instant, so one failure says nothing.
    if (performance.now() > until) throw heldBy(folder, taken.other, todo)
    await sleep(POLL_MS)
  }
}
const POLL_MS = 25

/** What stands in the way, and what to do about it. */
export const heldBy = (folder: string, other: Holder | null, todo?: string): FedError =>
  new FedError(
    'E_CONFLICT',
    other === null
      ? `another process works with ${folder}: try again when it has ended`
      : `\`loreweave ${other.command}\` works with ${folder}, as process ${other.pid}, since ${new Date(other.startedAt).toISOString()}: ${todo ?? 'try again when it has ended'}`,
  )

/** Who holds it now; null when nobody does, or nobody can. */
export const lockHolder = (folder: string): Holder | null => {
  for (const file of lockFiles(folder)) {
    const path = join(folder, file.name)
    if (!existsSync(path)) continue
    let db: Database.Database | null = null
    try {
      db = openSqlite(path, { timeout: 0 })
      db.exec('BEGIN IMMEDIATE; ROLLBACK')
    } catch (error) {
      if (db && isBusy(error)) return readHolder(db, file)
      if (!isFull(error) && !isReadOnly(error)) throw error
    } finally {
      db?.close()
    }
  }
  return null
}

const lockFiles = (folder: string): LockFile[] => [
  ...(existsSync(join(folder, EARLIER.name)) ? [EARLIER] : []),
  HOME,
]

type Taken = { readonly db: Database.Database | null } | { readonly other: Holder | null }

/** db: held; null where the file cannot be written or made, and so nothing of this home can. */
const takeFile = (path: string, file: LockFile, holder: Holder): Taken => {
  let db: Database.Database | null = null
  try {
    db = openSqlite(path, { timeout: 0 })
    // Lost with the power, like the processes that it tells of.
    db.pragma('synchronous = NORMAL')
    return hold(db, file, holder)
  } catch (error) {
    if (db && isFull(error)) return holdOnFull(db, file, holder)
    const other = db && isBusy(error) ? readHolder(db, file) : null
    db?.close()
    if (isBusy(error)) return { other }
    if (isReadOnly(error)) return { db: null }
    throw error
  }
}

const hold = (db: Database.Database, file: LockFile, holder: Holder): Taken => {
  const values = file.values(holder)
  db.exec(`CREATE TABLE IF NOT EXISTS holder (${file.columns})`)
  for (;;) {
    db.exec('BEGIN IMMEDIATE; DELETE FROM holder')
    db.prepare(`INSERT INTO holder VALUES (${values.map(() => '?')})`).run(...values)
    // From here to the second BEGIN another may come first; then it is told of us, and we fail.
    db.exec('COMMIT; BEGIN IMMEDIATE')
    const told = readHolder(db, file)
    if (told?.pid === holder.pid && told.startedAt === holder.startedAt) return { db }
    // It has come and gone in between, and it is still told of.
    db.exec('ROLLBACK')
  }
}

/** On a full disk: written over what is there, without a journal beside it. */
const holdOnFull = (db: Database.Database, file: LockFile, holder: Holder): Taken => {
  try {
    if (db.inTransaction) db.exec('ROLLBACK')
    db.pragma('journal_mode = MEMORY')
    return hold(db, file, holder)
  } catch (error) {
    const other = isBusy(error) ? readHolder(db, file) : null
    db.close()
    if (isBusy(error)) return { other }
    // There was no such file yet.
    if (isFull(error)) return { db: null }
    throw error
  }
}

const readHolder = (db: Database.Database, file: LockFile): Holder | null => {
  try {
    const row = db.prepare<[], Record<string, unknown>>('SELECT * FROM holder').get()
    return row ? file.read(row) : null
  } catch {
    // It is being written, or was never told.
    return null
  }
}

const codeOf = (error: unknown): string => String((error as { code?: unknown }).code)
const isBusy = (error: unknown): boolean => codeOf(error).startsWith('SQLITE_BUSY')
const isFull = (error: unknown): boolean => /^SQLITE_(FULL|IOERR)/.test(codeOf(error))
const isReadOnly = (error: unknown): boolean => /^SQLITE_(READONLY|CANTOPEN)/.test(codeOf(error))
