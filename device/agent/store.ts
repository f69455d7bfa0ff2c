/** What a device remembers, in one SQLite file that only its owner can read. Texts and weights in it never leave the device. */
import Database from 'better-sqlite3'
import type { ConsentRecord } from '../../adapters/wire/federation.ts'
import type { StoreHealth } from '../../adapters/wire/store-health.ts'
import type { Spending } from '../personalize/spend.ts'
import type { Intended } from './consent.ts'
import type { Hash } from './kept.ts'
import { keyedHash } from './keyed-hash.ts'
import { type Ledger, openLedger } from './ledger.ts'
import { budgetTables } from './store-budget.ts'
import { CHOICE_SCHEMA, choiceTables } from './store-choices.ts'
import { COUNT_SCHEMA, countTables } from './store-counts.ts'
import { DECISION_SCHEMA, decisionTables, type NewDecision } from './store-decisions.ts'
import { DECISION_MS, endTables } from './store-ends.ts'
import { erasing } from './store-erase.ts'
import {
  FEEDBACK_COLUMNS,
  FEEDBACK_INDEX,
  FEEDBACK_SCHEMA,
  feedbackTables,
} from './store-feedback.ts'
import { LEARNED_SCHEMA, learnedTables } from './store-learned.ts'
import { LOG_SCHEMA, logTables, type OutboxEntry } from './store-log.ts'
import { oldTables, setAsideOld } from './store-old.ts'
import type { QueueReport } from './store-queue.ts'
import { RELATED_SCHEMA, relatedTables } from './store-related.ts'
import { type HeldBack, SPENDING_SCHEMA, spendingTables } from './store-spending.ts'
import { type StoredSuffix, SUFFIX_SCHEMA, type SuffixKey, suffixTables } from './store-suffixes.ts'
import { cacheTables, outgoingTables, stateTables, UPLOAD_COLUMNS } from './store-tables.ts'
import { TEXT_SCHEMA, textTables } from './store-texts.ts'
import { type LaterValues, laterValues } from './store-values.ts'
import { openWriting, type Writing } from './store-writing.ts'

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
  | 'training'
  | 'exit'
  | 'agent'
  | 'look'
  | 'lastTraining'
  | 'energy'
  | 'proposals'
  | 'followUps'
  | 'hashKey'
  | 'people'
  | 'releases'

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
  Writing<StoreTx> &
  LaterValues & {
    readonly ledger: Ledger
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
  const { keepWithin, dropBefore, limitTo } = budgetTables(run, tables)
  const together = <A extends unknown[], R>(work: (...args: A) => R): ((...args: A) => R) =>
    db.transaction((...args: A) => {
      const result = work(...args)
      keepWithin()
      return result
    }).immediate
  return {
    ...tables,
    limitTo,
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

const SCHEMA = `
CREATE TABLE IF NOT EXISTS forgotten (seq INTEGER PRIMARY KEY AUTOINCREMENT, decision_id TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS state (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS blobs (name TEXT PRIMARY KEY, bytes BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS uploads (round_id TEXT PRIMARY KEY, job_id TEXT NOT NULL, token TEXT NOT NULL, digest TEXT NOT NULL, size INTEGER NOT NULL, bytes BLOB, state TEXT NOT NULL, reason TEXT, at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS pooled (seq INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, state BLOB NOT NULL);
DROP TABLE IF EXISTS spending;
`

/**
 * report: told of writes that failed; changed: told when nothing can be written, and when it can;
 * open: how the file is opened; patienceMs: how long `durably` waits for a lock.
 */
export type StoreOptions = {
  readonly report?: QueueReport
  readonly changed?: (health: StoreHealth) => void
  readonly clock?: () => number
  readonly open?: (path: string) => Database.Database
  readonly patienceMs?: number
}

/** path: of the database file; ':memory:' for a device that forgets. */
export const openStore = (path: string, options: StoreOptions = {}): OwnStore => {
  const db = options.open?.(path) ?? new Database(path)
  db.pragma('journal_mode = WAL')
  // Whoever finds it locked goes on with something else: see store-writing.ts.
  db.pragma('busy_timeout = 0')
  // What is deleted is overwritten, and nothing is sorted or vacuumed through a file elsewhere.
  db.pragma('secure_delete = ON')
  db.pragma('temp_store = MEMORY')
  setAsideOld(db)
  db.exec(
    [
      SCHEMA,
      LOG_SCHEMA,
      TEXT_SCHEMA,
      DECISION_SCHEMA,
      CHOICE_SCHEMA,
      FEEDBACK_SCHEMA,
      LEARNED_SCHEMA,
      RELATED_SCHEMA,
      SUFFIX_SCHEMA,
      SPENDING_SCHEMA,
      COUNT_SCHEMA,
    ].join(''),
  )
  addColumn(db, 'pooled', 'at REAL')
  for (const column of UPLOAD_COLUMNS) addColumn(db, 'uploads', column)
  for (const column of FEEDBACK_COLUMNS) addColumn(db, 'feedback', column)
  db.exec(FEEDBACK_INDEX)
  const run = prepared(db)
  const state = stateTables(run)
  const cache = cacheTables(run)
  const hash = keyedHash(state.get, (work) => writing.later(work))
  const content = contentTables(db, run, hash)
  const tables = {
    hash,
    ...content,
    ...state,
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
  const writing = openWriting<StoreTx>(db, path, tables, options)
  if (content.hasOldLearned()) writing.later((tx) => tx.takeOldLearned())
  return {
    ...tables,
    ...writing,
    compact: async () => {
      await writing.durably((tx) => tx.dropErased())
      await writing.compact()
    },
    ...laterValues(tables, writing.later),
    ledger: openLedger(tables, writing.later),
  }
}

const addColumn = (db: Database.Database, table: string, column: string): void => {
  const names = db.pragma(`table_info(${table})`) as { name: string }[]
  if (names.some(({ name }) => column.startsWith(`${name} `))) return
  try {
    db.exec(`ALTER TABLE ${table} ADD COLUMN ${column}`)
  } catch (error) {
    // Another process was first.
    if (!/duplicate column/.test(String(error))) throw error
  }
}

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
