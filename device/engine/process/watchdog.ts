/** Ends a child that owes answers and says nothing for too long: hung, or stopped from outside. */

export type Watchdog = {
  /** There is something to wait for. Silence goes on counting from where it was. */
  watch(): void
  heard(): void
  rest(): void
}

const TICKS = 8

/** silentMs: of a process that runs; while the whole machine sleeps nothing counts. */
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
