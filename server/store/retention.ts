/** How long each kind of row is kept. Releases, lineages, settings and enrolled keys stay. */
import { DAY_MS } from '../../adapters/time.ts'
import type { Sql } from './sql.ts'

type Rule = {
  readonly what: string
  readonly days: number
  /** The question mark is the time before which things are forgotten. */
  readonly query: string
}

/** Replicas' clocks may differ by so much: what one of them takes for old may be valid at another. */
const CLOCKS_APART_DAYS = 15 / (24 * 60)

const ENDED = 'SELECT id FROM jobs WHERE ended_at <= ?'

/** In this order: what belongs to a job goes before it, and nonces stay until their device's newest is noted. */
const RETENTION: readonly Rule[] = [
  {
    // Whatever the clock does, what was signed no later is refused: no nonce is needed to know it again.
    what: 'of nonces all but how new the newest was',
    days: CLOCKS_APART_DAYS,
    query: `UPDATE devices SET signed_until = old.until
      FROM (SELECT device_id, max(expires_at) AS until FROM nonces WHERE expires_at <= ?
        GROUP BY device_id) AS old
      WHERE devices.id = old.device_id`,
  },
  {
    what: 'nonces, once used up',
    days: CLOCKS_APART_DAYS,
    query: 'DELETE FROM nonces WHERE expires_at <= ?',
  },
  {
    what: 'enrolment tokens, once expired',
    days: 0,
    query: 'DELETE FROM tokens WHERE expires_at <= ?',
  },
  { what: 'what a device was last told', days: 1, query: 'DELETE FROM visits WHERE at <= ?' },
  {
    what: 'pieces of updates that did not come whole',
    days: 1,
    query: 'DELETE FROM parts WHERE at <= ?',
  },
  {
    what: 'sums of updates that a kill left behind',
    days: 1,
    query: `DELETE FROM folded WHERE round_id IN (SELECT id FROM rounds WHERE job_id IN (${ENDED}))`,
  },
  { what: 'idempotency keys', days: 30, query: 'DELETE FROM idempotency WHERE created_at <= ?' },
  {
    what: 'who took part in rounds of jobs that have ended',
    days: 90,
    query: `DELETE FROM members WHERE round_id IN (SELECT id FROM rounds WHERE job_id IN (${ENDED}))`,
  },
  {
    what: 'when a device was last seen',
    days: 90,
    query: 'UPDATE devices SET last_seen_at = NULL WHERE last_seen_at <= ?',
  },
  {
    what: 'rounds of jobs that have ended',
    days: 400,
    query: `DELETE FROM rounds WHERE job_id IN (${ENDED})`,
  },
  { what: 'jobs that have ended', days: 400, query: 'DELETE FROM jobs WHERE ended_at <= ?' },
]

export const forgetOld = async (sql: Sql, now: number): Promise<void> => {
  for (const { days, query } of RETENTION) await sql.run(query, now - days * DAY_MS)
}
