/** Progress on standard error: how far, and how long it will still take at the pace so far. */

/** Lines of one piece of work are at least this far apart, its last excepted. */
const EVERY_MS = 10_000

/** now: milliseconds of any clock. Work done before the meter was made does not count. */
export const progressMeter = (
  log: (line: string) => void,
  label: string,
  now: () => number = () => performance.now(),
): ((done: number, of: number) => void) => {
  const began = now()
  let first: number | undefined
  let reported = began
  return (done, of) => {
    first ??= Math.max(0, done - 1)
    const at = now()
    const isLast = done >= of
    if (!(isLast || at - reported >= EVERY_MS)) return
    reported = at
    const left = ((at - began) / Math.max(1, done - first)) * (of - done)
    log(`${label}: ${done}/${of}${isLast ? '' : `, about ${duration(left)} left`}`)
  }
}

export const duration = (ms: number): string => {
  const seconds = Math.round(ms / 1000)
  return seconds < 90 ? `${seconds} s` : `${Math.round(seconds / 60)} min`
}

/** A line of progress, on standard error. */
export const progress = (line: string) => process.stderr.write(`${line}\n`)
