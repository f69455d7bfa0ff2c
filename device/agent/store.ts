/** What a device remembers, in one SQLite file that only its owner can read. Texts and weights in it never leave the device. */
import Database from 'better-sqlite3'
import type { ChoiceLine } from '../../adapters/wire/choice-log.ts'
import type { ConsentRecord } from '../../adapters/wire/federation.ts'
import type { Spending } from '../personalize/spend.ts'
import type { Intended } from './consent.ts'
import { DECISION_MS, endTables } from './store-ends.ts'
import { type Erased, type Erasure, erasing } from './store-erase.ts'
import { type Imported, importedChoices } from './store-imported.ts'
import { LOG_SCHEMA, logTables, type OutboxEntry } from './store-log.ts'
import { type HeldBack, SPENDING_SCHEMA, spendingTables } from './store-spending.ts'
import { type StoredSuffix, SUFFIX_SCHEMA, type SuffixKey, suffixTables } from './store-suffixes.ts'
import { cacheTables, outgoingTables, UPLOAD_COLUMNS } from './store-tables.ts'

/** A choice of the user: where it came from, and how much it counts. */
export type StoredChoice = ChoiceLine & { readonly weight?: number }

/** An update whose exact bytes were kept before they were sent. What it contributes is not known of those of earlier versions. */
export type PendingUpload = Partial<Intended> & {
  readonly roundId: string
  readonly jobId: string
  readonly uploadToken: string
  readonly digest: string
  readonly bytes: Uint8Array
  readonly at: number
}
export type UploadState = 'pending' | 'accepted' | 'refused'

/** A decision as JSON: the agent's own shape (decisions.ts). conversation: names its conversation. */
export type DecisionRow = {
  readonly id: string
  readonly at: number
  readonly conversation?: string
  readonly body: unknown
}

/** An event as JSON. */
export type FeedbackRow = {
  readonly id: string
  readonly decisionId: string
  readonly at: number
  readonly body: unknown
}

/** Single values by name. */
export type StateKey =
  | 'profile'
  | 'relevance'
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

export type DeviceStore = {
  /** All of it or nothing; no other process writes in between. */
  atomically<T>(work: () => T): T
  /** The same, and on the disk when it returns: a power cut does not take it back. */
  durably<T>(work: () => T): T
  /** Deletes rows; compact then removes what is left of them in free pages and in the journal. */
  eraseRows(what: Erasure): Erased
  compact(): void
  /** Ids of what is older; choices of unknown time are not. */
  idsBefore(at: number): { decisions: string[]; choices: string[]; feedback: number }
  /** Grows when a conversation is forgotten, by this process or another: what is kept in memory may be of it. */
  forgottenTimes(): number
  /** False when there is one of that id already. */
  addChoice(choice: StoredChoice, source: 'import' | 'feedback'): boolean
  /** Kept under the key (see choiceKey), in the place of what it held before. */
  importChoice(key: string, choice: ChoiceLine): Imported
  /** Puts these in the place of what feedback on the decisions of these ids had given before; others stay. */
  replaceFeedbackChoices(ids: readonly string[], choices: readonly StoredChoice[]): void
  /** Most recent first; a choice that was read before is the same object. */
  choices(limit?: number): StoredChoice[]
  countChoices(): number
  /** Changes whenever the choices do, from this process or another. */
  choicesVersion(): string
  /** messageIds: the ids Claude gave to its candidates. A decision that was forgotten is not kept again. */
  saveDecision(row: DecisionRow, messageIds: readonly string[]): void
  /** Most recent first. */
  decisionsOf(conversation: string, limit: number): DecisionRow[]
  /** Most recent first; before: only those older than the decision of this id. */
  decisions(limit: number, before?: string): DecisionRow[]
  /** By the id of the decision or of one of its messages. */
  decision(id: string): DecisionRow | undefined
  addFeedback(id: string, decisionId: string, at: number, body: unknown): void
  /** Most recent first. */
  feedback(limit?: number): FeedbackRow[]
  feedbackOn(decisionIds: readonly string[]): FeedbackRow[]
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
  /** Drops what tables hold beyond their end: see store-ends.ts. */
  endRows(now: number): void
  outbox(limit?: number): OutboxEntry[]
  /** Of everything that was ever logged. */
  outboxSums(): { recipient: OutboxEntry['recipient']; entries: number; bytes: number }[]
  savePending(upload: PendingUpload): void
  pendingUploads(): PendingUpload[]
  /** The same without their bytes. isSent: bytes of it may have arrived. */
  waitingUploads(): (Partial<Intended> & { roundId: string; at: number; isSent: boolean })[]
  isPending(roundId: string): boolean
  /** Of a pending update: whether bytes of it may have arrived. Before each attempt, since a kill can follow. */
  markSent(roundId: string, isSent: boolean): void
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
  /** For candidates that are about to be asked for, until it is known what they did cost. */
  holdBack(what: HeldBack): void
  letGo(id: string): boolean
  heldBack(): Spending
  expireHeldBack(before: number): void
  close(): void
}

