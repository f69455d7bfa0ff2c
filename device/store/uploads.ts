/** The table of updates for the federation: those that wait, and what became of the others. */
import type { Contribution } from '../../adapters/wire/jobs.ts'
import type { Run } from './run.ts'

/** What an update would contribute, and for what purpose. */
export type Intended = {
  readonly contributions: readonly Contribution[]
  readonly purpose: string
}

/**
 * An update whose exact bytes are kept before they are sent. Earlier versions did not keep what it
 * contributes.
 */
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
/**
 * reason: why it could not be sent yet; isSent: bytes of it may have arrived; overdueAt: since when
 * it seems to be too late.
 */
export type WaitingUpload = Pick<PendingUpload, 'roundId' | 'at' | 'deadlineAt'> &
  Partial<Intended> & {
    readonly size: number
    readonly reason: string | null
    readonly isSent: boolean
    readonly overdueAt: number | null
  }
export type UploadState = 'pending' | 'accepted' | 'refused'

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
  /** JSON of what it contributes and its purpose; null: unknown, from an earlier version. */
  intended: string | null
  /** 1: bytes of it may have arrived; null: unknown, from an earlier version. */
  sent: number | null
  /** When its round ends; null: unknown, from an earlier version. */
  deadline_at: number | null
  /** Since when it seems to be too late. */
  overdue_at: number | null
}

export const UPLOAD_SCHEMA = `
CREATE TABLE IF NOT EXISTS uploads (
  round_id TEXT PRIMARY KEY, job_id TEXT NOT NULL, token TEXT NOT NULL, digest TEXT NOT NULL,
  size INTEGER NOT NULL, bytes BLOB, state TEXT NOT NULL, reason TEXT, at REAL NOT NULL
);
`
/** Columns that tables of earlier versions lack. */
export const UPLOAD_COLUMNS = [
  'intended TEXT',
  'sent INTEGER',
  'deadline_at REAL',
  'overdue_at REAL',
]

export const uploadTable = (run: Run) => ({
  ...readUploads(run),
  ...writePending(run),
  ...endUploads(run),
})

const readUploads = (run: Run) => ({
  pendingUploads: () =>
    run.all<UploadRow>("SELECT * FROM uploads WHERE state = 'pending' ORDER BY at").map(pendingOf),
  pendingUpload: (roundId: string) => {
    const row = run.one<UploadRow>(
      "SELECT * FROM uploads WHERE round_id = ? AND state = 'pending'",
      roundId,
    )
    return row && pendingOf(row)
  },
  /** The same without their bytes. */
  waitingUploads: (): WaitingUpload[] =>
    run
      .all<UploadRow>(
        `SELECT round_id, at, size, reason, intended, sent, deadline_at, overdue_at
         FROM uploads WHERE state = 'pending' ORDER BY at`,
      )
      .map((row) => ({
        roundId: row.round_id,
        at: row.at,
        size: row.size,
        reason: row.reason,
        // Earlier versions sent at once.
        isSent: row.sent !== 0,
        overdueAt: row.overdue_at,
        ...plannedOf(row),
      })),
  uploadState: (roundId: string) =>
    run.one<UploadRow>('SELECT state FROM uploads WHERE round_id = ?', roundId)?.state,
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

const writePending = (run: Run) => ({
  /** The first bytes of a round stay: a second call with other bytes changes nothing. */
  savePending: (upload: PendingUpload) =>
    void run.change(
      `INSERT OR IGNORE INTO uploads (round_id, job_id, token, digest, size, bytes, state, at,
         intended, sent, deadline_at)
       VALUES (?, ?, ?, ?, ?, ?, 'pending', ?, ?, 0, ?)`,
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
  /** Records as refused a round that this device sends nothing to. */
  giveUp: (round: Pick<PendingUpload, 'roundId' | 'jobId' | 'at'>, reason: string) =>
    void run.change(
      `INSERT OR IGNORE INTO uploads
         (round_id, job_id, token, digest, size, state, reason, at, sent)
       VALUES (?, ?, '', '', 0, 'refused', ?, ?, 0)`,
      round.roundId,
      round.jobId,
      reason,
      round.at,
    ),
  /**
   * Marks that bytes of a pending update may have arrived. Called before each attempt, since a kill
   * can follow.
   */
  markSent: (roundId: string) =>
    void run.change(
      "UPDATE uploads SET sent = 1 WHERE round_id = ? AND state = 'pending'",
      roundId,
    ),
  /** Notes why a pending update could not be sent yet. */
  noteUpload: (roundId: string, reason: string) =>
    void run.change(
      "UPDATE uploads SET reason = ? WHERE round_id = ? AND state = 'pending'",
      reason,
      roundId,
    ),
  /** Notes since when a pending update seems to be too late. */
  setOverdue: (roundId: string, since: number | null) =>
    void run.change('UPDATE uploads SET overdue_at = ? WHERE round_id = ?', since, roundId),
})

const endUploads = (run: Run) => ({
  /**
   * Records the server's verdict on a pending update. An update dropped meanwhile stays dropped.
   */
  settleUpload: (roundId: string, state: Exclude<UploadState, 'pending'>, reason: string | null) =>
    void run.change(
      `UPDATE uploads SET state = ?, reason = ?, bytes = NULL, token = '', sent = 1
       WHERE round_id = ? AND state = 'pending'`,
      state,
      reason,
      roundId,
    ),
  /** Drops a pending update: its bytes are erased, and it is recorded as refused by this device. */
  dropUpload: (roundId: string, reason: string) =>
    void run.change(
      `UPDATE uploads SET state = 'refused', reason = ?, bytes = NULL, token = ''
       WHERE round_id = ? AND state = 'pending'`,
      reason,
      roundId,
    ),
  /** Drops pending updates that were computed since then. */
  dropUploadsSince: (at: number): void =>
    void run.change(
      `UPDATE uploads SET state = 'refused', reason = 'forgotten', bytes = NULL, token = ''
       WHERE state = 'pending' AND at >= ?`,
      at,
    ),
  /**
   * Drops all but the newest updates that were sent or refused, which a forget counts and the page
   * shows.
   */
  trimUploads: (): void =>
    void run.change(
      `DELETE FROM uploads WHERE state <> 'pending' AND rowid NOT IN (
         SELECT rowid FROM uploads ORDER BY at DESC LIMIT ?)`,
      MAX_SETTLED,
    ),
})

const MAX_SETTLED = 1000

/** The reasons that earlier versions recorded for updates that they never sent. */
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

/** Fields that only later versions store. */
const plannedOf = ({
  intended,
  deadline_at,
}: UploadRow): Partial<Intended> & { deadlineAt?: number } => ({
  ...(intended !== null && (JSON.parse(intended) as Intended)),
  ...(deadline_at !== null && { deadlineAt: deadline_at }),
})
