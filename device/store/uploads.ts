/** The table of updates for the federation: those that wait, and what became of the others. */
import type { Sendable } from '../records/consent.ts'
import type { Run } from './run.ts'

/** masked-rounds.ts, which needs what is here. */
type Masked = { readonly dropMasked: (roundId: string) => void }

/** What an update would contribute, and for what purpose. */
export type Intended = {
  readonly contributions: readonly Sendable[]
  readonly purpose: string
  /** Fewest devices that its round may have; left out where the server did not say. */
  readonly leastCohort?: number | undefined
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
  /** Whether bytes of it may have arrived. */
  readonly isSent?: boolean
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

/** A column that an earlier version did not store is null. */
type UploadRow = {
  readonly roundId: string
  readonly jobId: string
  readonly uploadToken: string
  readonly digest: string
  readonly size: number
  readonly bytes: Buffer
  readonly state: UploadState
  readonly reason: string | null
  readonly at: number
  /** JSON of Intended. */
  readonly intended: string | null
  /** 1: bytes of it may have arrived. */
  readonly sent: number | null
  readonly deadlineAt: number | null
  readonly overdueAt: number | null
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

export const uploadTable = (run: Run, masked: Masked) => ({
  ...readUploads(run),
  ...writePending(run),
  ...endUploads(run, masked),
})

const PENDING = `
  SELECT round_id AS roundId, job_id AS jobId, token AS uploadToken, digest, bytes, at, intended,
    sent, deadline_at AS deadlineAt
  FROM uploads WHERE state = 'pending'`

const readUploads = (run: Run) => ({
  pendingUploads: () => run.all<UploadRow>(`${PENDING} ORDER BY at`).map(pendingOf),
  pendingUpload: (roundId: string) => {
    const row = run.one<UploadRow>(`${PENDING} AND round_id = ?`, roundId)
    return row && pendingOf(row)
  },
  /** The same without their bytes. */
  waitingUploads: (): WaitingUpload[] =>
    run
      .all<UploadRow>(
        `SELECT round_id AS roundId, at, size, reason, intended, sent, deadline_at AS deadlineAt,
           overdue_at AS overdueAt
         FROM uploads WHERE state = 'pending' ORDER BY at`,
      )
      .map(({ intended, deadlineAt, sent, ...row }) => ({
        ...row,
        // Earlier versions sent at once.
        isSent: sent !== 0,
        ...plannedOf({ intended, deadlineAt }),
      })),
  uploadState: (roundId: string) =>
    run.one<UploadRow>('SELECT state FROM uploads WHERE round_id = ?', roundId)?.state,
  uploads: () =>
    run
      .all<Omit<UploadRow, 'bytes'> & { readonly bytes: number }>(
        `SELECT round_id AS roundId, job_id AS jobId, digest, state, reason, at, size AS bytes, sent
         FROM uploads ORDER BY at DESC`,
      )
      .map(({ roundId, jobId, digest, state, reason, at, bytes, sent }) => ({
        ...{ roundId, jobId, digest, state, reason, at, bytes },
        isSent: sent === null ? !DROPPED.has(reason ?? '') : sent === 1,
      })),
})

const writePending = (run: Run) => ({
  /** The first bytes of a round stay: a second call with other bytes changes nothing. */
  savePending: (upload: PendingUpload) =>
    void run.add(
      'uploads',
      {
        round_id: upload.roundId,
        job_id: upload.jobId,
        token: upload.uploadToken,
        digest: upload.digest,
        size: upload.bytes.length,
        bytes: upload.bytes,
        state: 'pending',
        at: upload.at,
        intended: intendedOf(upload),
        sent: 0,
        deadline_at: upload.deadlineAt ?? null,
      },
      'IGNORE',
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
  /** The round of a pending update goes on. */
  extendUpload: (roundId: string, deadlineAt: number) =>
    void run.change(
      `UPDATE uploads SET deadline_at = ?, overdue_at = NULL
       WHERE round_id = ? AND state = 'pending' AND deadline_at < ?`,
      deadlineAt,
      roundId,
      deadlineAt,
    ),
  /** Notes since when a pending update seems to be too late. */
  setOverdue: (roundId: string, since: number | null) =>
    void run.change('UPDATE uploads SET overdue_at = ? WHERE round_id = ?', since, roundId),
})

/** What is refused, given up or dropped leaves no secrets of a masked round. */
const endUploads = (run: Run, { dropMasked }: Masked) => ({
  /** Records as refused a round that this device sends nothing to. */
  giveUp: (round: Pick<PendingUpload, 'roundId' | 'jobId' | 'at'>, reason: string): void => {
    run.change(
      `INSERT OR IGNORE INTO uploads
         (round_id, job_id, token, digest, size, state, reason, at, sent)
       VALUES (?, ?, '', '', 0, 'refused', ?, ?, 0)`,
      round.roundId,
      round.jobId,
      reason,
      round.at,
    )
    dropMasked(round.roundId)
  },
  /**
   * Records the server's verdict on a pending update. An update dropped meanwhile stays dropped.
   */
  settleUpload: (
    roundId: string,
    state: Exclude<UploadState, 'pending'>,
    reason: string | null,
  ): void => {
    run.change(
      `UPDATE uploads SET state = ?, reason = ?, bytes = NULL, token = '', sent = 1
       WHERE round_id = ? AND state = 'pending'`,
      state,
      reason,
      roundId,
    )
    if (state === 'refused') dropMasked(roundId)
  },
  /** Drops a pending update: its bytes are erased, and it is recorded as refused by this device. */
  dropUpload: (roundId: string, reason: string): void => {
    run.change(
      `UPDATE uploads SET state = 'refused', reason = ?, bytes = NULL, token = ''
       WHERE round_id = ? AND state = 'pending'`,
      reason,
      roundId,
    )
    dropMasked(roundId)
  },
  /** Drops pending updates that were computed since then, and masked rounds under way. */
  dropUploadsSince: (at: number): void => {
    run.change(
      `UPDATE uploads SET state = 'refused', reason = 'forgotten', bytes = NULL, token = ''
       WHERE state = 'pending' AND at >= ?`,
      at,
    )
    run.change(
      `INSERT OR IGNORE INTO uploads
         (round_id, job_id, token, digest, size, state, reason, at, sent)
       SELECT round_id, job_id, '', '', 0, 'refused', 'forgotten', at, 0
       FROM masked_rounds WHERE at >= ?`,
      at,
    )
    run.change('DELETE FROM masked_rounds WHERE at >= ?', at)
  },
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

const pendingOf = ({ bytes, intended, deadlineAt, sent, ...row }: UploadRow): PendingUpload => ({
  ...row,
  ...(sent === 1 && { isSent: true }),
  bytes: new Uint8Array(bytes),
  ...plannedOf({ intended, deadlineAt }),
})

const intendedOf = ({ contributions, purpose, leastCohort }: Partial<Intended>): string | null =>
  contributions && purpose !== undefined
    ? JSON.stringify({ contributions, purpose, leastCohort })
    : null

/** Fields that only later versions store. */
const plannedOf = ({
  intended,
  deadlineAt,
}: Pick<UploadRow, 'intended' | 'deadlineAt'>): Partial<Intended> & { deadlineAt?: number } => ({
  ...(intended !== null && (JSON.parse(intended) as Intended)),
  ...(deadlineAt !== null && { deadlineAt }),
})
