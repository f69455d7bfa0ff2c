/** Ends a child that has calls to answer but is silent for too long: hung, or stopped from
 *  outside. */

export type Watchdog = {
  /** A call waits for its answer. Silence that has already been counted stays counted. */
  watch(): void
  heard(): void
  rest(): void
}

const TICKS = 8

/** silentMs: counted in ticks of this process, so time in which the machine sleeps does not
 *  count. */
export const watchdog = (silentMs: number, end: () => void): Watchdog => {
  let silent = 0
  let timer: NodeJS.Timeout | undefined
  const rest = () => {
    clearInterval(timer)
    timer = undefined
    silent = 0
  }
  return {
    watch() {
      timer ??= setInterval(() => {
        if (++silent < TICKS) return
        rest()
        end()
      }, silentMs / TICKS).unref()
    },
    heard() {
      silent = 0
    },
    rest,
  }
}
