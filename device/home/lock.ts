/**
 * Ensures one owner of a home. The lock is the operating system's, on a small SQLite file. It ends
 * with the process, however that ends, so no stale lock ever has to be judged by a process id. The
 * file names the holder.
 */
import { chmodSync, closeSync, existsSync, openSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type Database from 'better-sqlite3'
import { FedError } from '../../adapters/errors.ts'
import { openSqlite } from '../../adapters/node/sqlite.ts'

/**
 * command: such as `agent` or `profile set`. startedAt: milliseconds since 1970. port: of its API
 * on this computer; null without one.
 */
export type Holder = {
  readonly pid: number
  readonly startedAt: number
  readonly command: string
  readonly version: string
  readonly port: number | null
}
export type Lock = { release(): void }

/** A lock file and the format of its holder record. */
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

/** Lock of earlier versions, held by an agent only. Taken too if the file exists. */
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

/** The lock, or its holder; null: a holder that is not known yet. */
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

/**
 * Retries until the lock is free or the time is over. Then fails with E_CONFLICT, naming the
 * holder.
 */
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
    // Reading the holder takes the lock for an instant, so one failure says nothing.
    if (performance.now() > until) throw heldBy(folder, taken.other, todo)
    await sleep(POLL_MS)
  }
}
const POLL_MS = 25

/** The error that names the holder and what to do. */
export const heldBy = (folder: string, other: Holder | null, todo?: string): FedError =>
  new FedError(
    'E_CONFLICT',
    other === null
      ? `another process is using ${folder}: try again when it has ended`
      : `\`loreweave ${other.command}\` is using ${folder}, as process ${other.pid}, since ` +
          `${new Date(other.startedAt).toISOString()}: ${todo ?? 'try again when it has ended'}`,
  )

/** The present holder; null if there is none, or there can be none. */
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

/**
 * db: the lock; null if the file cannot be written or made, in which case nothing in this home can.
 */
const takeFile = (path: string, file: LockFile, holder: Holder): Taken => {
  let db: Database.Database | null = null
  try {
    makePrivate(path)
    db = openSqlite(path, { timeout: 0 })
    // A power loss ends the processes it names as well.
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

/** Lets only the user read and lock the file. SQLite reports what goes wrong here. */
const makePrivate = (path: string): void => {
  try {
    const found = statSync(path, { throwIfNoEntry: false })
    // Opening an existing file, and closing it, would end this process's own lock on it.
    if (!found) closeSync(openSync(path, 'wx', 0o600))
    else if ((found.mode & 0o077) !== 0) chmodSync(path, 0o600)
  } catch {}
}

const hold = (db: Database.Database, file: LockFile, holder: Holder): Taken => {
  const values = file.values(holder)
  db.exec(`CREATE TABLE IF NOT EXISTS holder (${file.columns})`)
  for (;;) {
    db.exec('BEGIN IMMEDIATE; DELETE FROM holder')
    db.prepare(`INSERT INTO holder VALUES (${values.map(() => '?')})`).run(...values)
    // Between COMMIT and the second BEGIN another process may take the lock. It then sees our
    // record, and our BEGIN fails.
    db.exec('COMMIT; BEGIN IMMEDIATE')
    const told = readHolder(db, file)
    if (told?.pid === holder.pid && told.startedAt === holder.startedAt) return { db }
    // It has come and gone in between, and the file still names it.
    db.exec('ROLLBACK')
  }
}

/** On a full disk: overwrites the record, without a journal file. */
const holdOnFull = (db: Database.Database, file: LockFile, holder: Holder): Taken => {
  try {
    if (db.inTransaction) db.exec('ROLLBACK')
    db.pragma('journal_mode = MEMORY')
    return hold(db, file, holder)
  } catch (error) {
    const other = isBusy(error) ? readHolder(db, file) : null
    db.close()
    if (isBusy(error)) return { other }
    // The file did not exist yet.
    if (isFull(error)) return { db: null }
    throw error
  }
}

const readHolder = (db: Database.Database, file: LockFile): Holder | null => {
  try {
    const row = db.prepare<[], Record<string, unknown>>('SELECT * FROM holder').get()
    return row ? file.read(row) : null
  } catch {
    // It is being written, or was never written.
    return null
  }
}

const codeOf = (error: unknown): string => String((error as { code?: unknown }).code)
const isBusy = (error: unknown): boolean => codeOf(error).startsWith('SQLITE_BUSY')
const isFull = (error: unknown): boolean => /^SQLITE_(FULL|IOERR)/.test(codeOf(error))
const isReadOnly = (error: unknown): boolean => /^SQLITE_(READONLY|CANTOPEN)/.test(codeOf(error))
