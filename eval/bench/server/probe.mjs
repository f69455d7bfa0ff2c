// Preloaded into the server's process by the benchmark, whatever checkout the server is of: answers,
// over the channel to its parent, how late the event loop was and what the process used since it was
// asked last.
import { readFileSync } from 'node:fs'
import { createHistogram, monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { isMainThread } from 'node:worker_threads'

/** A timer of this period is watched: what it measures of an idle loop is this period. */
const PERIOD_MS = 5

/** How long this thread could have run while the system ran others, in ms (Linux, sched-stats). */
const waitedMs = () => {
  try {
    const file = `/proc/self/task/${process.pid}/schedstat`
    return Number(readFileSync(file, 'latin1').split(' ')[1]) / 1e6
  } catch {
    return 0
  }
}

/** How late a timer is, without the time that the system gave to other programs. */
const watchOwnDelay = () => {
  const histogram = createHistogram()
  let [at, waited] = [performance.now(), waitedMs()]
  setInterval(() => {
    const [now, waitedNow] = [performance.now(), waitedMs()]
    const ownMs = now - at - PERIOD_MS - (waitedNow - waited)
    histogram.record(Math.max(1, Math.round(ownMs * 1e6)))
    at = now
    waited = waitedNow
  }, PERIOD_MS).unref()
  return histogram
}

if (isMainThread && process.send) {
  const delay = monitorEventLoopDelay({ resolution: PERIOD_MS })
  const own = watchOwnDelay()
  delay.enable()
  let cpu = process.cpuUsage()
  const late = (nanoseconds) => Math.max(0, nanoseconds / 1e6 - PERIOD_MS)
  const figuresOf = (histogram, msOf) => ({
    p50: msOf(histogram.percentile(50)),
    p99: msOf(histogram.percentile(99)),
    max: msOf(histogram.max),
  })
  process.on('message', () => {
    const { user, system } = process.cpuUsage(cpu)
    process.send({
      delayMs: figuresOf(delay, late),
      ownDelayMs: figuresOf(own, (nanoseconds) => nanoseconds / 1e6),
      cpuMs: (user + system) / 1000,
    })
    delay.reset()
    own.reset()
    cpu = process.cpuUsage()
  })
  process.channel.unref()
}
