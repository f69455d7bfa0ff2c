/**
 * Runs the long work of a home one piece at a time. A user's request goes before the agent's own
 * work.
 */
import { FedError } from '../../adapters/errors.ts'
import type { Progress } from '../home/progress.ts'

type LongOptions = {
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((progress: Progress) => void) | undefined
  /** Stops, to resume later, as soon as a user asks for other work. */
  readonly yields?: boolean
}

export type LongWorkQueue = {
  /** Runs the work once nothing else runs. Fails as the work does, and with E_CANCELLED. */
  run<T>(work: (signal: AbortSignal) => Promise<T>, options?: LongOptions): Promise<T>
  /** Ends running and waiting work, and starts nothing more. Resolves once all has ended. */
  end(): Promise<void>
}

export const openLongWork = (): LongWorkQueue => {
  let last: Promise<unknown> = Promise.resolve()
  let isEnded = false
  const running = new Set<{ readonly yields: boolean; readonly stop: AbortController }>()
  return {
    async run(work, { signal, onProgress, yields = false } = {}) {
      const before = last
      const stop = new AbortController()
      if (isEnded) stop.abort()
      const own = { yields, stop }
      if (!yields) for (const other of running) if (other.yields) other.stop.abort()
      if (running.size > 0)
        onProgress?.({ step: 'waiting', note: 'other work of this home runs first' })
      running.add(own)
      let isOver = () => {}
      last = new Promise<void>((resolve) => {
        isOver = resolve
      })
      const ends = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal
      try {
        await unlessAborted(before, ends)
        return await work(ends)
      } finally {
        running.delete(own)
        // Those behind wait for those before this one, too.
        void before.then(isOver)
      }
    },
    async end() {
      isEnded = true
      for (const { stop } of running) stop.abort()
      await last
    },
  }
}

const unlessAborted = (before: Promise<unknown>, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const stopped = () =>
      reject(new FedError('E_CANCELLED', 'stopped before it started: other work was running'))
    if (signal.aborted) return stopped()
    signal.addEventListener('abort', stopped, { once: true })
    void before.then(() => {
      signal.removeEventListener('abort', stopped)
      resolve()
    })
  })
