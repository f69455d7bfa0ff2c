/** The store on better-sqlite3: WAL, every commit flushed, one process per data folder. */
import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'
// Taken here, so that a test's fake timers leave the queue alone.
import { setImmediate } from 'node:timers'
import type Database from 'better-sqlite3'
import { FedError } from '../../adapters/errors.ts'
import { openSqlite } from '../../adapters/node/sqlite.ts'
import { gathering } from './gathering.ts'
import { pendingSteps, SCHEMA_VERSION } from './schema.ts'
import { type Sql, withEnd } from './sql.ts'
import type { SpentNonce, Store } from './store.ts'
import { tablesOf } from './tables.ts'

/**
 * folder: the data folder (made with mode 0700), or ':memory:'.
 * Fails with E_CONFLICT when another process has the folder open, E_DATA when a newer version wrote
 * it.
 */
export const openSqliteStore = (folder: string): Store => {
  const isMemory = folder === ':memory:'
  if (!isMemory) {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    chmodSync(folder, 0o700)
  }
  const lock = isMemory ? undefined : lockFolder(folder)
  try {
    return openSqliteFile(isMemory ? folder : storeFile(folder), () => lock?.close())
  } catch (error) {
    lock?.close()
    throw error
  }
}

/** Of a data folder. */
export const storeFile = (folder: string): string => join(folder, 'loreweave.sqlite')

/** One file, or ':memory:', that nobody else writes. Fails with E_DATA when a newer version wrote it. */
export const openSqliteFile = (path: string, closed: () => void = () => {}): Store => {
  const db = openDatabase(path)
  const sql = sqlOf(db)
  const queue = commitQueue(db)
  const { addNonce, sawDevice } = tablesOf(sql)
  const spend = async ({ deviceId, nonce, expiresAt, seenAt }: SpentNonce) => {
    if (seenAt !== null) await sawDevice(deviceId, seenAt)
    return addNonce(deviceId, nonce, expiresAt)
  }
  const alone: Sql = {
    now: sql.now,
    // Between two commits there is nothing that could still be taken back.
    rows: (query, ...values) =>
      queue.isOpen() ? queue.add(() => sql.rows(query, ...values)) : sql.rows(query, ...values),
    run: (query, ...values) => queue.add(() => sql.run(query, ...values)),
  }
  return {
    ...tablesOf(alone),
    spendNonce: gathering((close) => queue.add(() => inOrder(close(), spend), 'soft')),
    transaction: (work) =>
      // They run one after the other: every lineage is locked already.
      queue.add(() => withEnd(sql, (own) => work({ ...tablesOf(own), lock: async () => {} }))),
    async close() {
      await queue.ended()
      db.close()
      closed()
    },
  }
}

const inOrder = async <T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> => {
  const answers: R[] = []
  for (const item of items) answers.push(await work(item))
  return answers
}

/** Queries are prepared once. */
const sqlOf = (db: Database.Database): Sql => {
  const known = new Map<string, Database.Statement>()
  const prepared = (query: string) => {
    const statement = known.get(query) ?? db.prepare(query)
    known.set(query, statement)
    return statement
  }
  return {
    now: "CAST(unixepoch('subsec') * 1000 AS INTEGER)",
    rows: async (query, ...values) => prepared(query).all(...values) as never,
    run: async (query, ...values) => prepared(query).run(...values).changes,
  }
}

/** soft: the process may die after it, but not the system: the next flush takes it along. */
type Kind = 'flushed' | 'soft'

type Waiting = {
  readonly kind: Kind
  readonly run: () => Promise<void>
  readonly committed: () => void
  readonly failed: (error: unknown) => void
}

/** Works that share a commit at most, so that the first does not wait long for its answer. */
const MAX_SHARING = 64

/**
 * Works run one after the other, each within a savepoint, and those that were asked for in the same
 * turn of the event loop share one commit: one flush of the disk answers many devices. Nobody is
 * answered before that flush; where all are soft, there is none.
 */
