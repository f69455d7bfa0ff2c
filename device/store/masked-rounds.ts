/**
 * The table of masked rounds under way: a device's secrets, and its update until it is masked. Each step
 * is kept before anything that depends on it is sent, so that a device that was killed goes on where it was.
 */
import type { DeviceState } from '../../adapters/secagg/device-state.ts'
import type { Run } from './run.ts'
import type { Intended } from './uploads.ts'

/** deadlineAt: until when devices may join it; at: when its update was made. */
export type MaskedRound = Intended & {
  readonly roundId: string
  readonly jobId: string
  readonly uploadToken: string
  readonly deadlineAt: number
  readonly at: number
}
/** ring: the quantized update; null: it is masked, and waits as any other. */
export type MaskedSecrets = { readonly state: DeviceState; readonly ring: Uint32Array | null }

type Row = Omit<MaskedRound, keyof Intended> & { readonly intended: string }

export const MASKED_SCHEMA = `
CREATE TABLE IF NOT EXISTS masked_rounds (
  round_id TEXT PRIMARY KEY, job_id TEXT NOT NULL, token TEXT NOT NULL, intended TEXT NOT NULL,
  deadline_at REAL NOT NULL, at REAL NOT NULL, state TEXT NOT NULL, ring BLOB
);
`

export const maskedTable = (run: Run) => ({
  maskedRounds: (): MaskedRound[] =>
    run
      .all<Row>(
        `SELECT round_id AS roundId, job_id AS jobId, token AS uploadToken, intended,
           deadline_at AS deadlineAt, at
         FROM masked_rounds ORDER BY at`,
      )
      .map(({ intended, ...row }) => ({ ...row, ...(JSON.parse(intended) as Intended) })),
  isMasking: (roundId: string): boolean =>
    run.one('SELECT 1 FROM masked_rounds WHERE round_id = ?', roundId) !== undefined,
  maskedSecrets: (roundId: string): MaskedSecrets | undefined => {
    const row = run.one<{ state: string; ring: Buffer | null }>(
      'SELECT state, ring FROM masked_rounds WHERE round_id = ?',
      roundId,
    )
    if (!row) return undefined
    const ring = row.ring && new Uint32Array(new Uint8Array(row.ring).buffer)
    return { state: JSON.parse(row.state) as DeviceState, ring }
  },
  saveMasked: (
    { roundId, jobId, uploadToken, deadlineAt, at, ...intended }: MaskedRound,
    { state, ring }: MaskedSecrets,
  ) =>
    void run.add('masked_rounds', {
      ...{ round_id: roundId, job_id: jobId, token: uploadToken, deadline_at: deadlineAt, at },
      intended: JSON.stringify(intended),
      ...columnsOf({ state, ring }),
    }),
  /** False: the round was dropped meanwhile, and stays dropped. */
  setMasked: (roundId: string, secrets: MaskedSecrets): boolean => {
    const { state, ring } = columnsOf(secrets)
    const sql = 'UPDATE masked_rounds SET state = ?, ring = ? WHERE round_id = ?'
    return run.change(sql, state, ring, roundId) > 0
  },
  /** The round is over for this device. What became of its update is in `uploads`. */
  dropMasked: (roundId: string) =>
    void run.change('DELETE FROM masked_rounds WHERE round_id = ?', roundId),
  /** Drops rounds that nobody can have waited for until now. */
  dropMaskedOver: (now: number): void =>
    void run.change('DELETE FROM masked_rounds WHERE deadline_at < ?', now - LONGEST_STEPS_MS),
})

/** A job may leave a day to each of the four steps that follow the deadline for joining. */
export const LONGEST_STEPS_MS = 4 * 24 * 3600_000

const columnsOf = ({ state, ring }: MaskedSecrets) => ({
  state: JSON.stringify(state),
  ring: ring && new Uint8Array(ring.buffer, ring.byteOffset, ring.byteLength),
})
