/**
 * Decides when the database file is compacted. An erased text is overwritten in place, so it is
 * gone once the journal is emptied, however large the file is. Ids, keyed hashes and free pages
 * remain until the file is rewritten. Deleting rows of texts can leave copies behind: the file is
 * then marked as due. Work that cannot be done now is retried.
 */
import type { StoreTx } from './tables.ts'
import type { Writing } from './writing.ts'

export type Compaction = {
  /** Removes every copy of erased texts from the file and the journal. False: not yet. */
  purge(): Promise<boolean>
  /** Rewrites the file and empties the journal. False: not yet. */
  compact(): Promise<boolean>
  stop(): void
}

type Reads = Pick<StoreTx, 'isDue' | 'keptBytes' | 'erasedBytes' | 'isWasteful'>
type Writes = Pick<Writing<StoreTx>, 'empty' | 'rewrite' | 'durably' | 'later'>

const AGAIN_MS = 30_000
/** How often the background checks whether the file is due or wasteful. */
const LOOK_MS = 60_000
/** Ids and hashes of forgotten texts remain at most this long. */
const SOON_MS = 10 * 60_000
/** A smaller file is compacted at once: that takes no longer than a few writes. */
const SMALL_BYTES = 4e6

/** inBackground: true in a process that answers apps. */
export const openCompaction = (
  reads: Reads,
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
  /** Plans a compaction, unless one is planned sooner. */
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
    if (ask(reads.isDue, false) || ask(reads.isWasteful, false)) within(AGAIN_MS)
  }
  look()
  const looking = inBackground ? setInterval(look, LOOK_MS).unref() : undefined
  return {
    compact,
    purge: async () => {
      const isSmall = ask(() => reads.keptBytes() + reads.erasedBytes() < SMALL_BYTES, false)
      if (isSmall || ask(reads.isDue, true)) return compact()
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
