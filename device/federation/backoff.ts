/** What failed lately, by name, and from when it may be tried again: on a clock that is never set, and forgotten with the process. */
export type Backoff = {
  /** Failed once more: from firstMs the wait doubles to mostMs. */
  failed(name: string, firstMs: number, mostMs: number): void
  /** Until it may be tried again; 0: now. */
  waitMs(name: string): number
  ended(name: string): void
}

/** Names that are remembered; the oldest goes first. */
const MOST_NAMES = 1000

/** monotonic: milliseconds of a clock that is never set. */
export const openBackoff = (monotonicMs: () => number): Backoff => {
  const known = new Map<string, { readonly failures: number; readonly dueAt: number }>()
  return {
    failed(name, firstMs, mostMs) {
      const failures = (known.get(name)?.failures ?? 0) + 1
      known.delete(name)
      const waitMs = Math.min(mostMs, firstMs * 2 ** (failures - 1))
      known.set(name, { failures, dueAt: monotonicMs() + waitMs })
      if (known.size > MOST_NAMES) known.delete(known.keys().next().value ?? '')
    },
    waitMs: (name) => Math.max(0, (known.get(name)?.dueAt ?? 0) - monotonicMs()),
    ended: (name) => void known.delete(name),
  }
}
