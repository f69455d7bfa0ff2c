// Preloaded into the server's process by the benchmark, whatever checkout the server is of: answers,
// over the channel to its parent, how late the event loop was and what the process used since it was
// asked last.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { isMainThread } from 'node:worker_threads'

/** A timer of this period is watched: what it measures of an idle loop is this period. */
const PERIOD_MS = 5

if (isMainThread && process.send) {
  const delay = monitorEventLoopDelay({ resolution: PERIOD_MS })
  delay.enable()
  let cpu = process.cpuUsage()
  const late = (nanoseconds) => Math.max(0, nanoseconds / 1e6 - PERIOD_MS)
  process.on('message', () => {
    const { user, system } = process.cpuUsage(cpu)
    process.send({
      delayMs: {
        p50: late(delay.percentile(50)),
        p99: late(delay.percentile(99)),
        max: late(delay.max),
      },
      cpuMs: (user + system) / 1000,
    })
    delay.reset()
    cpu = process.cpuUsage()
  })
  process.channel.unref()
}
