/**
 * The tables of the cost of further answers: what was spent, and what is held back for answers
 * still to come.
 */

import { DAY_MS } from '../../adapters/time.ts'
import type { Run } from './run.ts'

export type Spending = { readonly tokens: number; readonly usd: number }

/**
 * worst: the most that its answers can cost; likely: what is counted if the real cost stays
 * unknown.
 */
export type HeldBack = {
  readonly id: string
  readonly at: number
  readonly worst: Spending
  readonly likely: Spending
}

export const SPENDING_SCHEMA = `
DROP TABLE IF EXISTS spending;
CREATE TABLE IF NOT EXISTS spent (
  seq INTEGER PRIMARY KEY, at REAL NOT NULL, tokens INTEGER NOT NULL, usd REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS spent_at ON spent (at);
CREATE TABLE IF NOT EXISTS held_back (
  id TEXT PRIMARY KEY, at REAL NOT NULL, tokens REAL NOT NULL, usd REAL NOT NULL,
  likely_tokens REAL NOT NULL, likely_usd REAL NOT NULL
);
`

type HeldBackRow = Spending & {
  readonly id: string
  readonly at: number
  readonly likely_tokens: number
  readonly likely_usd: number
}

const SUMS = 'COALESCE(SUM(tokens), 0) AS tokens, COALESCE(SUM(usd), 0) AS usd'
const NOTHING: Spending = { tokens: 0, usd: 0 }

export const spendingTables = (run: Run) => ({
  /** Spent since a time on candidates beyond the first. */
  spentSince: (at: number): Spending =>
    run.one<Spending>(`SELECT ${SUMS} FROM spent WHERE at >= ?`, at) ?? NOTHING,
  spend: (at: number, { tokens, usd }: Spending) => void run.add('spent', { at, tokens, usd }),
  /**
   * Drops rows that no longer count, and rows that a clock that was set back has left in the
   * future.
   */
  trimSpent: (now: number): void =>
    void run.change(
      'DELETE FROM spent WHERE at NOT BETWEEN ? AND ?',
      now - 2 * DAY_MS,
      now + DAY_MS,
    ),
  holdBack: ({ id, at, worst, likely }: HeldBack) =>
    void run.add('held_back', {
      id,
      at,
      tokens: worst.tokens,
      usd: worst.usd,
      likely_tokens: likely.tokens,
      likely_usd: likely.usd,
    }),
  /** False if it was released before. */
  letGo: (id: string): boolean => run.change('DELETE FROM held_back WHERE id = ?', id) > 0,
  heldBackRows: (): HeldBack[] =>
    run.all<HeldBackRow>('SELECT * FROM held_back').map((row) => ({
      id: row.id,
      at: row.at,
      worst: { tokens: row.tokens, usd: row.usd },
      likely: { tokens: row.likely_tokens, usd: row.likely_usd },
    })),
})
