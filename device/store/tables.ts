/** Tables of the device's store that hold single values, what it sent, and what it can compute again. */
import type { ConsentRecord } from '../../adapters/wire/federation.ts'
import type { Intended } from './consent.ts'
import type { PendingUpload, Run, StateKey, UploadState } from './store.ts'

/** Rows of the cache that go for one that comes, where there are too many. */
const POOLED_AT_ONCE = 20

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
  /** JSON of what it contributes, and for what; null: kept by a version that did not say. */
  intended: string | null
  /** 1: bytes of it may have arrived; null: kept by a version that did not say. */
  sent: number | null
  /** When its round ends; null: kept by a version that did not say. */
  deadline_at: number | null
  /** Since when it seems to be too late. */
  overdue_at: number | null
}

/** In columns that a table of an earlier version lacks. */
export const UPLOAD_COLUMNS = [
  'intended TEXT',
  'sent INTEGER',
  'deadline_at REAL',
  'overdue_at REAL',
]

export const outgoingTables = (run: Run) => ({
  /** The first bytes of a round stay: a second call with other bytes changes nothing. */
  savePending: (upload: PendingUpload) =>
    void run.change(
      "INSERT OR IGNORE INTO uploads (round_id, job_id, token, digest, size, bytes, state, at, intended, sent, deadline_at) VALUES (?, ?, ?, ?, ?, ?, 'pending', ?, ?, 0, ?)",
      upload.roundId,
      upload.jobId,
      upload.uploadToken,
      upload.digest,
      upload.bytes.length,
      upload.bytes,
      upload.at,
      upload.contributions && upload.purpose !== undefined
        ? JSON.stringify({ contributions: upload.contributions, purpose: upload.purpose })
        : null,
      upload.deadlineAt ?? null,
    ),
  /** A round that this device sends nothing to. */
  giveUp: (round: Pick<PendingUpload, 'roundId' | 'jobId' | 'at'>, reason: string) =>
    void run.change(
      "INSERT OR IGNORE INTO uploads (round_id, job_id, token, digest, size, state, reason, at, sent) VALUES (?, ?, '', '', 0, 'refused', ?, ?, 0)",
      round.roundId,
      round.jobId,
      reason,
      round.at,
    ),
  pendingUploads: () =>
    run.all<UploadRow>("SELECT * FROM uploads WHERE state = 'pending' ORDER BY at").map(pendingOf),
  pendingUpload: (roundId: string) => {
    const row = run.one<UploadRow>(
      "SELECT * FROM uploads WHERE round_id = ? AND state = 'pending'",
      roundId,
    )
    return row && pendingOf(row)
  },
  waitingUploads: () =>
    run
      .all<UploadRow>(
        "SELECT round_id, at, size, reason, intended, sent, deadline_at, overdue_at FROM uploads WHERE state = 'pending' ORDER BY at",
      )
      .map((row) => ({
        roundId: row.round_id,
        at: row.at,
        size: row.size,
        reason: row.reason,
        // An earlier version tried at once.
        isSent: row.sent !== 0,
        overdueAt: row.overdue_at,
        ...plannedOf(row),
      })),
  uploadState: (roundId: string) =>
    run.one<UploadRow>('SELECT state FROM uploads WHERE round_id = ?', roundId)?.state,
  markSent: (roundId: string) =>
    void run.change(
      "UPDATE uploads SET sent = 1 WHERE round_id = ? AND state = 'pending'",
      roundId,
    ),
  noteUpload: (roundId: string, reason: string) =>
    void run.change(
      "UPDATE uploads SET reason = ? WHERE round_id = ? AND state = 'pending'",
      reason,
      roundId,
    ),
  setOverdue: (roundId: string, since: number | null) =>
    void run.change('UPDATE uploads SET overdue_at = ? WHERE round_id = ?', since, roundId),
  settleUpload: (roundId: string, state: Exclude<UploadState, 'pending'>, reason: string | null) =>
    void run.change(
      "UPDATE uploads SET state = ?, reason = ?, bytes = NULL, token = '', sent = 1 WHERE round_id = ? AND state = 'pending'",
      state,
      reason,
      roundId,
    ),
  dropUpload: (roundId: string, reason: string) =>
    void run.change(
      "UPDATE uploads SET state = 'refused', reason = ?, bytes = NULL, token = '' WHERE round_id = ? AND state = 'pending'",
      reason,
      roundId,
    ),
  uploads: () =>
    run
      .all<UploadRow>(
        `SELECT round_id, job_id, digest, state, reason, at, size, sent FROM uploads
         ORDER BY at DESC`,
      )
      .map(({ round_id, job_id, digest, state, reason, at, size, sent }) => ({
        roundId: round_id,
        jobId: job_id,
        digest,
        state,
        reason,
        at,
        bytes: size,
        isSent: sent === null ? !DROPPED.has(reason ?? '') : sent === 1,
      })),
})

/** Reasons of this device's own with which an earlier version let go of what it had not sent. */
const DROPPED: ReadonlySet<string> = new Set(['forgotten', 'E_CONSENT'])

const pendingOf = (row: UploadRow): PendingUpload => ({
  roundId: row.round_id,
  jobId: row.job_id,
  uploadToken: row.token,
  digest: row.digest,
  bytes: new Uint8Array(row.bytes),
  at: row.at,
  ...plannedOf(row),
})

/** What only later versions keep. */
const plannedOf = ({
  intended,
  deadline_at,
}: UploadRow): Partial<Intended> & { deadlineAt?: number } => ({
  ...(intended !== null && (JSON.parse(intended) as Intended)),
  ...(deadline_at !== null && { deadlineAt: deadline_at }),
})

export const cacheTables = (run: Run) => {
  let maxBytes = Number.POSITIVE_INFINITY
  return {
    /** Of pooled states: 2.3 kB each for the default model. */
    limitPooled: (bytes: number): void => {
      maxBytes = bytes
    },
    pooled: (key: string) => {
      const row = run.one<{ state: Buffer }>('SELECT state FROM pooled WHERE key = ?', key)
      // A copy: a Buffer's offset need not be a multiple of 4.
      return row && new Float32Array(new Uint8Array(row.state).buffer)
    },
    savePooled: (key: string, state: Float32Array, at?: number) => {
      const bytes = new Uint8Array(state.buffer, state.byteOffset, state.byteLength)
      run.change(
        'INSERT OR IGNORE INTO pooled (key, state, at) VALUES (?, ?, ?)',
        key,
        bytes,
        at ?? null,
      )
      run.change(
        `DELETE FROM pooled WHERE seq IN (SELECT seq FROM pooled
         WHERE seq <= (SELECT MAX(seq) FROM pooled) - ? ORDER BY seq LIMIT ?)`,
        Math.floor(maxBytes / bytes.length),
        POOLED_AT_ONCE,
      )
    },
  }
}

export const stateTables = (run: Run) => {
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
