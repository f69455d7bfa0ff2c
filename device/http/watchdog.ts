/** A wait that ends when nothing happens any more, for answers without another time limit. */

export type Watchdog = {
  /** Aborts with the caller's signal, or when a wait runs out. */
  readonly signal: AbortSignal
  /** Which wait ran out. */
  reason(): Error | undefined
  /** Restarts the wait. what: the event that did not happen, for the reason. */
  restart(ms: number, what: string): void
  stop(): void
}

export const watchdog = (outer: AbortSignal | undefined): Watchdog => {
  const controller = new AbortController()
  let timer: NodeJS.Timeout | undefined
  let reason: Error | undefined
  const forward = () => controller.abort(outer?.reason)
  if (outer?.aborted) forward()
  outer?.addEventListener('abort', forward)
  return {
    signal: controller.signal,
    reason: () => reason,
    restart: (ms, what) => {
      clearTimeout(timer)
      timer = setTimeout(() => {
        reason = new Error(`${what} within ${ms / 1000} s`)
        controller.abort(reason)
      }, ms)
    },
    stop: () => {
      clearTimeout(timer)
      outer?.removeEventListener('abort', forward)
    },
  }
}
