/** Tables of the device's store that would grow for ever, and where they end. */
import type { Run } from './store.ts'

const DAY_MS = 24 * 3600 * 1000
/** For this long a decision, with its texts, waits for feedback. Choices stay. */
export const DECISION_MS = 90 * DAY_MS

/** Entries of the log that are kept of each recipient, and for how long. */
const LOG_ENTRIES = 50_000
const LOG_MS = 366 * DAY_MS
/** Updates that were sent or refused: a forget counts them, the page shows them. */
const UPLOADS = 1000

/** sql: @now is the time. */
type End = { readonly table: string; readonly sql: string }

const logEnd = (recipient: string): string =>
  `DELETE FROM outbox WHERE recipient = '${recipient}' AND (at < @now - ${LOG_MS} OR seq <= (
     SELECT seq FROM outbox WHERE recipient = '${recipient}' ORDER BY seq DESC
     LIMIT 1 OFFSET ${LOG_ENTRIES}))`

const ENDS: readonly End[] = [
  { table: 'outbox', sql: logEnd('claude') },
  { table: 'outbox', sql: logEnd('federation') },
  // A day is looked back on. What a clock that was set back has left in the future would count for ever.
  {
    table: 'spent',
    sql: `DELETE FROM spent WHERE at NOT BETWEEN @now - ${2 * DAY_MS} AND @now + ${DAY_MS}`,
  },
  {
    table: 'uploads',
    sql: `DELETE FROM uploads WHERE state <> 'pending' AND rowid NOT IN (
            SELECT rowid FROM uploads ORDER BY at DESC LIMIT ${UPLOADS})`,
  },
  // Numbers that were made of texts: what is still read is computed again.
  { table: 'pooled', sql: `DELETE FROM pooled WHERE at IS NULL OR at < @now - ${DECISION_MS}` },
  {
    table: 'suffixes',
    sql: 'DELETE FROM suffixes WHERE NOT EXISTS (SELECT 1 FROM suffix_keys WHERE suffix = suffixes.id)',
  },
]

export const endTables = (run: Run) => ({
  /** Drops what a table holds beyond its end. */
  endRows: (table: string, now: number): void => {
    for (const end of ENDS) if (end.table === table) run.change(end.sql, { now })
  },
})
