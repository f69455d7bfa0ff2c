/** How the store is written: in the background, or durably while a caller waits. */
import { type FileHandle, open } from 'node:fs/promises'
import type Database from 'better-sqlite3'
import { asFedError, FedError, isFedError } from '../../adapters/errors.ts'
import type { StoreFile } from './file.ts'
import type { StoreHealth } from './health.ts'
import { openKeeper } from './keeper.ts'
import { openQueue, type QueueDeps, type QueueReport, type WriteQueue } from './queue.ts'
import { PROBE } from './state.ts'
import { causeOf, explained, notKept } from './trouble.ts'
import { compactFile, emptyJournal } from './vacuum.ts'

/**
 * bytes: approximate size of the write in memory; ended: called once, with whether it was written.
 */
type LaterOptions = {
  readonly bytes?: number
  readonly ended?: (isKept: boolean) => void
}

export type Writing<Tx> = {
  /**
   * Writes in the background, in order, all of it or nothing. It is retried while nothing can be
   * written, so it must change nothing but the database. Never fails and never waits; other
   * failures are reported.
   */
  later(work: (tx: Tx) => void, options?: LaterOptions): void
  /**
   * Writes after everything given to `later` before, all of it or nothing. When it resolves, the
   * data survive a power cut. Waits some seconds for locks. Fails as the work does, and with
   * E_STORE if nothing can be written: then nothing was stored.
   */
  durably<T>(work: (tx: Tx) => T): Promise<T>
  /** Writes what waits, if that is possible, so that the next read sees it. */
  drained(): Promise<boolean>
  health(): StoreHealth
  /** The health after a try. */
  tried(): Promise<StoreHealth>
  /** Empties the journal, which holds copies of overwritten content. False: not now. */
  empty(): Promise<boolean>
  /** Rewrites the file without deleted content, and empties the journal. False: not now. */
  rewrite(): Promise<boolean>
  /** Gives waiting writes a second. */
  close(): Promise<void>
}

/** How long `durably` retries. */
const PATIENCE_MS = 5000
const PAUSE_MS = [10, 25, 50, 100, 250] as const
const CLOSING_MS = 1000
/** A lock is reported once it has lasted. */
const TRIED_MS = 2000

type WritingOptions = {
  readonly report?: QueueReport
  readonly changed?: (health: StoreHealth) => void
  readonly clock?: () => number
  readonly patienceMs?: number
  readonly hasKeeper?: boolean
}

export const openWriting = <Tx>(
  file: StoreFile<unknown>,
  tx: Tx,
  { report = () => {}, changed, clock, patienceMs = PATIENCE_MS, hasKeeper }: WritingOptions,
): Writing<Tx> & { noteRead(error: unknown): void } => {
  const isInMemory = file.path === ':memory:'
  const keeper = hasKeeper && !isInMemory ? openKeeper(file.path) : null
  const journal = openJournal(`${file.path}-wal`)
  const { attach, together, isWriting } = transactions(file, keeper, journal)
  const isOurLock = keeper?.isWorking
  const queue = queueOf(file, { together, isOurLock, report, changed, clock })
  const once = async <T>(work: (tx: Tx) => T): Promise<T> => {
    if (queue.health().queued > 0 && !(await queue.flushed())) throw new Waiting()
    const result = together(() => work(tx))
    queue.recovered()
    return result
  }
  /** Lets the keeper do it, or does it here. */
  const inOrder = async (
    kept: (() => Promise<void>) | undefined,
    now: (db: Database.Database) => void,
  ): Promise<boolean> => {
    try {
      attach()
      if (kept) await kept()
      else now(file.db())
      return true
    } catch (error) {
      if (!queue.note(error)) report({ what: 'compaction', code: asFedError(error).code })
      return false
    }
  }
  return {
    later: (work, { bytes = 0, ended } = {}) => {
      queue.push({ work: () => work(tx), bytes, ended })
      // A database in memory is never full, locked or slow.
      if (isInMemory) void queue.flushed()
    },
    durably: async (work) => {
      const until = performance.now() + patienceMs
      for (let tries = 0; ; tries++) {
        try {
          const result = await once(work)
          if (!isInMemory) await journal.synced()
          return result
        } catch (error) {
          const cause = error instanceof Waiting ? queue.cause() : queue.note(error)
          if (!cause || isFedError(error)) throw error
          const isOver = performance.now() > until && !keeper?.isWorking()
          if (cause !== 'locked' || isOver) throw notKept(cause, error)
        }
        await pause(tries)
      }
    },
    drained: () => queue.flushed(),
    noteRead: (error) => {
      // A failure during a write is reported with the write.
      if (!isWriting()) queue.noteRead(error)
    },
    health: queue.health,
    tried: async () => {
      const until = performance.now() + TRIED_MS
      while (!queue.tried() && queue.health().state === 'ok' && performance.now() < until)
        await pause(PAUSE_MS.length)
      return queue.health()
    },
    empty: () => inOrder(keeper?.empty, emptyJournal),
    rewrite: () => inOrder(keeper?.compact, compactFile),
    close: async () => {
      const lost = await queue.end(CLOSING_MS)
      if (lost > 0) report({ what: 'store', code: 'E_STORE', dropped: lost })
      await journal.close()
      await keeper?.close()
      file.close()
    },
  }
}

