/** Exponential backoff by name, on the monotonic clock. It is lost with the process. */
export type Backoff = {
  /** Records a failure. The wait doubles from firstMs up to mostMs. */
  failed(name: string, firstMs: number, mostMs: number): void
  /** Time until the next try; 0: now. */
  waitMs(name: string): number
  ended(name: string): void
}

/** Capacity; the oldest name is dropped. */
const MAX_NAMES = 1000

export const openBackoff = (monotonicMs: () => number): Backoff => {
  const known = new Map<string, { readonly failures: number; readonly dueAt: number }>()
  return {
    failed(name, firstMs, mostMs) {
      const failures = (known.get(name)?.failures ?? 0) + 1
      known.delete(name)
      const waitMs = Math.min(mostMs, firstMs * 2 ** (failures - 1))
      known.set(name, { failures, dueAt: monotonicMs() + waitMs })
      if (known.size > MAX_NAMES) known.delete(known.keys().next().value ?? '')
    },
    waitMs: (name) => Math.max(0, (known.get(name)?.dueAt ?? 0) - monotonicMs()),
    ended: (name) => void known.delete(name),
  }
}
