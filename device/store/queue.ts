/**
 * Queues writes that no caller waits for: they wait in memory, in order, and are written in the
 * background. A full disk, a lock or a read-only home delays the writes, and never their callers.
 */
import { asFedError } from '../../adapters/errors.ts'
import type { StoreCause, StoreHealth } from './health.ts'
import { causeOf, TROUBLE } from './trouble.ts'

/**
 * A write. It may be tried several times, so it must change nothing but the database. bytes:
 * approximate size in memory. ended: called once, with whether it was written.
 */
type Later = {
  readonly work: () => void
  readonly bytes: number
  readonly ended?: ((isKept: boolean) => void) | undefined
}

/** what: which write failed. dropped: how many were given up. */
export type QueueReport = (event: { what: string; code: string; dropped?: number }) => void

export type QueueDeps = {
  /** Does the work in one transaction, or fails as SQLite does. Never waits. */
  readonly together: (work: () => void) => void
  /** Runs one write of a batch, which is rolled back alone if it fails. */
  readonly each: (work: () => void) => void
  /** Writes something, so that it fails if nothing can be written. */
  readonly probe: () => void
  /** Whether a lock may be our own, which passes. */
  readonly isOurLock?: (() => boolean) | undefined
  readonly report?: QueueReport | undefined
  /** Called when the reported health has changed. */
  readonly changed?: ((health: StoreHealth) => void) | undefined
  readonly clock?: (() => number) | undefined
}

export type WriteQueue = {
  push(later: Later): void
  /** Tries to write what waits now; false if that failed. */
  flushed(): Promise<boolean>
  /** Tries to write now, with a probe if nothing waits. */
  tried(): boolean
  /** Notes a failure elsewhere. Returns its cause if the database is in trouble. */
  note(error: unknown): StoreCause | null
  /**
   * Notes a failed read. It is reported for a while, since nothing says when the trouble is over.
   */
  noteRead(error: unknown): void
  /** The cause of the present trouble, also if it is not reported yet. */
  cause(): StoreCause | null
  /** To be called when a write succeeded elsewhere: the trouble is over. */
  recovered(): void
  health(): StoreHealth
  /** Tries for this long to write what is left. Resolves to the number of writes lost. */
  end(withinMs: number): Promise<number>
}

/** How much may wait; beyond it the oldest write is given up. */
export const MAX_WAITING = 20_000
export const MAX_WAITING_BYTES = 64 * 2 ** 20
/** Limits of one transaction, which blocks this thread. */
const BATCH_MS = 8
const BATCH = 200
const FIRST_RETRY_MS = 100
const LAST_RETRY_MS = 5000
/** A shorter lock is not reported. */
const LOCK_GRACE_MS = 1000
/** How long a failed read is reported. */
const READ_MS = 60_000

type Trouble = { readonly cause: StoreCause; readonly since: number; tries: number }

export const openQueue = (deps: QueueDeps): WriteQueue => {
  const waiting = openBacklog()
  const trouble = openTrouble(deps, waiting)
  let isEnded = false
  const timer = openTimer(() => {
    if (waiting.size() > 0 || trouble.now()) flush()
    soon()
  })
  const soon = (): void => {
    if (isEnded) return
    const retryMs = trouble.retryMs()
    if (retryMs !== null || waiting.size() > 0) timer.start(retryMs)
  }
  const note = (error: unknown): StoreCause | null => {
    const cause = causeOf(error)
    if (!cause) return null
    trouble.begin(cause)
    soon()
    return cause
  }
  const recovered = (): void => {
    if (!trouble.now()) return
    trouble.end()
    timer.stop()
    soon()
  }
  /** Writes one batch, or a probe if nothing waits. False if nothing can be written now. */
  const flush = (): boolean => {
    const done: Tried[] = []
    try {
      tryBatch(deps, waiting.oldest(), done)
    } catch (error) {
      trouble.triedAgain()
      if (!note(error)) note({ code: 'SQLITE_IOERR' })
      return false
    }
    waiting.remove(done.length)
    trouble.moved()
    // There may be room for a part and none for the rest.
    if (waiting.size() === 0) recovered()
    for (const { one, error } of done) {
      waiting.free(one)
      if (error) deps.report?.({ what: 'store', code: asFedError(error).code })
      one.ended?.(!error)
    }
    return true
  }
  return {
    push: (later) => {
      if (isEnded) return later.ended?.(false)
      waiting.add(later)
      soon()
    },
    flushed: () => flushAll(waiting, flush),
    tried: flush,
    note,
    noteRead: (error) => {
      const cause = causeOf(error)
      if (cause && !isEnded) trouble.readFailed(cause)
    },
    cause: () => trouble.now()?.cause ?? null,
    recovered,
    health: trouble.health,
    end: async (withinMs) => {
      const until = performance.now() + withinMs
      while (waiting.size() > 0 && !(await flushAll(waiting, flush)) && performance.now() < until)
        await new Promise((resolve) => setTimeout(resolve, FIRST_RETRY_MS / 2))
      isEnded = true
      trouble.stop()
      timer.stop()
      return waiting.size()
    },
  }
}

