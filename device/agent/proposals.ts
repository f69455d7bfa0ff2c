/** Preferences that the user seems to have stated in a conversation: kept until they are accepted, dismissed or forgotten. */
import { z } from 'zod'
import { FedError } from '../../adapters/errors.ts'
import { Proposal } from '../../adapters/wire/personalization.ts'
import { type Wish, wishOf } from '../personalize/dimensions.ts'
import { editProfile } from '../personalize/profile.ts'
import { readProfile } from './rewriting.ts'
import type { StoreReads, StoreTx } from './store.ts'

/** Most that wait; a newer one takes the place of the oldest. */
const MOST = 20

/** dismissed: wishes that are not proposed again. */
const Kept = z.object({
  open: z.array(Proposal).max(MOST),
  dismissed: z.array(z.string()),
})
type Kept = z.infer<typeof Kept>

const read = (store: StoreReads): Kept => {
  const kept = Kept.safeParse(store.get('proposals'))
  return kept.success ? kept.data : { open: [], dismissed: [] }
}

/** Oldest first. */
export const openProposals = (store: StoreReads): Proposal[] => read(store).open

/** Keeps what is new: one a wish, and none that was dismissed or is stated already. */
export const propose = (store: StoreTx, proposals: readonly Proposal[]): void => {
  const { open, dismissed } = read(store)
  const stated = readProfile(store).preferences.filter((p) => p.source === 'stated')
  const known = new Set<string>([...open.map(wishOf), ...stated.map(wishOf), ...dismissed])
  const added: Proposal[] = []
  for (const proposal of proposals) {
    if (known.has(wishOf(proposal))) continue
    known.add(wishOf(proposal))
    added.push(proposal)
  }
  if (added.length > 0)
    store.set('proposals', { open: [...open, ...added].slice(-MOST), dismissed } satisfies Kept)
}

/** An accepted one is a stated preference from now on. Fails with E_NOT_FOUND. */
export const settleProposal = (store: StoreTx, id: string, accept: boolean): void => {
  const { open, dismissed } = read(store)
  const proposal = open.find((p) => p.id === id)
  if (!proposal) throw new FedError('E_NOT_FOUND', 'no proposal has this id')
  const wish: Wish = wishOf(proposal)
  const rest = open.filter((p) => p !== proposal)
  store.set('proposals', {
    open: rest,
    dismissed: accept ? dismissed : [...dismissed, wish],
  } satisfies Kept)
  if (!accept) return
  const { dimension, direction } = proposal
  store.set(
    'profile',
    editProfile(readProfile(store), [
      { op: 'state', dimension, direction, strength: 1, scope: 'all' },
    ]),
  )
}

/** Those of decisions that are forgotten go with them. */
export const forgetProposals = (store: StoreTx, decisionIds: ReadonlySet<string>): void => {
  const { open, dismissed } = read(store)
  const rest = open.filter((p) => !decisionIds.has(p.decisionId))
  if (rest.length < open.length) store.set('proposals', { open: rest, dismissed } satisfies Kept)
}
