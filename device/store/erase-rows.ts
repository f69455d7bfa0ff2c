/** Erasing from the device's store: what erasure.ts does to each of its tables. */

import { setDue } from './counts.ts'
import type { Run } from './store.ts'
import { FIRST_KEY } from './texts.ts'

export const erasing = (run: Run) => ({
  /** Keys of texts of conversations, and those of system prompts, which are of no single one. */
  eraseTextKeys: (conversations: readonly string[]): void => {
    for (const conversation of conversations)
      run.change('DELETE FROM suffix_keys WHERE conversation = ? AND is_text = 1', conversation)
    run.change("DELETE FROM suffix_keys WHERE conversation = ''")
  },
  eraseTextKeysBefore: (at: number): void =>
    void run.change('DELETE FROM suffix_keys WHERE is_text = 1 AND at < ?', at),
  /** States that were kept since then: they do not say which text they are of. */
  eraseStatesSince: (at: number): void =>
    void run.change('DELETE FROM pooled WHERE at IS NULL OR at >= ?', at),
  /** Updates that wait and were computed since then. */
  dropUploadsSince: (at: number): void =>
    void run.change(
      "UPDATE uploads SET state = 'refused', reason = 'forgotten', bytes = NULL, token = '' WHERE state = 'pending' AND at >= ?",
      at,
    ),
  /** Nothing of what went: only that something did. */
  markForgotten: (): void => {
    const seq = run.insert('INSERT INTO forgotten (decision_id) VALUES (hex(randomblob(8)))')
    run.change('DELETE FROM forgotten WHERE seq < ?', seq)
  },
  forgottenTimes: (): number =>
    run.one<{ n: number }>('SELECT COALESCE(MAX(seq), 0) AS n FROM forgotten')?.n ?? 0,
  /** Before the file is compacted: what is left of texts that were written over. */
  dropErased: (): void => {
    run.change('DELETE FROM texts WHERE key < ?', FIRST_KEY)
    run.change("UPDATE counts SET n = 0 WHERE name = 'erased'")
    setDue(run, true)
  },
  /** Whether the file may hold copies of texts in places that nothing lies in, until it is compacted. */
  isDue: (): boolean =>
    run.one(`SELECT 1 FROM state WHERE key = 'compaction' AND value = '"due"'`) !== undefined,
  setDue: (isDue: boolean): void => setDue(run, isDue),
})
