/** Converts the tables of an earlier version (old-tables.ts) in the background, a row at a time. */
import type { DeviceStore } from './store.ts'
import type { StoreTx } from './tables.ts'

/**
 * Converting a row of tens of megabytes blocks this thread, so requests get most of the time
 * between two rows.
 */
const MIN_PAUSE_MS = 20
const PAUSE_SHARE = 9
/** The wait after the store could not be written. */
const AGAIN_MS = 60_000

type Converted = Pick<DeviceStore, 'isConverted' | 'later' | 'compact'>

/**
 * Runs until all rows are converted or it is stopped, then compacts the file. Keeps no process
 * alive.
 */
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
        else if (!store.isConverted()) soon(Math.max(MIN_PAUSE_MS, PAUSE_SHARE * tookMs))
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

/**
 * Converts the remaining rows at once, for callers that need them all. Fails with E_STORE if
 * nothing can be written.
 */
export const convertAll = async (
  store: Pick<DeviceStore, 'durably' | 'isConverted'>,
): Promise<void> => {
  while (!store.isConverted()) await store.durably((tx) => tx.convertOne())
}
