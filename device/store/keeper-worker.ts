/** A thread of the keeper: has a connection of its own, and may wait. */
import { statSync } from 'node:fs'
import { parentPort } from 'node:worker_threads'
import type Database from 'better-sqlite3'
import { openSqlite } from '../../adapters/node/sqlite.ts'
import type { KeeperAnswer, KeeperTask } from './keeper.ts'
import { compactFile, emptyJournal } from './vacuum.ts'

/** For other programs' reads to end. While it waits, nobody else can write. */
const PATIENCE_MS = 250

const TASKS: Readonly<Record<KeeperTask['what'], (db: Database.Database) => void>> = {
  // Waits for nobody: what others still read stays in the journal.
  checkpoint: (db) => void db.pragma('wal_checkpoint(PASSIVE)'),
  truncate: emptyJournal,
  compact: compactFile,
}

const work = ({ path, what }: KeeperTask): KeeperAnswer => {
  let db: Database.Database | undefined
  try {
    db = openSqlite(path, { timeout: PATIENCE_MS, fileMustExist: true })
    db.pragma('secure_delete = ON')
    db.pragma('temp_store = MEMORY')
    TASKS[what](db)
    return { code: null, journalBytes: journalOf(path) }
  } catch (error) {
    const { code = 'SQLITE_ERROR' } = error as { code?: string }
    return { code, journalBytes: journalOf(path) }
  } finally {
    db?.close()
  }
}

const journalOf = (path: string): number =>
  statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0

parentPort?.on('message', (task: KeeperTask) => parentPort?.postMessage(work(task)))
