/** Erasing from the device's store, so that no page, free or used, and no journal holds it afterwards. */
import type { Run } from './store.ts'
import type { choiceTables } from './store-choices.ts'
import type { decisionTables } from './store-decisions.ts'

type Row = { readonly seq: number; readonly id: string }
type Tables = Pick<ReturnType<typeof decisionTables>, 'dropDecision'> &
  Pick<ReturnType<typeof choiceTables>, 'dropChoice'>

/**
 * decisions, choices: with their texts and feedback. conversations: names of those whose texts no key may be
 * made from any more. computedSince: pooled states kept
 * since then go (0: all). sentSince: updates not sent yet that were computed since then; null: none. before: whatever feedback and
 * keys of texts are older.
 */
export type Erasure = {
  readonly decisions: readonly Row[]
  readonly choices: readonly Row[]
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

export const erasing = (run: Run, tables: Tables) => ({
  /** Of rows; the store's compact() removes their traces. */
  eraseRows: (what: Erasure): Erased => {
    const each = (sql: string, ids: readonly unknown[]) =>
      ids.reduce<number>((sum, id) => sum + run.change(sql, id), 0)
    const ids = [...new Set([...what.decisions, ...what.choices].map(({ id }) => id))]
    const before = what.before ?? Number.NEGATIVE_INFINITY
    // What has expired is not being made; a mark tells every process that something went.
    const marks = what.before === undefined ? ids : [`before ${what.before}`]
    for (const id of marks)
      run.change('INSERT OR IGNORE INTO forgotten (decision_id) VALUES (?)', id)
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
    for (const { seq } of what.decisions) tables.dropDecision(seq)
    for (const { seq } of what.choices) tables.dropChoice(seq)
    return {
      decisions: what.decisions.length,
      choices: what.choices.length,
      feedback:
        each('DELETE FROM feedback WHERE decision_id = ?', ids) +
        run.change('DELETE FROM feedback WHERE at < ?', before),
    }
  },
  /** Ids of what is older; choices of unknown time are not. */
  idsBefore: (at: number): { decisions: Row[]; choices: Row[]; feedback: number } => {
    const rows = (sql: string) => run.all<Row>(sql, at)
    return {
      decisions: rows('SELECT seq, id FROM decisions WHERE at < ?'),
      choices: rows('SELECT seq, id FROM choices WHERE at > 0 AND at < ?'),
      feedback: rows('SELECT seq, id FROM feedback WHERE at < ?').length,
    }
  },
  forgottenTimes: (): number =>
    run.one<{ n: number }>('SELECT COALESCE(MAX(seq), 0) AS n FROM forgotten')?.n ?? 0,
})