const SCHEMA = `
CREATE TABLE IF NOT EXISTS choices (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, at REAL NOT NULL, source TEXT NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS decisions (id TEXT PRIMARY KEY, at REAL NOT NULL, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS decisions_at ON decisions (at);
CREATE TABLE IF NOT EXISTS decision_messages (message_id TEXT PRIMARY KEY, decision_id TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS feedback (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, decision_id TEXT NOT NULL, at REAL NOT NULL, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS feedback_decision ON feedback (decision_id);
CREATE TABLE IF NOT EXISTS forgotten (seq INTEGER PRIMARY KEY AUTOINCREMENT, decision_id TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS state (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS blobs (name TEXT PRIMARY KEY, bytes BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS uploads (round_id TEXT PRIMARY KEY, job_id TEXT NOT NULL, token TEXT NOT NULL, digest TEXT NOT NULL, size INTEGER NOT NULL, bytes BLOB, state TEXT NOT NULL, reason TEXT, at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS pooled (seq INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, state BLOB NOT NULL);
DROP TABLE IF EXISTS spending;
`

/** path: of the database file; ':memory:' for a device that forgets. */
export const openStore = (path: string): DeviceStore => {
  const db = new Database(path)
  db.pragma('journal_mode = WAL')
  db.pragma('busy_timeout = 10000')
  // What is deleted is overwritten, and nothing is sorted or vacuumed through a file elsewhere.
  db.pragma('secure_delete = ON')
  db.pragma('temp_store = MEMORY')
  db.exec(SCHEMA + LOG_SCHEMA + SUFFIX_SCHEMA + SPENDING_SCHEMA)
  addColumn(db, 'decisions', 'conversation TEXT')
  addColumn(db, 'pooled', 'at REAL')
  for (const column of UPLOAD_COLUMNS) addColumn(db, 'uploads', column)
  db.exec('CREATE INDEX IF NOT EXISTS decisions_conversation ON decisions (conversation, at)')
  const run = prepared(db)
  const atomically = <T>(work: () => T): T => db.transaction(work).immediate()
  return {
    atomically,
    durably: (work) => {
      db.pragma('synchronous = FULL')
      try {
        return atomically(work)
      } finally {
        db.pragma('synchronous = NORMAL')
      }
    },
    ...erasing(db, run),
    ...endTables(run),
    ...choiceTables(db, run),
    ...importedChoices(run),
    ...stateTables(run),
    ...logTables(run),
    ...outgoingTables(run),
    ...cacheTables(run),
    ...suffixTables(run),
    ...spendingTables(run),
    close: () => void db.close(),
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
    one: <T>(sql: string, ...values: unknown[]) => statement(sql).get(...values) as T | undefined,
    all: <T>(sql: string, ...values: unknown[]) => statement(sql).all(...values) as T[],
    change: (sql, ...values) => statement(sql).run(...values).changes,
  }
}

const parse = (row: { body: string }): unknown => JSON.parse(row.body)
const ALL = Number.MAX_SAFE_INTEGER

