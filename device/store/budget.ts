/** Keeps decisions and choices within a budget of bytes: the oldest are dropped first. */

import type { choiceTables } from './choices.ts'
import type { countTables } from './counts.ts'
import type { Run } from './run.ts'
import type { Texts } from './texts.ts'

const DEFAULT_BYTES = 256e6
/** Rows dropped for each row added. Writes stay short, and an excess still shrinks. */
const AT_ONCE = 20
/**
 * When erased texts take more than this part of the budget, the file is compacted in the
 * background.
 */
const ERASED_SHARE = 8
/** Without compaction, the space of erased texts is reused beyond this part. */
const RECLAIMED_SHARE = 5

type Old = { readonly seq: number; readonly id: string }

type Tables = { readonly expireDecision: (row: Old) => void } & Pick<
  ReturnType<typeof choiceTables>,
  'dropChoice'
> &
  Pick<ReturnType<typeof countTables>, 'keptBytes' | 'erasedBytes'>

/**
 * Decisions are dropped first, since feedback on them has already become choices. Choices are
 * dropped only when they alone exceed the budget.
 */
export const budgetTables = (run: Run, texts: Pick<Texts, 'reclaim'>, tables: Tables) => {
  let maxBytes = DEFAULT_BYTES

  const dropOldest = (): boolean => {
    // The newest row is the one that needs the room.
    const [decision, next] = run.all<Old>('SELECT seq, id FROM decisions ORDER BY seq LIMIT 2')
    if (decision && next) {
      tables.expireDecision(decision)
      return true
    }
    const [choice, newer] = run.all<{ seq: number }>(
      'SELECT seq FROM choices ORDER BY at, seq LIMIT 2',
    )
    if (choice && newer) tables.dropChoice(choice.seq)
    return newer !== undefined
  }
  return {
    /** Sets the budget for decisions, choices and feedback, from the next write on. */
    limitTo: (bytes: number): void => {
      maxBytes = bytes
    },
    /** Whether erased texts take much of the file. */
    isWasteful: (): boolean => tables.erasedBytes() > maxBytes / ERASED_SHARE,
    /** Drops some decisions older than a time. */
    dropBefore: (at: number): void => {
      const old = run.all<Old>(
        'SELECT seq, id FROM decisions WHERE at < ? ORDER BY at LIMIT ?',
        at,
        AT_ONCE,
      )
      for (const one of old) tables.expireDecision(one)
    },
    /** To be called after each addition. */
    keepWithin: (): void => {
      for (let i = 0; i < AT_ONCE && tables.keptBytes() > maxBytes; i++) if (!dropOldest()) break
      if (tables.erasedBytes() > maxBytes / RECLAIMED_SHARE) texts.reclaim(AT_ONCE)
    },
  }
}
