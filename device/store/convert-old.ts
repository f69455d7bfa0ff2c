/** Converts what an earlier version kept (store-old.ts) beside the work of this one, a piece at a time. */
import type { DeviceStore } from './store.ts'
import type { StoreTx } from './tables.ts'

/**
 * A piece may be tens of megabytes, which nothing else of this thread can interrupt: requests have
 * most of the time between two.
 */
const LEAST_PAUSE_MS = 20
const PAUSE_SHARE = 9
/** The store could not be written. */
const AGAIN_MS = 60_000

type Converted = Pick<DeviceStore, 'isConverted' | 'later' | 'compact'>

/** Goes on until nothing is left, or until it is stopped; keeps no process alive. Ends with a small file. */
export const convertInBackground = (
  store: Converted,
  report: (event: { what: string; code: string }) => void = () => {},
): { stop(): void } => {
  let timer: NodeJS.Timeout | undefined
  let isStopped = false
  const next = () => {
    let tookMs = 0
    const work = (tx: Pick<StoreTx, 'convertOne'>) => {
      const from = performance.now()
      tx.convertOne()
      tookMs = performance.now() - from
    }
    store.later(work, {
      ended: (isKept) => {
        if (isStopped) return
        if (!isKept) soon(AGAIN_MS)
        else if (!store.isConverted()) soon(Math.max(LEAST_PAUSE_MS, PAUSE_SHARE * tookMs))
        else store.compact().catch(() => report({ what: 'compact', code: 'E_STORE' }))
      },
    })
  }
  const soon = (ms: number) => {
    timer = setTimeout(next, ms).unref()
  }
  if (!store.isConverted()) soon(0)
  return {
    stop: () => {
      isStopped = true
      clearTimeout(timer)
    },
  }
}

/** What is left at once, for who has to see all of it. Fails with E_STORE where nothing can be written. */
export const convertAll = async (
  store: Pick<DeviceStore, 'durably' | 'isConverted'>,
): Promise<void> => {
  while (!store.isConverted()) await store.durably((tx) => tx.convertOne())
}
