/**
 * Maintains the database file in a thread of its own, so that the main thread never waits for the
 * disk: it checkpoints the journal, and rewrites the file after something was forgotten.
 */
import { stat } from 'node:fs/promises'
import type { Worker } from 'node:worker_threads'
import { askThread, startThread } from '../../adapters/node/threads.ts'

export type KeeperTask = {
  readonly path: string
  readonly what: 'checkpoint' | 'truncate' | 'compact'
}
/** code: SQLite's, if it failed. journalBytes: the size afterwards. */
export type KeeperAnswer = { readonly code: string | null; readonly journalBytes: number }

export type Keeper = {
  /** To be called after each write: checks the journal's size from time to time. */
  wrote(): void
  /** Empties the journal. Fails as SQLite does. */
  empty(): Promise<void>
  /** Fails as SQLite does. */
  compact(): Promise<void>
  /** Whether the journal must not grow any more, because a reader that does not end holds it. */
  isBehind(): boolean
  /** Whether a lock of the database may be the keeper's own. */
  isWorking(): boolean
  close(): Promise<void>
}

/** The journal is checkpointed beyond this size, and truncated beyond the next. */
const CHECKPOINT_BYTES = 4e6
const CUT_BYTES = 32e6
const MAX_JOURNAL_BYTES = 128e6
const LOOK_MS = 1000
/** The thread ends after being idle this long. */
const IDLE_MS = 5000

export const openKeeper = (path: string, maxBytes = MAX_JOURNAL_BYTES): Keeper => {
  let thread: Worker | null = null
  let idle: NodeJS.Timeout | undefined
  let looking: NodeJS.Timeout | null = null
  let journalBytes = 0
  let tasks = 0
  let isClosed = false
  let last: Promise<unknown> = Promise.resolve()
  const end = async (): Promise<void> => {
    clearTimeout(idle)
    const ending = thread
    thread = null
    await ending?.terminate()
  }
  const ask = async (what: KeeperTask['what']): Promise<void> => {
    if (isClosed) throw new Error('the keeper has ended')
    clearTimeout(idle)
    thread ??= start()
    const answer = await askThread<KeeperAnswer>(thread, { path, what } satisfies KeeperTask).catch(
      (error) => {
        thread = null
        throw error
      },
    )
    journalBytes = answer.journalBytes
    idle = setTimeout(() => void end(), IDLE_MS).unref()
    if (answer.code) throw Object.assign(new Error(`${what} failed`), { code: answer.code })
  }
  const run = (what: KeeperTask['what']): Promise<void> => {
    tasks++
    const asked = last.then(() => ask(what)).finally(() => tasks--)
    last = asked.catch(() => undefined)
    return asked
  }
  const look = async (): Promise<void> => {
    journalBytes = (await stat(`${path}-wal`).catch(() => null))?.size ?? 0
    if (journalBytes > CUT_BYTES) await run('truncate')
    else if (journalBytes > CHECKPOINT_BYTES) await run('checkpoint')
  }
  const lookSoon = (): void => {
    if (looking || isClosed) return
    looking = setTimeout(() => {
      looking = null
      // A lock passes; anything worse is found by the next write.
      look().catch(() => {})
      if (journalBytes > maxBytes) lookSoon()
    }, LOOK_MS).unref()
  }
  return {
    wrote: lookSoon,
    empty: () => run('truncate'),
    compact: () => run('compact'),
    isBehind: () => {
      if (journalBytes <= maxBytes) return false
      lookSoon()
      return true
    },
    isWorking: () => tasks > 0,
    close: async () => {
      isClosed = true
      if (looking) clearTimeout(looking)
      await last
      await end()
    },
  }
}

const start = (): Worker => {
  const thread = startThread(new URL('./keeper-worker.ts', import.meta.url))
  // Its end rejects the question that waits; it must fail nothing else, and keep no process alive.
  thread.on('error', () => {})
  thread.unref()
  return thread
}
