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
  const { together, each, probe, report = () => {}, clock = Date.now } = deps
  let waiting: Later[] = []
  let bytes = 0
  let dropped = 0
  let trouble: Trouble | null = null
  let isTold = false
  /** Whether the last try wrote something. */
  let isMoving = false
  let timer: NodeJS.Timeout | NodeJS.Immediate | null = null
  let isEnded = false
  let failedRead: { readonly cause: StoreCause; readonly since: number } | null = null
  let readTimer: NodeJS.Timeout | undefined

  const health = (): StoreHealth => {
    const now = told()
    return {
      state: now ? 'waiting' : 'ok',
      cause: now?.cause ?? null,
      what: now ? TROUBLE[now.cause].what : null,
      mend: now ? TROUBLE[now.cause].mend : null,
      since: now ? Math.floor(now.since) : null,
      queued: waiting.length,
      dropped,
    }
  }
  const mayTell = ({ cause, since }: Trouble) =>
    cause !== 'locked' || (clock() - since >= LOCK_GRACE_MS && !deps.isOurLock?.())
  const told = () => (trouble && mayTell(trouble) ? trouble : failedRead)
  const tell = (): void => {
    const isWaiting = told() !== null
    if (isWaiting === isTold) return
    isTold = isWaiting
    deps.changed?.(health())
  }
  const stop = (): void => {
    clearTimeout(timer as NodeJS.Timeout)
    clearImmediate(timer as NodeJS.Immediate)
    timer = null
  }
  const soon = (): void => {
    if (isEnded || timer !== null) return
    if (trouble && !isMoving) {
      const ms = Math.min(FIRST_RETRY_MS * 2 ** trouble.tries, LAST_RETRY_MS)
      // A retry must not keep the process alive.
      timer = setTimeout(run, ms).unref()
    } else if (waiting.length > 0) timer = setImmediate(run)
  }
  const run = (): void => {
    timer = null
    if (waiting.length > 0 || trouble) flush()
    soon()
  }
  const note = (error: unknown): StoreCause | null => {
    const cause = causeOf(error)
    if (!cause) return null
    isMoving = false
    trouble =
      trouble?.cause === cause ? trouble : { cause, since: trouble?.since ?? clock(), tries: 0 }
    tell()
    soon()
    return cause
  }
  const recovered = (): void => {
    if (!trouble) return
    trouble = null
    tell()
    stop()
    soon()
  }
  /** Writes one batch, or a probe if nothing waits. False if nothing can be written now. */
  const flush = (): boolean => {
    const done: { one: Later; error: unknown }[] = []
    try {
      together(() => {
        done.length = 0
        const until = performance.now() + BATCH_MS
        if (waiting.length === 0) probe()
        for (const one of waiting.slice(0, BATCH)) {
          done.push({ one, error: tryOne(one) })
          if (performance.now() > until) break
        }
      })
    } catch (error) {
      isMoving = false
      if (trouble) trouble.tries++
      if (!note(error)) note({ code: 'SQLITE_IOERR' })
      return false
    }
    waiting = waiting.slice(done.length)
    isMoving = true
    if (trouble) trouble.tries = 0
    // There may be room for a part and none for the rest.
    if (waiting.length === 0) recovered()
    for (const { one, error } of done) {
      bytes -= one.bytes
      if (error) report({ what: 'store', code: asFedError(error).code })
      one.ended?.(!error)
    }
    return true
  }
  /** Trouble of the database ends the batch; any other failure concerns this write alone. */
  const tryOne = ({ work }: Later): unknown => {
    try {
      each(work)
      return null
    } catch (error) {
      if (causeOf(error)) throw error
      return error
    }
  }
  const bound = (): void => {
    while (waiting.length > MAX_WAITING || (bytes > MAX_WAITING_BYTES && waiting.length > 1)) {
      const [oldest] = waiting.splice(0, 1)
      bytes -= oldest!.bytes
      dropped++
      oldest!.ended?.(false)
    }
  }
  const flushed = async (): Promise<boolean> => {
    // Writes that arrive meanwhile are not waited for.
    let left = waiting.length
    while (left > 0 && waiting.length > 0) {
      const before = waiting.length
      if (!flush()) return false
      left -= before - waiting.length
      if (left > 0) await new Promise(setImmediate)
    }
    return true
  }
  return {
    push: (later) => {
      if (isEnded) return later.ended?.(false)
      waiting.push(later)
      bytes += later.bytes
      bound()
      soon()
    },
    flushed,
    tried: flush,
    note,
    noteRead: (error) => {
      const cause = causeOf(error)
      if (!cause || isEnded) return
      failedRead ??= { cause, since: clock() }
      clearTimeout(readTimer)
      readTimer = setTimeout(() => {
        failedRead = null
        tell()
      }, READ_MS).unref()
      tell()
    },
    cause: () => trouble?.cause ?? null,
    recovered,
    health,
    end: async (withinMs) => {
      const until = performance.now() + withinMs
      while (waiting.length > 0 && !(await flushed()) && performance.now() < until)
        await new Promise((resolve) => setTimeout(resolve, FIRST_RETRY_MS / 2))
      isEnded = true
      clearTimeout(readTimer)
      stop()
      return waiting.length
    },
  }
}
