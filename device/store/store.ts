/** What a device remembers, in one SQLite file that only its owner can read. Texts and weights in it never leave the device. */
import type Database from 'better-sqlite3'
import type { ConsentRecord } from '../../adapters/wire/federation.ts'
import { budgetTables } from './budget.ts'
import { choiceTables } from './choices.ts'
import { type Compaction, openCompaction } from './compaction.ts'
import type { Intended } from './consent.ts'
import { countTables } from './counts.ts'
import { decisionTables, type NewDecision } from './decisions.ts'
import { erasing } from './erase-rows.ts'
import { feedbackTables } from './feedback.ts'
import { openFile } from './file.ts'
import type { StoreHealth } from './health.ts'
import type { Hash } from './kept-request.ts'
import { keyedHash } from './keyed-hash.ts'
import { learnedTables } from './learned.ts'
import { type Ledger, openLedger } from './ledger.ts'
import { type Live, openLive } from './live.ts'
import { oldTables } from './old-tables.ts'
import { logTables, type OutboxEntry } from './outbox.ts'
import type { QueueReport } from './queue.ts'
import { relatedTables } from './related.ts'
import { DECISION_MS, endTables } from './row-limits.ts'
import { type HeldBack, type Spending, spendingTables } from './spending.ts'
import { type StoredSuffix, type SuffixKey, suffixTables } from './suffixes.ts'
import { cacheTables, outgoingTables, stateTables } from './tables.ts'
import { textTables } from './texts.ts'

import { type LaterValues, laterValues } from './values.ts'
import { openWriting, type Writing } from './writing.ts'

/** An update whose exact bytes were kept before they were sent. What it contributes is not known of those of earlier versions. */
export type PendingUpload = Partial<Intended> & {
  /** When its round ends. */
  readonly deadlineAt?: number
  readonly roundId: string
  readonly jobId: string
  readonly uploadToken: string
  readonly digest: string
  readonly bytes: Uint8Array
  readonly at: number
}
/** reason: why it could not be sent yet; isSent: bytes of it may have arrived; overdueAt: since when it seems to be too late. */
export type WaitingUpload = Pick<PendingUpload, 'roundId' | 'at' | 'deadlineAt'> &
  Partial<Intended> & {
    readonly size: number
    readonly reason: string | null
    readonly isSent: boolean
    readonly overdueAt: number | null
  }
export type UploadState = 'pending' | 'accepted' | 'refused'

/** Single values by name. */
export type StateKey =
  | 'profile'
  | 'relevanceHead'
  | 'consent'
  | 'serving'
  | 'calibration'
  | 'outlook'
  | 'outputs'
  | 'asks'
  | 'paused'
  | 'exit'
  | 'agent'
  | 'lastTraining'
  | 'energy'
  | 'proposals'
  | 'followUps'
  | 'hashKey'
  | 'people'
  | 'releases'
  | 'compaction'

