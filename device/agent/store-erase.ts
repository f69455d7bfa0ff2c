/** Erasing from the device's store, so that no page, free or used, and no journal holds it afterwards. */
import type Database from 'better-sqlite3'
import type { Run } from './store.ts'

/**
 * decisions: ids, with their message ids and feedback. choices: ids. conversations: names of those whose texts no key may be
 * made from any more. computedSince: pooled states kept
 * since then go (0: all). sentSince: updates not sent yet that were computed since then; null: none. before: whatever feedback and
 * keys of texts are older.
 */
export type Erasure = {
  readonly decisions: readonly string[]
  readonly choices: readonly string[]
  readonly conversations?: readonly string[]
  readonly computedSince?: number
  readonly sentSince?: number | null
  readonly before?: number
}
export type Erased = {
  readonly decisions: number
  readonly choices: number
  readonly feedback: number
}

export const erasing = (db: Database.Database, run: Run) => ({
  /** Of rows; compact() removes their traces. Decisions that are being made are not kept either: see saveDecision. */
  eraseRows: (what: Erasure): Erased => {
    const each = (sql: string, ids: readonly unknown[]) =>
      ids.reduce<number>((sum, id) => sum + run.change(sql, id), 0)
    const ids = [...new Set([...what.decisions, ...what.choices])]
    const before = what.before ?? Number.NEGATIVE_INFINITY
    // What has expired is not being made; a mark tells every process that something went.
    const marks = what.before === undefined ? what.decisions : [`before ${what.before}`]
    for (const id of marks)
      run.change('INSERT OR IGNORE INTO forgotten (decision_id) VALUES (?)', id)
    each('DELETE FROM decision_messages WHERE decision_id = ?', what.decisions)
    each('DELETE FROM suffix_keys WHERE conversation = ? AND is_text = 1', what.conversations ?? [])
    // Those of no single conversation, made from system prompts.
    if (what.conversations) run.change("DELETE FROM suffix_keys WHERE conversation = ''")
    run.change('DELETE FROM suffix_keys WHERE is_text = 1 AND at < ?', before)
    if (what.computedSince !== undefined)
      run.change('DELETE FROM pooled WHERE at IS NULL OR at >= ?', what.computedSince)
    if (what.sentSince != null)
      run.change(
        "UPDATE uploads SET state = 'refused', reason = 'forgotten', bytes = NULL WHERE state = 'pending' AND at >= ?",
        what.sentSince,
      )
    return {
      decisions: each('DELETE FROM decisions WHERE id = ?', what.decisions),
      choices: each('DELETE FROM choices WHERE id = ?', what.choices),
      feedback:
        each('DELETE FROM feedback WHERE decision_id = ?', ids) +
        run.change('DELETE FROM feedback WHERE at < ?', before),
    }
  },
  /** Ids of what is older; choices of unknown time are not. */
  idsBefore: (at: number): { decisions: string[]; choices: string[]; feedback: number } => {
    const ids = (sql: string) => run.all<{ id: string }>(sql, at).map((row) => row.id)
    return {
      decisions: ids('SELECT id FROM decisions WHERE at < ?'),
      choices: ids('SELECT id FROM choices WHERE at > 0 AND at < ?'),
      feedback: ids('SELECT id FROM feedback WHERE at < ?').length,
    }
  },
  forgottenTimes: (): number =>
    run.one<{ n: number }>('SELECT COALESCE(MAX(seq), 0) AS n FROM forgotten')?.n ?? 0,
  /** Writes the file anew without what was deleted, and empties the journal. Waits for other processes' reads to end. */
  compact: (): void => {
    db.exec('VACUUM')
    db.pragma('wal_checkpoint(TRUNCATE)')
  },
})
