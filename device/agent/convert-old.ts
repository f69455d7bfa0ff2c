/** Converts what an earlier version kept (store-old.ts) beside the work of this one, a piece at a time. */
import type { DeviceStore } from './store.ts'

/** A piece may be tens of megabytes: requests come first. */
const PAUSE_MS = 20
/** The store could not be written. */
const AGAIN_MS = 60_000

/** Goes on until nothing is left, or until it is stopped; keeps no process alive. */
export const convertInBackground = (store: Pick<DeviceStore, 'later'>): { stop(): void } => {
  let timer: NodeJS.Timeout | undefined
  let isStopped = false
  const next = () => {
    let isMore = false
    const ended = (isKept: boolean) => {
      if (!isStopped && (isMore || !isKept)) soon(isKept ? PAUSE_MS : AGAIN_MS)
    }
    store.later(
      (tx) => {
        isMore = tx.convertOne()
      },
      { ended },
    )
  }
  const soon = (ms: number) => {
    timer = setTimeout(next, ms).unref()
  }
  soon(0)
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