/** What the work of `later` and `durably` is given. */
export type StoreTx = ContentTables & {
  /** See keyed-hash.ts. */
  readonly hash: Hash
  get(key: StateKey): unknown
  set(key: StateKey, value: unknown): void
  consent(): ConsentRecord | null
  blob(name: string): Uint8Array | undefined
  blobNames(beginning: string): string[]
  saveBlob(name: string, bytes: Uint8Array): void
  removeBlob(name: string): void
  log(entry: OutboxEntry): void
  /** Of requests to Claude in a span of time, both ends included. Returns how many went. */
  eraseDigests(from: number, to: number): number
  /** Drops what a table holds beyond its end: see store-ends.ts. */
  endRows(table: string, now: number): void
  outbox(limit?: number): OutboxEntry[]
  /** Bytes of what was logged since then. */
  sentSince(at: number): { recipient: OutboxEntry['recipient']; bytes: number }[]
  /** Of everything that was ever logged. */
  outboxSums(): { recipient: OutboxEntry['recipient']; entries: number; bytes: number }[]
  savePending(upload: PendingUpload): void
  pendingUploads(): PendingUpload[]
  pendingUpload(roundId: string): PendingUpload | undefined
  /** The same without their bytes. */
  waitingUploads(): WaitingUpload[]
  uploadState(roundId: string): UploadState | undefined
  /** Bytes of a pending update may have arrived. Before each attempt, since a kill can follow. */
  markSent(roundId: string): void
  /** Why a pending update could not be sent yet. */
  noteUpload(roundId: string, reason: string): void
  /** Since when a pending update seems to be too late. */
  setOverdue(roundId: string, since: number | null): void
  /** A round that this device sends nothing to: it is kept as refused, without bytes. */
  giveUp(round: Pick<PendingUpload, 'roundId' | 'jobId' | 'at'>, reason: string): void
  /** What the server said of a pending update. What was dropped meanwhile stays dropped. */
  settleUpload(roundId: string, state: Exclude<UploadState, 'pending'>, reason: string | null): void
  /** Lets go of a pending update: its bytes are erased, and it is kept as refused by this device. */
  dropUpload(roundId: string, reason: string): void
  uploads(): {
    roundId: string
    jobId: string
    digest: string
    state: UploadState
    reason: string | null
    at: number
    bytes: number
    isSent: boolean
  }[]
  suffixAt(key: string): StoredSuffix | undefined
  saveSuffix(suffix: StoredSuffix, keys: readonly SuffixKey[]): void
  removeSuffixKeys(keys: readonly string[]): void
  pooled(key: string): Float32Array | undefined
  /** at: when; without it the state goes whenever something is forgotten. */
  savePooled(key: string, state: Float32Array, at?: number): void
  /** Spent since a time on candidates beyond the first. */
  spentSince(at: number): Spending
  spend(at: number, spending: Spending): void
  holdBack(what: HeldBack): void
  letGo(id: string): boolean
  heldBackRows(): HeldBack[]
}

/** What of it changes something. */
type WriteName =
  | 'saveDecision'
  | 'answerDecision'
  | 'addDecisionInfo'
  | 'addChoice'
  | 'importChoice'
  | 'decideChoice'
  | 'addFeedback'
  | 'convertOne'
  | 'convertThis'
  | 'addExamples'
  | 'addProposals'
  | 'takeOldLearned'
  | 'dateChoices'
  | 'keepMessageNames'
  | Extract<keyof StoreTx, `drop${string}` | `erase${string}` | `expire${string}`>
  | 'markForgotten'
  | 'setDue'
  | 'set'
  | 'saveBlob'
  | 'removeBlob'
  | 'log'
  | 'endRows'
  | 'savePending'
  | 'markSent'
  | 'noteUpload'
  | 'setOverdue'
  | 'giveUp'
  | 'settleUpload'
  | 'saveSuffix'
  | 'removeSuffixKeys'
  | 'savePooled'
  | 'spend'
  | 'holdBack'
  | 'letGo'

/** What changes nothing. */
export type StoreReads = Omit<StoreTx, WriteName>

/**
 * What requests leave behind is written by `later`, what a user is told is kept by `durably`; both
 * do all of their work or none of it, and neither waits for a lock or a disk.
 */
export type DeviceStore = StoreReads &
  Omit<Writing<StoreTx>, 'rewrite' | 'empty'> &
  LaterValues &
  Pick<Compaction, 'compact' | 'purge'> & {
    readonly ledger: Ledger
    /** What those who share this store tell each other. */
    readonly live: Live
  }

/** As it is opened: whoever has made it may write at once, where nobody else does. */
export type OwnStore = DeviceStore & StoreTx

