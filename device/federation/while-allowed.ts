/**
 * Work that stops as soon as it is no longer allowed: each attempt at sending is checked, and
 * running work is aborted.
 */
import { FedError, isFedError } from '../../adapters/errors.ts'
import type { Live } from '../store/live.ts'

/**
 * Accompanies everything that leaves for a federation server. check: called before each attempt at
 * sending; throws. mark: records, before that, that something may leave.
 */
export type Departure = {
  readonly signal: AbortSignal | undefined
  readonly mark?: () => Promise<void>
  readonly check: () => void
}

/** Consents and rounds end by the clock. */
const LOOK_MS = 250

/**
 * refusal: why the work may not continue; null if it may. Called at the start, at each check, when
 * a consent changes and a few times a second. On a refusal the signal aborts with it, and the call
 * fails with it without waiting for the work.
 */
export const whileAllowed = async <T>(
  live: Pick<Live, 'on'>,
  refusal: () => FedError | null,
  signal: AbortSignal | undefined,
  work: (departure: Departure) => Promise<T>,
): Promise<T> => {
  const stop = new AbortController()
  const check = () => {
    const why = stop.signal.aborted ? null : refusal()
    if (why) stop.abort(why)
    stop.signal.throwIfAborted()
  }
  const look = () => {
    try {
      check()
    } catch (error) {
      // An unreadable store is a refusal too.
      stop.abort(error)
    }
  }
  const stopped = new Promise<never>((_, reject) => {
    stop.signal.addEventListener('abort', () => reject(stop.signal.reason), { once: true })
  })
  stopped.catch(() => {})
  const timer = setInterval(look, LOOK_MS)
  timer.unref()
  const unlisten = live.on('consent', look)
  try {
    check()
    const ends = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal
    return await Promise.race([work({ signal: ends, check }), stopped])
  } catch (error) {
    stop.signal.throwIfAborted()
    throw error
  } finally {
    clearInterval(timer)
    unlisten()
  }
}

/** Turns an abort into E_CANCELLED, whatever the interrupted part threw. */
export const cancellable = async <T>(
  work: Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T> => {
  try {
    return await work
  } catch (cause) {
    if (signal?.aborted && !(isFedError(cause) && cause.code === 'E_CANCELLED'))
      throw new FedError(
        'E_CANCELLED',
        'stopped; a finished update is kept and sent by the next call',
        { cause },
      )
    throw cause
  }
}
