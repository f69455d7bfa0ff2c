/**
 * What was erased leaves copies in the journal and in places of rows that moved, until the file is
 * written anew. Where that cannot be done at once it is remembered, and done as soon as it can be.
 */
import type { StoreTx } from './store.ts'
import type { Writing } from './store-writing.ts'

const AGAIN_MS = 30_000

export type Compaction = {
  /** Writes the file anew without what was erased, and empties the journal. False: not yet. */
  compact(): Promise<boolean>
  stop(): void
}

export const openCompaction = (
  kept: Pick<StoreTx, 'get'>,
  { rewrite, durably, later }: Pick<Writing<StoreTx>, 'rewrite' | 'durably' | 'later'>,
): Compaction => {
  let timer: NodeJS.Timeout | undefined
  let isStopped = false
  const finish = async (): Promise<boolean> => {
    const isDone = await rewrite()
    if (isDone) later((tx) => tx.set('compaction', null))
    else again()
    return isDone
  }
  const again = (): void => {
    clearTimeout(timer)
    if (!isStopped) timer = setTimeout(() => void finish().catch(again), AGAIN_MS).unref()
  }
  const isDue = (): boolean => {
    try {
      return kept.get('compaction') === 'due'
    } catch {
      return false
    }
  }
  if (isDue()) again()
  return {
    compact: async () => {
      await durably((tx) => {
        tx.dropErased()
        tx.set('compaction', 'due')
      })
      return finish()
    },
    stop: () => {
      isStopped = true
      clearTimeout(timer)
    },
  }
}
