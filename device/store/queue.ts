/**
 * Writes that nobody waits for: kept in memory, in order, and written in the background. A full
 * disk, a lock or a read-only home makes them wait; it neither fails nor delays who gave them.
 */
import { asFedError } from '../../adapters/errors.ts'
import type { StoreCause, StoreHealth } from './health.ts'
import { causeOf, TROUBLE } from './trouble.ts'

/**
 * A write. It may be tried several times: it must change nothing but the database. bytes: about
 * what it holds in memory. ended: called once, with whether it was kept.
 */
export type Later = {
  readonly work: () => void
  readonly bytes: number
  readonly ended?: ((isKept: boolean) => void) | undefined
}

/** what: of which write. dropped: how many were given up. */
export type QueueReport = (event: { what: string; code: string; dropped?: number }) => void

export type QueueDeps = {
  /** Does the work in one transaction, or fails as SQLite does. Never waits. */
  readonly together: (work: () => void) => void
  /** One write of a batch: undone alone where it fails. */
  readonly each: (work: () => void) => void
  /** Changes something, so that it fails where nothing can be written. */
  readonly probe: () => void
  /** Whether a lock may be one of our own, which passes. */
  readonly isOurLock?: (() => boolean) | undefined
  readonly report?: QueueReport | undefined
  /** Called when the health that people are told of has changed. */
  readonly changed?: ((health: StoreHealth) => void) | undefined
  readonly clock?: (() => number) | undefined
}

export type WriteQueue = {
  push(later: Later): void
  /** Tries what waits now; false where it could not be written. */
  flushed(): Promise<boolean>
  /** Tries now, with a write of no meaning where nothing waits. */
  tried(): boolean
  /** For failures elsewhere: the cause, if it is trouble of the database. */
  note(error: unknown): StoreCause | null
  /** The same of a read: nothing tells when it is over, so that it holds for a while. */
  noteRead(error: unknown): void
  /** Of the trouble there is now, also where people are not told of it yet. */
  cause(): StoreCause | null
  /** Something was written: there is no trouble. */
  recovered(): void
  health(): StoreHealth
  /** Tries for so long to write what is left. Resolves to how much is lost. */
  end(withinMs: number): Promise<number>
}

/** What may wait; beyond it the oldest is given up. */
export const MOST_WAITING = 20_000
export const MOST_WAITING_BYTES = 64 * 2 ** 20
/** Of one transaction: other work of this thread waits for it. */
const BATCH_MS = 8
const BATCH = 200
const FIRST_RETRY_MS = 100
const LAST_RETRY_MS = 5000
/** A lock of less is none that people are told of. */
const LOCK_GRACE_MS = 1000
/** A read that fails is told of for so long. */
const READ_MS = 60_000

type Trouble = { readonly cause: StoreCause; readonly since: number; tries: number }

export const openQueue = (deps: QueueDeps): WriteQueue => {
  const { together, each, probe, report = () => {}, clock = Date.now } = deps
  let waiting: Later[] = []
  let bytes = 0
  let dropped = 0
  let trouble: Trouble | null = null
  let isTold = false
  /** The last try wrote something. */
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
      // Nothing else may keep the process alive for it.
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
  /** One batch; where nothing waits, a probe. False: it is not to be written now. */
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
    // Where there is room for some of it there may be none for the rest.
    if (waiting.length === 0) recovered()
    for (const { one, error } of done) {
      bytes -= one.bytes
      if (error) report({ what: 'store', code: asFedError(error).code })
      one.ended?.(!error)
    }
    return true
  }
  /** Trouble of the database ends the batch; another failure is of this one write. */
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
    while (waiting.length > MOST_WAITING || (bytes > MOST_WAITING_BYTES && waiting.length > 1)) {
      const [oldest] = waiting.splice(0, 1)
      bytes -= oldest!.bytes
      dropped++
      oldest!.ended?.(false)
    }
  }
  const flushed = async (): Promise<boolean> => {
    // What comes meanwhile is not waited for.
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
