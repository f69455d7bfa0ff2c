/**
 * When the store's file is compacted. A text that is erased is written over where it lies, so it is
 * gone once the journal is emptied, however large the file. Ids, keyed hashes and empty places are
 * left until the file is written anew; so are copies of texts where rows of texts were deleted,
 * which is remembered: the file is then due. What cannot be done at once is done as soon as it can.
 */
import type { StoreTx } from './tables.ts'
import type { Writing } from './writing.ts'

export type Compaction = {
  /** Leaves no copy of a text that was erased, in the file and in the journal. False: not yet. */
  purge(): Promise<boolean>
  /** Writes the file anew, and empties the journal. False: not yet. */
  compact(): Promise<boolean>
  stop(): void
}

type Kept = Pick<StoreTx, 'isDue' | 'keptBytes' | 'erasedBytes' | 'isWasteful'>
type Writes = Pick<Writing<StoreTx>, 'empty' | 'rewrite' | 'durably' | 'later'>

const AGAIN_MS = 30_000
/** How often it is looked at whether the file holds much that is empty. */
const LOOK_MS = 60_000
/** Ids and hashes of what was forgotten are left no longer. */
const SOON_MS = 10 * 60_000
/** A file of less is compacted at once: it takes no longer than a few writes. */
const SMALL_BYTES = 4e6

/** inBackground: of a process that answers apps. */
export const openCompaction = (
  kept: Kept,
  { empty, rewrite, durably, later }: Writes,
  inBackground: boolean,
): Compaction => {
  let timer: NodeJS.Timeout | undefined
  let isStopped = false
  const compact = async (): Promise<boolean> => {
    await durably((tx) => tx.dropErased())
    const isDone = await rewrite()
    if (isDone) later((tx) => tx.setDue(false))
    else within(AGAIN_MS)
    return isDone
  }
  /** The sooner of what is planned. */
  let planned = Number.POSITIVE_INFINITY
  const within = (ms: number): void => {
    const at = performance.now() + ms
    if (isStopped || at >= planned) return
    planned = at
    clearTimeout(timer)
    timer = setTimeout(() => {
      planned = Number.POSITIVE_INFINITY
      void compact().catch(() => within(AGAIN_MS))
    }, ms).unref()
  }
  const ask = <T>(read: () => T, otherwise: T): T => {
    try {
      return read()
    } catch {
      return otherwise
    }
  }
  const look = (): void => {
    if (ask(kept.isDue, false) || ask(kept.isWasteful, false)) within(AGAIN_MS)
  }
  look()
  const looking = inBackground ? setInterval(look, LOOK_MS).unref() : undefined
  return {
    compact,
    purge: async () => {
      const isSmall = ask(() => kept.keptBytes() + kept.erasedBytes() < SMALL_BYTES, false)
      if (isSmall || ask(kept.isDue, true)) return compact()
      within(SOON_MS)
      return empty()
    },
    stop: () => {
      isStopped = true
      clearTimeout(timer)
      clearInterval(looking)
    },
  }
}