/** Runs work in transactions on the file, and opens it again after an error. */
const transactions = (
  file: StoreFile<unknown>,
  keeper: ReturnType<typeof openKeeper> | null,
  journal: ReturnType<typeof openJournal>,
) => {
  let isWriting = false
  const attach = (): void => {
    try {
      if (file.attach()) void journal.close()
    } catch (error) {
      throw explained(error, file.path)
    }
  }
  const together = <T>(work: () => T): T => {
    attach()
    if (keeper?.isBehind()) throw Object.assign(new Error('it only grows'), { code: 'JOURNAL' })
    isWriting = true
    try {
      const result = file.db().transaction(work).immediate()
      keeper?.wrote()
      return result
    } catch (failure) {
      const error = explained(failure, file.path)
      const cause = causeOf(error)
      // A lock and a full disk pass; after anything else the file may have been replaced.
      if (cause && cause !== 'locked' && cause !== 'full') file.detach(error)
      throw error
    } finally {
      isWriting = false
    }
  }
  return { attach, together, isWriting: () => isWriting }
}

/** The queue of a file, which knows at once if the file could not be opened. */
const queueOf = (file: StoreFile<unknown>, deps: Omit<QueueDeps, 'each' | 'probe'>): WriteQueue => {
  const queue = openQueue({
    ...deps,
    each: (work) => file.db().transaction(work)(),
    probe: () => void file.db().prepare(PROBE).run(),
  })
  const missing = file.missing()
  if (missing !== null) queue.note(explained(missing, file.path))
  return queue
}

/** Earlier writes still wait. */
class Waiting extends Error {}

const pause = (tries: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, PAUSE_MS[tries] ?? PAUSE_MS.at(-1)))

/**
 * A commit survives a power cut once the journal is flushed to the disk. On file systems without a
 * journal, the commit itself waits for the disk.
 */
const openJournal = (path: string): { synced(): Promise<void>; close(): Promise<void> } => {
  let opened: FileHandle | null = null
  const close = async (): Promise<void> => {
    const last = opened
    opened = null
    await last?.close().catch(() => {})
  }
  return {
    synced: async () => {
      try {
        opened ??= await open(path, 'r+')
        await opened.datasync()
      } catch (cause) {
        await close()
        if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return
        throw new FedError('E_STORE', NOT_SYNCED, { cause })
      }
    },
    close,
  }
}

const NOT_SYNCED =
  'it was written, but the disk does not say that it is kept: a power cut may take it back. ' +
  'Look at the log of this computer for errors of the disk'
