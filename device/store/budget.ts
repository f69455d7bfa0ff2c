/** Keeps what the device's store holds of decisions and choices within a budget: the oldest go first. */

import type { choiceTables } from './choices.ts'
import type { countTables } from './counts.ts'
import type { Run } from './run.ts'
import type { Texts } from './texts.ts'

const DEFAULT_BYTES = 256e6
/** Rows that go for one that comes: no write takes long, and what is too much shrinks all the same. */
const AT_ONCE = 20
/** Beyond this part of the budget the file is compacted in the background, without texts that were written over. */
const ERASED_SHARE = 8
/** Where that does not happen, their places are used again beyond this part. */
const RECLAIMED_SHARE = 5

type Old = { readonly seq: number; readonly id: string }

type Tables = { readonly expireDecision: (row: Old) => void } & Pick<
  ReturnType<typeof choiceTables>,
  'dropChoice'
> &
  Pick<ReturnType<typeof countTables>, 'keptBytes' | 'erasedBytes'>

/** Decisions go first: what feedback on them amounted to is a choice by then. Choices only where they alone are too much. */
export const budgetTables = (run: Run, texts: Pick<Texts, 'reclaim'>, tables: Tables) => {
  let maxBytes = DEFAULT_BYTES

  const dropOldest = (): boolean => {
    // The newest is what the others made room for.
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
    /** Of what decisions, choices and feedback keep, about; from the next write on. */
    limitTo: (bytes: number): void => {
      maxBytes = bytes
    },
    /** Whether the file holds much that was written over. */
    isWasteful: (): boolean => tables.erasedBytes() > maxBytes / ERASED_SHARE,
    /** Some of those that are older. */
    dropBefore: (at: number): void => {
      const old = run.all<Old>(
        'SELECT seq, id FROM decisions WHERE at < ? ORDER BY at LIMIT ?',
        at,
        AT_ONCE,
      )
      for (const one of old) tables.expireDecision(one)
    },
    /** After something was added. */
    keepWithin: (): void => {
      for (let i = 0; i < AT_ONCE && tables.keptBytes() > maxBytes; i++) if (!dropOldest()) break
      if (tables.erasedBytes() > maxBytes / RECLAIMED_SHARE) texts.reclaim(AT_ONCE)
    },
  }
}
