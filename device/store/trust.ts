/** How far a federation server is held to its word, in words that people can compare. */
import { fingerprintOf, spokenHash } from '../../adapters/wire/spoken.ts'
import type { ServerPin } from './states.ts'
import type { StoreReads } from './tables.ts'

/** key: the words of the pinned one; null: none is. log: the last entry of its log of releases. */
export type Trust = {
  readonly server: string | null
  readonly key: string | null
  readonly by: ServerPin['by'] | null
  readonly log: { readonly number: number; readonly words: string } | null
}

export const trustOf = (store: Pick<StoreReads, 'get'>, server: string | null): Trust => {
  const pin = store.get('pin') ?? null
  const log = store.get('serverLog') ?? null
  return {
    server,
    key: pin && fingerprintOf(pin.key),
    by: pin?.by ?? null,
    log: log && { number: log.number, words: spokenHash(log.hash) },
  }
}
