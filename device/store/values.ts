/** States that requests change: they read as they were set, also while the write waits. */
import type { State, StateKey } from './states.ts'
import type { StoreTx } from './tables.ts'
import type { Writing } from './writing.ts'

export type LaterValues = {
  get<K extends StateKey>(key: K): State<K> | undefined
  /** Never fails and never waits. change: may be called several times. */
  update<K extends StateKey>(key: K, change: (before: State<K> | undefined) => State<K>): void
}

export const laterValues = (
  kept: Pick<StoreTx, 'get'>,
  later: Writing<Pick<StoreTx, 'get' | 'set'>>['later'],
): LaterValues => {
  const waiting = new Map<StateKey, { readonly value: unknown }>()
  const get = <K extends StateKey>(key: K): State<K> | undefined => {
    const set = waiting.get(key)
    return set ? (set.value as State<K>) : kept.get(key)
  }
  const readable = <K extends StateKey>(key: K): State<K> | undefined => {
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
