/** Work on a round that one server at a time does, by a lease. */
import { FedError } from '../../adapters/errors.ts'
import type { Objects } from '../store/objects.ts'
import type { Round } from '../store/records.ts'
import type { Store } from '../store/store.ts'

/** This server, among those on the same store. */
export type Worker = { readonly id: string; readonly leaseMs: number }

export const leaseOf = (work: 'aggregation' | 'folding', { id }: Round): string => `${work} ${id}`

/**
 * Keeps the lease while updates are read. Without it the work goes on all the same: whoever is second
 * finds it done, with the same bytes.
 */
export const keeping = (store: Pick<Store, 'lease'>, lease: string, { id, leaseMs }: Worker) => {
  let keptAt = performance.now()
  return async () => {
    if (performance.now() - keptAt < leaseMs / 3) return
    keptAt = performance.now()
    await store.lease(lease, id, leaseMs)
  }
}

/** Fails with E_DATA. */
export const readObject = async (objects: Objects, hash: string): Promise<Uint8Array> => {
  const bytes = await objects.get(hash)
  if (!bytes) throw new FedError('E_DATA', `object ${hash} is missing`)
  return bytes
}