const commitQueue = (db: Database.Database) => {
  const waiting: Waiting[] = []
  let running: Promise<void> | undefined
  let isOpen = false
  let flushes = true

  /** Whether the next commit waits for the disk, and for all that came before it. */
  const flush = (does: boolean) => {
    if (does !== flushes) db.pragma(`synchronous = ${does ? 'FULL' : 'NORMAL'}`)
    flushes = does
  }

  const drain = async () => {
    while (waiting.length > 0) {
      await new Promise((resolve) => setImmediate(resolve))
      isOpen = true
      const works = waiting.splice(0, MAX_SHARING)
      await commitTogether(db, works, () => flush(works.some(({ kind }) => kind === 'flushed')))
      isOpen = false
    }
    running = undefined
  }
  return {
    /** Some works are done, and not yet committed. */
    isOpen: () => isOpen,
    ended: async () => running,
    add: <T>(work: () => Promise<T>, kind: Kind = 'flushed'): Promise<T> =>
      new Promise<T>((resolve, reject) => {
        waiting.push({ kind, ...waitingOf(db, work, resolve, reject) })
        running ??= drain()
      }),
  }
}

const waitingOf = <T>(
  db: Database.Database,
  work: () => Promise<T>,
  resolve: (value: T) => void,
  reject: (error: unknown) => void,
): Omit<Waiting, 'kind'> => {
  let outcome = () => {}
  return {
    async run() {
      db.exec('SAVEPOINT own')
      try {
        const value = await work()
        outcome = () => resolve(value)
      } catch (error) {
        // A full disk has already taken everything back.
        if (!db.inTransaction) throw error
        db.exec('ROLLBACK TO own')
        outcome = () => reject(error)
      }
      db.exec('RELEASE own')
    },
    committed: () => outcome(),
    failed: reject,
  }
}

/** When the commit fails, so do all. prepare: before it begins. */
const commitTogether = async (
  db: Database.Database,
  works: readonly Waiting[],
  prepare: () => void,
) => {
  try {
    prepare()
    db.exec('BEGIN IMMEDIATE')
    for (const { run } of works) await run()
    db.exec('COMMIT')
  } catch (error) {
    if (db.open && db.inTransaction) db.exec('ROLLBACK')
    for (const { failed } of works) failed(error)
    return
  }
  for (const { committed } of works) committed()
}

/**
 * A file of its own is locked, so that a backup can read the store meanwhile. The lock ends with the
 * process, also after kill -9. Fails with E_CONFLICT.
 */
const lockFolder = (folder: string): Database.Database =>
  unlessBusy(join(folder, 'lock.sqlite'), (lock) => {
    lock.pragma('locking_mode = EXCLUSIVE')
    lock.exec('BEGIN EXCLUSIVE; COMMIT')
  })

const openDatabase = (path: string): Database.Database =>
  unlessBusy(path, (db) => {
    db.pragma('journal_mode = WAL')
    db.pragma('synchronous = FULL')
    // What is deleted is overwritten where that costs no further writes: seeds of noise among it.
    db.pragma('secure_delete = FAST')
    migrate(db)
  })

/** A server of an earlier version locks the store itself. */
const unlessBusy = (path: string, prepare: (db: Database.Database) => void) => {
  // SQLite gives its log the mode of the database.
  if (path !== ':memory:') closeSync(openSync(path, 'a', 0o600))
  const db = openSqlite(path, { timeout: 500 })
  try {
    prepare(db)
    return db
  } catch (error) {
    db.close()
    if ((error as { code?: string }).code === 'SQLITE_BUSY')
      throw new FedError('E_CONFLICT', 'another process has this data folder open', {
        cause: error,
      })
    throw error
  }
}

/** Fails with E_DATA when a newer version wrote it. */
const migrate = (db: Database.Database): void =>
  db
    .transaction(() => {
      const version = db.pragma('user_version', { simple: true }) as number
      for (const step of pendingSteps(version)) db.exec(step.sqlite)
      db.pragma(`user_version = ${SCHEMA_VERSION}`)
      // Whoever had the folder before is gone.
      db.exec('DELETE FROM leases')
    })
    .immediate()