const choiceTables = (db: Database.Database, run: Run) => {
  const parsed = new Map<string, StoredChoice>()
  const addChoice = (choice: StoredChoice, source: 'import' | 'feedback') =>
    run.change(
      'INSERT OR IGNORE INTO choices (id, at, source, body) VALUES (?, ?, ?, ?)',
      choice.id,
      choice.at ?? 0,
      source,
      JSON.stringify(choice),
    ) > 0
  return {
    addChoice,
    replaceFeedbackChoices: (ids: readonly string[], choices: readonly StoredChoice[]) => {
      db.transaction(() => {
        const bodies = new Map(choices.map((choice) => [choice.id, JSON.stringify(choice)]))
        for (const id of ids)
          run.change(
            "DELETE FROM choices WHERE id = ? AND source = 'feedback' AND body IS NOT ?",
            id,
            bodies.get(id) ?? null,
          )
        for (const choice of choices) addChoice(choice, 'feedback')
      })()
    },
    choices: (limit = ALL) => {
      const rows = run.all<{ body: string }>(
        'SELECT body FROM choices ORDER BY at DESC, seq DESC LIMIT ?',
        limit,
      )
      const kept = rows.map((row) => parsed.get(row.body) ?? (parse(row) as StoredChoice))
      parsed.clear()
      for (const [i, { body }] of rows.entries()) parsed.set(body, kept[i]!)
      return kept
    },
    countChoices: () => run.one<{ n: number }>('SELECT COUNT(*) AS n FROM choices')?.n ?? 0,
    choicesVersion: () => {
      // What takes the place of the last choice gets its seq again, but not without feedback.
      const row = run.one<{
        n: number
        last: number | null
        feedback: number | null
        gone: number
      }>(
        'SELECT COUNT(*) AS n, MAX(seq) AS last, (SELECT MAX(seq) FROM feedback) AS feedback, (SELECT COALESCE(MAX(seq), 0) FROM forgotten) AS gone FROM choices',
      )
      return `${row?.n ?? 0}/${row?.last ?? 0}/${row?.feedback ?? 0}/${row?.gone ?? 0}`
    },
    decisions: (limit: number, before?: string) =>
      run
        .all<{ id: string; at: number; body: string }>(
          `SELECT id, at, body FROM decisions ${before === undefined ? '' : 'WHERE (at, rowid) < (SELECT at, rowid FROM decisions WHERE id = ?)'} ORDER BY at DESC, rowid DESC LIMIT ?`,
          ...(before === undefined ? [] : [before]),
          limit,
        )
        .map((row) => ({ id: row.id, at: row.at, body: parse(row) })),
    saveDecision: (row: DecisionRow, messageIds: readonly string[]) => {
      db.transaction(() => {
        if (run.one('SELECT 1 FROM forgotten WHERE decision_id = ?', row.id)) return
        run.change(
          'INSERT OR REPLACE INTO decisions (id, at, conversation, body) VALUES (?, ?, ?, ?)',
          row.id,
          row.at,
          row.conversation ?? null,
          JSON.stringify(row.body),
        )
        for (const id of messageIds)
          run.change(
            'INSERT OR REPLACE INTO decision_messages (message_id, decision_id) VALUES (?, ?)',
            id,
            row.id,
          )
        if (run.change('DELETE FROM decisions WHERE at < ?', row.at - DECISION_MS) > 0)
          run.change(
            'DELETE FROM decision_messages WHERE decision_id NOT IN (SELECT id FROM decisions)',
          )
      }).immediate()
    },
    decisionsOf: (conversation: string, limit: number) =>
      run
        .all<{ id: string; at: number; body: string }>(
          'SELECT id, at, body FROM decisions WHERE conversation = ? ORDER BY at DESC, rowid DESC LIMIT ?',
          conversation,
          limit,
        )
        .map((row) => ({ id: row.id, at: row.at, conversation, body: parse(row) })),
    decision: (id: string) => {
      const row = run.one<{ id: string; at: number; body: string }>(
        'SELECT id, at, body FROM decisions WHERE id = ? OR id = (SELECT decision_id FROM decision_messages WHERE message_id = ?)',
        id,
        id,
      )
      return row && { id: row.id, at: row.at, body: parse(row) }
    },
    addFeedback: (id: string, decisionId: string, at: number, body: unknown) =>
      void run.change(
        'INSERT OR IGNORE INTO feedback (id, decision_id, at, body) VALUES (?, ?, ?, ?)',
        id,
        decisionId,
        at,
        JSON.stringify(body),
      ),
    feedback: (limit = ALL) =>
      run
        .all<FeedbackColumns>('SELECT * FROM feedback ORDER BY seq DESC LIMIT ?', limit)
        .map(toFeedback),
    feedbackOn: (decisionIds: readonly string[]) =>
      decisionIds
        .flatMap((id) =>
          run.all<FeedbackColumns>('SELECT * FROM feedback WHERE decision_id = ?', id),
        )
        .sort((a, b) => b.seq - a.seq)
        .map(toFeedback),
  }
}

type FeedbackColumns = { seq: number; id: string; decision_id: string; at: number; body: string }
const toFeedback = (row: FeedbackColumns): FeedbackRow => ({
  id: row.id,
  decisionId: row.decision_id,
  at: row.at,
  body: parse(row),
})

const stateTables = (run: Run) => {
  const get = (key: StateKey): unknown => {
    const row = run.one<{ value: string }>('SELECT value FROM state WHERE key = ?', key)
    return row && JSON.parse(row.value)
  }
  return {
    get,
    set: (key: StateKey, value: unknown) =>
      void run.change(
        'INSERT OR REPLACE INTO state (key, value) VALUES (?, ?)',
        key,
        JSON.stringify(value),
      ),
    consent: () => (get('consent') ?? null) as ConsentRecord | null,
    blob: (name: string) =>
      run.one<{ bytes: Buffer }>('SELECT bytes FROM blobs WHERE name = ?', name)?.bytes,
    blobNames: (beginning: string) =>
      run
        .all<{ name: string }>('SELECT name FROM blobs')
        .map(({ name }) => name)
        .filter((name) => name.startsWith(beginning)),
    saveBlob: (name: string, bytes: Uint8Array) =>
      void run.change('INSERT OR REPLACE INTO blobs (name, bytes) VALUES (?, ?)', name, bytes),
    removeBlob: (name: string) => void run.change('DELETE FROM blobs WHERE name = ?', name),
  }
}
