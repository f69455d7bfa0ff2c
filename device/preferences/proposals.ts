/** Preferences that the user seems to have stated, until accepted, dismissed or forgotten. */
import { FedError } from '../../adapters/errors.ts'
import type { Proposal } from '../records/preference.ts'
import type { StoreReads, StoreTx } from '../store/tables.ts'
import { poleOf } from './dimensions.ts'
import { stated } from './profile.ts'
import { changeProfile, readProfile } from './stored-profile.ts'

/** Poles that are not proposed again. */
const dismissedPoles = (store: StoreReads): string[] => store.get('proposals')?.dismissed ?? []

/** Stores new proposals: at most one per pole, and none that was dismissed or is already stated. */
export const propose = (store: StoreTx, proposals: readonly Proposal[]): void => {
  const preferences = readProfile(store).preferences.filter((p) => p.source === 'stated')
  const known = new Set<string>([
    ...[...store.proposals(), ...preferences].map(poleOf),
    ...dismissedPoles(store),
  ])
  const poles = proposals.map(poleOf)
  store.addProposals(
    proposals.filter((_, i) => !known.has(poles[i]!) && poles.indexOf(poles[i]!) === i),
  )
}

/** Accepts a proposal as a stated preference, or dismisses it. Fails with E_NOT_FOUND. */
export const settleProposal = (store: StoreTx, id: string, accept: boolean): void => {
  const proposal = store.proposals().find((p) => p.id === id)
  if (!proposal) throw new FedError('E_NOT_FOUND', 'no proposal has this id')
  store.dropProposal(id)
  const pole = poleOf(proposal)
  if (accept) changeProfile(store, [stated(pole)])
  else store.set('proposals', { dismissed: [...dismissedPoles(store), pole] })
}
