/** What a device remembers, in one SQLite file that only its owner can read. Texts and weights in it never leave the device. */
import Database from 'better-sqlite3'
import type { ChoiceLine } from '../../adapters/wire/choice-log.ts'
import type { ConsentRecord } from '../../adapters/wire/federation.ts'
import type { Spending } from '../personalize/spend.ts'

/** A choice of the user: where it came from, and how much it counts. */
export type StoredChoice = ChoiceLine & { readonly weight?: number }

/** One thing that left the device. digest: SHA-256 of the bytes; empty when there was no body. */
export type OutboxEntry = {
  readonly at: number
  readonly recipient: 'federation' | 'claude'
  readonly what: string
  readonly bytes: number
  readonly digest: string
}

/** An update whose exact bytes were kept before they were sent. */
export type PendingUpload = {
  readonly roundId: string
  readonly jobId: string
  readonly uploadToken: string
  readonly digest: string
  readonly bytes: Uint8Array
  readonly at: number
}
export type UploadState = 'pending' | 'accepted' | 'refused'

/** A decision as JSON: the agent's own shape (decisions.ts). messageIds: the ids Claude gave to its candidates. */
export type DecisionRow = { readonly id: string; readonly at: number; readonly body: unknown }

/** Single values by name. */
export type StateKey =
  | 'profile'
  | 'relevance'
  | 'consent'
  | 'serving'
  | 'calibration'
  | 'outlook'
  | 'asks'
  | 'paused'
  | 'training'
  | 'exit'
  | 'agent'
  | 'look'
  | 'lastTraining'
  | 'energy'
  | 'proposals'

export type DeviceStore = {
  /** False when there is one of that id already. */
  addChoice(choice: StoredChoice, source: 'import' | 'feedback'): boolean
  /** Puts these in the place of what feedback on the decisions of these ids had given before; others stay. */
  replaceFeedbackChoices(ids: readonly string[], choices: readonly StoredChoice[]): void
  /** Most recent first; a choice that was read before is the same object. */
  choices(limit?: number): StoredChoice[]
  countChoices(): number
  /** Changes whenever the choices do, from this process or another. */
  choicesVersion(): string
  saveDecision(row: DecisionRow, messageIds: readonly string[]): void
  /** Most recent first; before: only those older than the decision of this id. */
  decisions(limit: number, before?: string): DecisionRow[]
  /** By the id of the decision or of one of its messages. */
  decision(id: string): DecisionRow | undefined
  addFeedback(id: string, decisionId: string, at: number, body: unknown): void
  feedback(limit?: number): { id: string; decisionId: string; at: number; body: unknown }[]
  get(key: StateKey): unknown
  set(key: StateKey, value: unknown): void
  consent(): ConsentRecord | null
  blob(name: string): Uint8Array | undefined
  saveBlob(name: string, bytes: Uint8Array): void
  removeBlob(name: string): void
  log(entry: OutboxEntry): void
  outbox(limit?: number): OutboxEntry[]
  /** Of everything that was ever logged. */
  outboxSums(): { recipient: OutboxEntry['recipient']; entries: number; bytes: number }[]
  savePending(upload: PendingUpload): void
  pendingUploads(): PendingUpload[]
  settleUpload(roundId: string, state: Exclude<UploadState, 'pending'>, reason: string | null): void
  uploads(): {
    roundId: string
    jobId: string
    digest: string
    state: UploadState
    reason: string | null
    at: number
    bytes: number
  }[]
  frozen(key: string): unknown
  freeze(key: string, value: unknown, at: number): void
  pooled(key: string): Float32Array | undefined
  savePooled(key: string, state: Float32Array): void
  /** Spent since a time on candidates beyond the first. */
  spentSince(at: number): Spending
  spend(at: number, spending: Spending): void
  close(): void
}

/** Rows of the cache of pooled states: 2.3 kB each for the default model. */
const POOLED_ROWS = 20_000

/** How long a conversation keeps its block: longer than any prompt cache lives. */
const FROZEN_MS = 30 * 24 * 3600 * 1000

/** How long a decision, with its texts, waits for feedback. Choices stay. */
const DECISION_MS = 90 * 24 * 3600 * 1000

const SCHEMA = `
CREATE TABLE IF NOT EXISTS choices (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, at REAL NOT NULL, source TEXT NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS decisions (id TEXT PRIMARY KEY, at REAL NOT NULL, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS decisions_at ON decisions (at);
CREATE TABLE IF NOT EXISTS decision_messages (message_id TEXT PRIMARY KEY, decision_id TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS feedback (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, decision_id TEXT NOT NULL, at REAL NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS state (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS blobs (name TEXT PRIMARY KEY, bytes BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS outbox (seq INTEGER PRIMARY KEY, at REAL NOT NULL, recipient TEXT NOT NULL, what TEXT NOT NULL, bytes INTEGER NOT NULL, digest TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS uploads (round_id TEXT PRIMARY KEY, job_id TEXT NOT NULL, token TEXT NOT NULL, digest TEXT NOT NULL, size INTEGER NOT NULL, bytes BLOB, state TEXT NOT NULL, reason TEXT, at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS frozen (key TEXT PRIMARY KEY, value TEXT NOT NULL, at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS pooled (seq INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, state BLOB NOT NULL);
DROP TABLE IF EXISTS spending;
CREATE TABLE IF NOT EXISTS spent (seq INTEGER PRIMARY KEY, at REAL NOT NULL, tokens INTEGER NOT NULL, usd REAL NOT NULL);
CREATE INDEX IF NOT EXISTS spent_at ON spent (at);
`

