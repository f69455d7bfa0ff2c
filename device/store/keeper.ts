/**
 * Keeps the database file in order in a thread of its own, so that the one that answers apps never
 * waits for a disk: the journal is written into the file, and the file is written anew after
 * something was forgotten.
 */
import { stat } from 'node:fs/promises'
import type { Worker } from 'node:worker_threads'
import { askThread, startThread } from '../../adapters/node/threads.ts'

export type KeeperTask = {
  readonly path: string
  readonly what: 'checkpoint' | 'truncate' | 'compact'
}
/** code: of SQLite, where it failed. journalBytes: afterwards. */
export type KeeperAnswer = { readonly code: string | null; readonly journalBytes: number }

export type Keeper = {
  /** To be called after each write: looks at the journal now and then. */
  wrote(): void
  /** Empties the journal. Fails as SQLite does. */
  empty(): Promise<void>
  /** Fails as SQLite does. */
  compact(): Promise<void>
  /** The journal must not grow any more: somebody reads what it holds, and does not end. */
  isBehind(): boolean
  /** Whether a lock of the database may be its own. */
  isWorking(): boolean
  close(): Promise<void>
}

/** The journal is written into the file beyond this size, and cut beyond the other. */
const CHECKPOINT_BYTES = 4e6
const CUT_BYTES = 32e6
const MOST_JOURNAL_BYTES = 128e6
const LOOK_MS = 1000
/** The thread ends when it has had nothing to do for so long. */
const IDLE_MS = 5000

export const openKeeper = (path: string, most = MOST_JOURNAL_BYTES): Keeper => {
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
      // A lock passes; what is worse is found by the next write.
      look().catch(() => {})
      if (journalBytes > most) lookSoon()
    }, LOOK_MS).unref()
  }
  return {
    wrote: lookSoon,
    empty: () => run('truncate'),
    compact: () => run('compact'),
    isBehind: () => {
      if (journalBytes <= most) return false
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