type Backlog = ReturnType<typeof openBacklog>

/** The writes that wait, within the limits. */
const openBacklog = () => {
  let waiting: Later[] = []
  let bytes = 0
  let dropped = 0
  return {
    size: () => waiting.length,
    dropped: () => dropped,
    oldest: () => waiting.slice(0, BATCH),
    add: (later: Later): void => {
      waiting.push(later)
      bytes += later.bytes
      while (waiting.length > MAX_WAITING || (bytes > MAX_WAITING_BYTES && waiting.length > 1)) {
        const [oldest] = waiting.splice(0, 1)
        bytes -= oldest!.bytes
        dropped++
        oldest!.ended?.(false)
      }
    },
    /** Removes the oldest; `free` then makes room for each. */
    remove: (count: number): void => {
      waiting = waiting.slice(count)
    },
    free: (one: Later): void => {
      bytes -= one.bytes
    },
  }
}

/** The present trouble of the database and a recent failed read, and what is reported of them. */
const openTrouble = ({ isOurLock, changed, clock = Date.now }: QueueDeps, waiting: Backlog) => {
  let trouble: Trouble | null = null
  /** Whether the last try wrote something. */
  let isMoving = false
  let isReported = false
  let failedRead: Omit<Trouble, 'tries'> | null = null
  let readTimer: NodeJS.Timeout | undefined

  const isReportable = ({ cause, since }: Trouble) =>
    cause !== 'locked' || (clock() - since >= LOCK_GRACE_MS && !isOurLock?.())
  const reported = () => (trouble && isReportable(trouble) ? trouble : failedRead)
  const health = () => healthOf(reported(), waiting)
  const reportChange = (): void => {
    const isWaiting = reported() !== null
    if (isWaiting === isReported) return
    isReported = isWaiting
    changed?.(health())
  }
  return {
    health,
    now: () => trouble,
    /** In how many milliseconds to try again; null: no need to wait. */
    retryMs: () =>
      trouble && !isMoving ? Math.min(FIRST_RETRY_MS * 2 ** trouble.tries, LAST_RETRY_MS) : null,
    begin: (cause: StoreCause): void => {
      isMoving = false
      if (trouble?.cause !== cause) trouble = { cause, since: trouble?.since ?? clock(), tries: 0 }
      reportChange()
    },
    triedAgain: (): void => {
      isMoving = false
      if (trouble) trouble.tries++
    },
    moved: (): void => {
      isMoving = true
      if (trouble) trouble.tries = 0
    },
    end: (): void => {
      trouble = null
      reportChange()
    },
    readFailed: (cause: StoreCause): void => {
      failedRead ??= { cause, since: clock() }
      clearTimeout(readTimer)
      readTimer = setTimeout(() => {
        failedRead = null
        reportChange()
      }, READ_MS).unref()
      reportChange()
    },
    stop: () => clearTimeout(readTimer),
  }
}

const healthOf = (now: Omit<Trouble, 'tries'> | null, waiting: Backlog): StoreHealth => ({
  state: now ? 'waiting' : 'ok',
  cause: now?.cause ?? null,
  what: now ? TROUBLE[now.cause].what : null,
  mend: now ? TROUBLE[now.cause].mend : null,
  since: now ? Math.floor(now.since) : null,
  queued: waiting.size(),
  dropped: waiting.dropped(),
})

/** Runs something later: after a time that does not keep the process alive, or as soon as it can. */
const openTimer = (run: () => void) => {
  let timer: NodeJS.Timeout | NodeJS.Immediate | null = null
  const due = (): void => {
    timer = null
    run()
  }
  return {
    start: (ms: number | null): void => {
      timer ??= ms === null ? setImmediate(due) : setTimeout(due, ms).unref()
    },
    stop: (): void => {
      clearTimeout(timer as NodeJS.Timeout)
      clearImmediate(timer as NodeJS.Immediate)
      timer = null
    },
  }
}

/** error: null if it was written. */
type Tried = { readonly one: Later; readonly error: unknown }

/** Tries these writes in one transaction while time is left. done: those that were tried. */
const tryBatch = (
  { together, each, probe }: QueueDeps,
  batch: readonly Later[],
  done: Tried[],
): void =>
  together(() => {
    done.length = 0
    const until = performance.now() + BATCH_MS
    if (batch.length === 0) probe()
    for (const one of batch) {
      done.push({ one, error: tryOne(each, one) })
      if (performance.now() > until) break
    }
  })

/** Trouble of the database ends the batch; any other failure concerns this write alone. */
const tryOne = (each: QueueDeps['each'], { work }: Later): unknown => {
  try {
    each(work)
    return null
  } catch (error) {
    if (causeOf(error)) throw error
    return error
  }
}

/** Writes what waits now; writes that arrive meanwhile are not waited for. */
const flushAll = async (waiting: Backlog, flush: () => boolean): Promise<boolean> => {
  let left = waiting.size()
  while (left > 0 && waiting.size() > 0) {
    const before = waiting.size()
    if (!flush()) return false
    left -= before - waiting.size()
    if (left > 0) await new Promise(setImmediate)
  }
  return true
}