/** path: of the database file; ':memory:' for a device that forgets. */
export const openStore = (path: string): DeviceStore => {
  const db = new Database(path)
  db.pragma('journal_mode = WAL')
  db.pragma('busy_timeout = 10000')
  db.exec(SCHEMA)
  const run = prepared(db)
  return {
    ...choiceTables(db, run),
    ...stateTables(run),
    ...outgoingTables(run),
    ...cacheTables(run),
    close: () => void db.close(),
  }
}

type Run = {
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
      const row = run.one<{ n: number; last: number | null; feedback: number | null }>(
        'SELECT COUNT(*) AS n, MAX(seq) AS last, (SELECT MAX(seq) FROM feedback) AS feedback FROM choices',
      )
      return `${row?.n ?? 0}/${row?.last ?? 0}/${row?.feedback ?? 0}`
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
        run.change(
          'INSERT OR REPLACE INTO decisions (id, at, body) VALUES (?, ?, ?)',
          row.id,
          row.at,
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
      })()
    },
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
        .all<{ id: string; decision_id: string; at: number; body: string }>(
          'SELECT id, decision_id, at, body FROM feedback ORDER BY seq DESC LIMIT ?',
          limit,
        )
        .map((row) => ({ id: row.id, decisionId: row.decision_id, at: row.at, body: parse(row) })),
  }
}

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
    saveBlob: (name: string, bytes: Uint8Array) =>
      void run.change('INSERT OR REPLACE INTO blobs (name, bytes) VALUES (?, ?)', name, bytes),
    removeBlob: (name: string) => void run.change('DELETE FROM blobs WHERE name = ?', name),
  }
}

type UploadRow = {
  round_id: string
  job_id: string
  token: string
  digest: string
  size: number
  bytes: Buffer
  state: UploadState
  reason: string | null
  at: number
}

const outgoingTables = (run: Run) => ({
  log: (entry: OutboxEntry) =>
    void run.change(
      'INSERT INTO outbox (at, recipient, what, bytes, digest) VALUES (?, ?, ?, ?, ?)',
      entry.at,
      entry.recipient,
      entry.what,
      entry.bytes,
      entry.digest,
    ),
  outbox: (limit = ALL) =>
    run.all<OutboxEntry>(
      'SELECT at, recipient, what, bytes, digest FROM outbox ORDER BY seq DESC LIMIT ?',
      limit,
    ),
  outboxSums: () =>
    run.all<{ recipient: OutboxEntry['recipient']; entries: number; bytes: number }>(
      'SELECT recipient, COUNT(*) AS entries, SUM(bytes) AS bytes FROM outbox GROUP BY recipient ORDER BY recipient',
    ),
  /** The first bytes of a round stay: a second call with other bytes changes nothing. */
  savePending: (upload: PendingUpload) =>
    void run.change(
      "INSERT OR IGNORE INTO uploads (round_id, job_id, token, digest, size, bytes, state, at) VALUES (?, ?, ?, ?, ?, ?, 'pending', ?)",
      upload.roundId,
      upload.jobId,
      upload.uploadToken,
      upload.digest,
      upload.bytes.length,
      upload.bytes,
      upload.at,
    ),
  pendingUploads: () =>
    run.all<UploadRow>("SELECT * FROM uploads WHERE state = 'pending' ORDER BY at").map((row) => ({
      roundId: row.round_id,
      jobId: row.job_id,
      uploadToken: row.token,
      digest: row.digest,
      bytes: new Uint8Array(row.bytes),
      at: row.at,
    })),
  settleUpload: (roundId: string, state: Exclude<UploadState, 'pending'>, reason: string | null) =>
    void run.change(
      'UPDATE uploads SET state = ?, reason = ?, bytes = NULL WHERE round_id = ?',
      state,
      reason,
      roundId,
    ),
  uploads: () =>
    run
      .all<UploadRow>('SELECT * FROM uploads ORDER BY at DESC')
      .map(({ round_id, job_id, digest, state, reason, at, size }) => ({
        roundId: round_id,
        jobId: job_id,
        digest,
        state,
        reason,
        at,
        bytes: size,
      })),
})

const cacheTables = (run: Run) => ({
  frozen: (key: string) => {
    const row = run.one<{ value: string }>('SELECT value FROM frozen WHERE key = ?', key)
    return row && JSON.parse(row.value)
  },
  freeze: (key: string, value: unknown, at: number) => {
    run.change(
      'INSERT OR REPLACE INTO frozen (key, value, at) VALUES (?, ?, ?)',
      key,
      JSON.stringify(value),
      at,
    )
    run.change('DELETE FROM frozen WHERE at < ?', at - FROZEN_MS)
  },
  pooled: (key: string) => {
    const row = run.one<{ state: Buffer }>('SELECT state FROM pooled WHERE key = ?', key)
    // A copy: a Buffer's offset need not be a multiple of 4.
    return row && new Float32Array(new Uint8Array(row.state).buffer)
  },
  savePooled: (key: string, state: Float32Array) => {
    const bytes = new Uint8Array(state.buffer, state.byteOffset, state.byteLength)
    run.change('INSERT OR IGNORE INTO pooled (key, state) VALUES (?, ?)', key, bytes)
    run.change('DELETE FROM pooled WHERE seq <= (SELECT MAX(seq) FROM pooled) - ?', POOLED_ROWS)
  },
  spentSince: (at: number) =>
    run.one<Spending>(
      'SELECT COALESCE(SUM(tokens), 0) AS tokens, COALESCE(SUM(usd), 0) AS usd FROM spent WHERE at >= ?',
      at,
    ) ?? { tokens: 0, usd: 0 },
  spend: (at: number, { tokens, usd }: Spending) =>
    void run.change('INSERT INTO spent (at, tokens, usd) VALUES (?, ?, ?)', at, tokens, usd),
})
