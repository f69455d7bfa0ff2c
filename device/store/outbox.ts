/** The table of everything that left the device: the newest entries, and sums over all. */
import type { Run } from './run.ts'

/**
 * One thing that left the device. digest: SHA-256 of the bytes; empty when there was no body, or
 * once it was erased.
 */
export type OutboxEntry = {
  readonly at: number
  readonly recipient: 'federation' | 'claude'
  readonly what: string
  readonly bytes: number
  readonly digest: string
}

/**
 * Replaces an erased digest. It has the same length, so SQLite overwrites it in place and moves no
 * other row, which would leave a copy behind.
 */
const ERASED = '0'.repeat(64)

export const OUTBOX_SCHEMA = `
CREATE TABLE IF NOT EXISTS outbox (
  seq INTEGER PRIMARY KEY, at REAL NOT NULL, recipient TEXT NOT NULL, what TEXT NOT NULL,
  bytes INTEGER NOT NULL, digest TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS outbox_recipient ON outbox (recipient, seq);
CREATE INDEX IF NOT EXISTS outbox_digests ON outbox (at)
  WHERE recipient = 'claude' AND digest > '${ERASED}';
CREATE INDEX IF NOT EXISTS outbox_at ON outbox (at, recipient, bytes);
CREATE TABLE IF NOT EXISTS outbox_sums (
  recipient TEXT PRIMARY KEY, entries INTEGER NOT NULL, bytes INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO outbox_sums
  SELECT recipient, COUNT(*), SUM(bytes) FROM outbox
  WHERE NOT EXISTS (SELECT 1 FROM outbox_sums) GROUP BY recipient;
`

/** Entries that are kept for each recipient, and for how long. */
const MAX_ENTRIES = 50_000
const KEPT_MS = 366 * 24 * 3600_000
const RECIPIENTS: readonly OutboxEntry['recipient'][] = ['claude', 'federation']

export const outboxTable = (run: Run) => ({
  log: ({ at, recipient, what, bytes, digest }: OutboxEntry): void => {
    run.add('outbox', { at, recipient, what, bytes, digest })
    run.change(
      `INSERT INTO outbox_sums VALUES (?, 1, ?)
       ON CONFLICT (recipient) DO UPDATE SET entries = entries + 1, bytes = bytes + excluded.bytes`,
      recipient,
      bytes,
    )
  },
  /** Most recent first. */
  outbox: (limit = Number.MAX_SAFE_INTEGER): OutboxEntry[] =>
    run
      .all<OutboxEntry>(
        'SELECT at, recipient, what, bytes, digest FROM outbox ORDER BY seq DESC LIMIT ?',
        limit,
      )
      .map((entry) => ({ ...entry, digest: entry.digest === ERASED ? '' : entry.digest })),
  /** Sums over everything ever logged. */
  outboxSums: (): { recipient: OutboxEntry['recipient']; entries: number; bytes: number }[] =>
    run.all('SELECT recipient, entries, bytes FROM outbox_sums ORDER BY recipient'),
  /** Bytes logged since a time. */
  sentSince: (at: number): { recipient: OutboxEntry['recipient']; bytes: number }[] =>
    run.all(
      'SELECT recipient, SUM(bytes) AS bytes FROM outbox WHERE at >= ? GROUP BY recipient',
      at,
    ),
  /**
   * Erases the digests of requests to Claude between two times, both included, since a digest
   * confirms a guessed text. Returns how many.
   */
  eraseDigests: (from: number, to: number): number =>
    run.change(
      `UPDATE outbox INDEXED BY outbox_digests SET digest = '${ERASED}'
       WHERE recipient = 'claude' AND digest > '${ERASED}' AND at BETWEEN ? AND ?`,
      from,
      to,
    ),
  /** Drops what is older than a year, and the oldest beyond a number. */
  trimOutbox: (now: number): void => {
    for (const recipient of RECIPIENTS)
      run.change(
        `DELETE FROM outbox WHERE recipient = @recipient AND (at < @before OR seq <= (
           SELECT seq FROM outbox WHERE recipient = @recipient ORDER BY seq DESC
           LIMIT 1 OFFSET ${MAX_ENTRIES}))`,
        { recipient, before: now - KEPT_MS },
      )
  },
})
