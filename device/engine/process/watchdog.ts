/** Ends a child that has calls to answer but is silent for too long: hung, or stopped. */

export type Watchdog = ReturnType<typeof watchdog>

const TICKS = 8

/** silentMs: in ticks of this process, so sleep of the machine does not count. */
export const watchdog = (silentMs: number, end: () => void) => {
  let silent = 0
  let timer: NodeJS.Timeout | undefined
  const rest = () => {
    clearInterval(timer)
    timer = undefined
    silent = 0
  }
  return {
    /** A call waits for its answer. Silence that has already been counted stays counted. */
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
