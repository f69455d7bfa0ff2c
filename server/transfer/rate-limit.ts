/** Token buckets by name: so many requests at once, and so many a second from then on. */
import { LRUCache } from 'lru-cache'

export type Rate = { readonly burst: number; readonly perSecond: number }

export type RateLimit = {
  /** 0 when the request may pass, which it is then counted as; else the wait in ms until one may. */
  take(name: string): number
}

/** Names remembered. A name that is forgotten has a full bucket again. */
const MAX_NAMES = 100_000

/** monotonicMs: a clock that nobody sets. */
export const openRateLimit = ({ burst, perSecond }: Rate, monotonicMs: () => number): RateLimit => {
  // By size, since `max` takes the memory of all names at once.
  const buckets = new LRUCache<string, { tokens: number; at: number }>({
    maxSize: MAX_NAMES,
    sizeCalculation: () => 1,
  })
  return {
    take(name) {
      const now = monotonicMs()
      const { tokens, at } = buckets.get(name) ?? { tokens: burst, at: now }
      const filled = Math.min(burst, tokens + ((now - at) / 1000) * perSecond)
      const isFree = filled >= 1
      buckets.set(name, { tokens: isFree ? filled - 1 : filled, at: now })
      return isFree ? 0 : Math.ceil(((1 - filled) / perSecond) * 1000)
    },
  }
}
