/**
 * What a device remembers, in one SQLite file that only its owner can read. Texts and weights in it
 * never leave the device.
 */
import type Database from 'better-sqlite3'
import { type Compaction, openCompaction } from './compaction.ts'
import { openFile } from './file.ts'
import type { StoreHealth } from './health.ts'
import { keyedHash } from './keyed-hash.ts'
import { type Ledger, openLedger } from './ledger.ts'
import { type Live, openLive } from './live.ts'
import type { QueueReport } from './queue.ts'
import { type StoreReads, type StoreTx, type Tables, tablesOf } from './tables.ts'
import { type LaterValues, laterValues } from './values.ts'
import { openWriting, type Writing } from './writing.ts'

/**
 * `later` writes what requests leave behind; `durably` writes what a user is promised. Both do all
 * of their work or none of it, and neither blocks on a lock or a disk.
 */
export type DeviceStore = StoreReads &
  Omit<Writing<StoreTx>, 'rewrite' | 'empty'> &
  LaterValues &
  Pick<Compaction, 'compact' | 'purge'> & {
    readonly ledger: Ledger
    /** What the users of this store share at once. */
    readonly live: Live
  }

/** The store as its opener gets it: it may write directly, as long as nothing else does. */
export type OwnStore = DeviceStore & StoreTx

/**
 * report: called for writes that failed; changed: called when writing becomes impossible, and
 * possible again; open: opens the file; patienceMs: how long `durably` waits for a lock; hasKeeper:
 * whether a thread maintains the file, for a process that answers apps.
 */
export type StoreOptions = {
  readonly report?: QueueReport
  readonly changed?: (health: StoreHealth) => void
  readonly clock?: () => number
  readonly open?: (path: string) => Database.Database
  readonly patienceMs?: number
  readonly hasKeeper?: boolean
}

/**
 * path: of the database file; ':memory:' for a device that keeps nothing. Never fails for trouble
 * of the disk: see file.ts.
 */
export const openStore = (path: string, options: StoreOptions = {}): OwnStore => {
  const hash = keyedHash(
    () => tables.get('hashKey'),
    (work) => writing.later(work),
  )
  let maxBytes: number | null = null
  const file = openFile(path, {
    open: options.open,
    made: (db) => {
      // The keeper checkpoints, so that this thread does not wait for the disk.
      if (options.hasKeeper) db.pragma('wal_autocheckpoint = 0')
      const made = tablesOf(db, hash)
      if (maxBytes !== null) made.limitTo(maxBytes)
      return made
    },
  })
  const tables: StoreTx = {
    ...throughTo(file.tables, (error) => noteRead(error)),
    hash,
    limitTo: (bytes) => {
      maxBytes = bytes
      file.tables().limitTo(bytes)
    },
  }
  const { noteRead, ...writing } = openWriting<StoreTx>(file, tables, options)
  if (file.missing() !== null || tables.hasOldLearned()) writing.later((tx) => tx.takeOldLearned())
  const compaction = openCompaction(tables, writing, options.hasKeeper ?? false)
  return {
    ...tables,
    ...writing,
    compact: compaction.compact,
    purge: compaction.purge,
    close: () => {
      compaction.stop()
      return writing.close()
    },
    ...laterValues(tables, writing.later),
    ledger: openLedger(tables, writing.later),
    live: openLive(),
  }
}

/**
 * Forwards calls to the database that is open at the time. failed: called with each error, which is
 * thrown all the same.
 */
const throughTo = (tables: () => Tables, failed: (error: unknown) => void): Tables => {
  const names = Object.keys(tables()) as (keyof Tables)[]
  const call =
    (name: keyof Tables) =>
    (...args: unknown[]): unknown => {
      try {
        return (tables()[name] as (...given: unknown[]) => unknown)(...args)
      } catch (error) {
        failed(error)
        throw error
      }
    }
  return Object.fromEntries(names.map((name) => [name, call(name)])) as Tables
}
