/** What a program does at SIGINT (Ctrl-C) and SIGTERM. */

/** Calls stop at the first of them; the next ends the process, as Node does by itself. Returns how to take it back. */
export const onInterrupt = (stop: (signal: NodeJS.Signals) => void): (() => void) => {
  process.once('SIGINT', stop).once('SIGTERM', stop)
  return () => void process.off('SIGINT', stop).off('SIGTERM', stop)
}

/** Work whose signal aborts at the first of them. */
export const interruptible = async <T>(
  work: (signal: AbortSignal) => Promise<T>,
  onStop: () => void = () => {},
): Promise<T> => {
  const abort = new AbortController()
  const takeBack = onInterrupt(() => {
    onStop()
    abort.abort()
  })
  try {
    return await work(abort.signal)
  } finally {
    takeBack()
  }
}
