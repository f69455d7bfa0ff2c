/** Single values that requests change: they are read as they were set, also while the write waits. */
import type { StateKey, StoreTx } from './store.ts'
import type { Writing } from './writing.ts'

/** What is kept under the name now, or undefined. */
type Change = (before: unknown) => unknown

export type LaterValues = {
  get(key: StateKey): unknown
  /** Never fails and never waits. change: may be called several times. */
  update(key: StateKey, change: Change): void
}

export const laterValues = (
  kept: Pick<StoreTx, 'get'>,
  later: Writing<Pick<StoreTx, 'get' | 'set'>>['later'],
): LaterValues => {
  const waiting = new Map<StateKey, { readonly value: unknown }>()
  const get = (key: StateKey): unknown => {
    const set = waiting.get(key)
    return set ? set.value : kept.get(key)
  }
  const readable = (key: StateKey): unknown => {
    try {
      return get(key)
    } catch {
      return undefined
    }
  }
  return {
    get,
    update: (key, change) => {
      const mine = { value: change(readable(key)) }
      waiting.set(key, mine)
      later((tx) => tx.set(key, change(tx.get(key))), {
        bytes: JSON.stringify(mine.value ?? null).length,
        ended: () => {
          if (waiting.get(key) === mine) waiting.delete(key)
        },
      })
    },
  }
}
