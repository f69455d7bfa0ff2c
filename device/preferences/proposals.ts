/**
 * Proposals: preferences that the user seems to have stated in a conversation. They stay until
 * accepted, dismissed or forgotten.
 */
import { FedError } from '../../adapters/errors.ts'
import type { Proposal } from '../records/preference.ts'
import type { StoreReads, StoreTx } from '../store/tables.ts'
import { poleOf } from './dimensions.ts'
import { editProfile } from './profile.ts'
import { readProfile } from './stored-profile.ts'

/** Poles that are not proposed again. */
const dismissedPoles = (store: StoreReads): string[] => store.get('proposals')?.dismissed ?? []

/** Stores new proposals: at most one per pole, and none that was dismissed or is already stated. */
export const propose = (store: StoreTx, proposals: readonly Proposal[]): void => {
  const stated = readProfile(store).preferences.filter((p) => p.source === 'stated')
  const known = new Set<string>([
    ...store.proposals().map(poleOf),
    ...stated.map(poleOf),
    ...dismissedPoles(store),
  ])
  const added: Proposal[] = []
  for (const proposal of proposals) {
    if (known.has(poleOf(proposal))) continue
    known.add(poleOf(proposal))
    added.push(proposal)
  }
  store.addProposals(added)
}

/** Accepts a proposal as a stated preference, or dismisses it. Fails with E_NOT_FOUND. */
export const settleProposal = (store: StoreTx, id: string, accept: boolean): void => {
  const proposal = store.proposals().find((p) => p.id === id)
  if (!proposal) throw new FedError('E_NOT_FOUND', 'no proposal has this id')
  store.dropProposal(id)
  const { dimension, direction } = proposal
  if (!accept) {
    const dismissed = [...dismissedPoles(store), poleOf(proposal)]
    store.set('proposals', { dismissed })
    return
  }
  store.set(
    'profile',
    editProfile(readProfile(store), [
      { op: 'state', dimension, direction, strength: 1, scope: 'all' },
    ]),
  )
}