/** What was said, decided, chosen and told. */
const contentTables = (db: Database.Database, run: Run, hash: Hash) => {
  const texts = textTables(run, hash)
  const counts = countTables(run)
  const decisions = decisionTables(run, texts, hash)
  const choices = choiceTables(run, texts, hash)
  const feedback = feedbackTables(run, texts)
  const learned = learnedTables(run, texts, hash)
  const related = relatedTables(run)
  const tables = {
    ...decisions,
    ...choices,
    ...feedback,
    ...learned,
    ...counts,
    ...related,
    /** What is kept of it no longer: see erasure.ts. What was learned of it stays. */
    expireDecision: ({ seq, id }: { seq: number; id: string }): void => {
      related.keepMessageNames(seq)
      feedback.dropFeedback(id)
      learned.dropProposalsOf(id)
      decisions.dropDecision(seq)
    },
  }
  const { keepWithin, dropBefore, limitTo, isWasteful } = budgetTables(run, texts, tables)
  const together = <A extends unknown[], R>(work: (...args: A) => R): ((...args: A) => R) =>
    db.transaction((...args: A) => {
      const result = work(...args)
      keepWithin()
      return result
    }).immediate
  return {
    ...tables,
    textsWith: texts.textsWith,
    limitTo,
    isWasteful,
    saveDecision: together((made: NewDecision): void => {
      decisions.saveDecision(made)
      dropBefore(made.at - DECISION_MS)
    }),
    answerDecision: together(decisions.answerDecision),
    addChoice: together(choices.addChoice),
    importChoice: together(choices.importChoice),
    dropImported: together(choices.dropImported),
    decideChoice: together(choices.decideChoice),
    addFeedback: together(feedback.addFeedback),
    ...oldTables(db, run, tables, hash),
    ...erasing(run),
  }
}
type ContentTables = ReturnType<typeof contentTables>

/** What can be computed again takes this part of what the rest may take, on top of it. */
const POOLED_SHARE = 32

/**
 * report: told of writes that failed; changed: told when nothing can be written, and when it can;
 * open: how the file is opened; patienceMs: how long `durably` waits for a lock; hasKeeper: whether
 * a thread keeps the file in order, for a process that answers apps.
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
 * path: of the database file; ':memory:' for a device that forgets. Never fails for trouble of the
 * disk: what cannot be opened is worked without, from a copy where it can be read.
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
      // The keeper does it, so that nobody else waits for the disk.
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

/** Calls go to what is open when they come. failed: told of what fails, which fails all the same. */
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

const tablesOf = (db: Database.Database, hash: Hash) => {
  const run = prepared(db)
  const cache = cacheTables(run)
  const content = contentTables(db, run, hash)
  return {
    ...content,
    ...stateTables(run),
    ...endTables(run),
    ...logTables(run),
    ...outgoingTables(run),
    ...cache,
    limitTo: (bytes: number) => {
      content.limitTo(bytes)
      cache.limitPooled(bytes / POOLED_SHARE)
    },
    ...suffixTables(run),
    ...spendingTables(run),
  }
}
type Tables = ReturnType<typeof tablesOf>

export type Run = {
  /** The number of the new row. */
  insert(sql: string, ...values: unknown[]): number
  one<T>(sql: string, ...values: unknown[]): T | undefined
  all<T>(sql: string, ...values: unknown[]): T[]
  change(sql: string, ...values: unknown[]): number
}

/** Statements are prepared once. */
const prepared = (db: Database.Database): Run => {
  const statements = new Map<string, Database.Statement>()
  const statement = (sql: string) => {
    const known = statements.get(sql)
    if (known) return known
    const made = db.prepare(sql)
    statements.set(sql, made)
    return made
  }
  return {
    insert: (sql, ...values) => Number(statement(sql).run(...values).lastInsertRowid),
    one: <T>(sql: string, ...values: unknown[]) => statement(sql).get(...values) as T | undefined,
    all: <T>(sql: string, ...values: unknown[]) => statement(sql).all(...values) as T[],
    change: (sql, ...values) => statement(sql).run(...values).changes,
  }
}
