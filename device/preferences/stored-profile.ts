/** The user's profile in the store: reading it, the user's edits, and what the head has learned. */
import type { FeatureSpace } from '../../adapters/wire/primitives.ts'
import type { FeedbackEvent } from '../records/feedback-event.ts'
import type { DescribedProfile, Preference, Profile, ProfileChange } from '../records/preference.ts'
import type { DeviceStore } from '../store/store.ts'
import type { StoreReads, StoreTx } from '../store/tables.ts'
import {
  EMPTY_PROFILE,
  editProfile,
  sentenceOf,
  updateProfile,
  votesOn,
  withEvidence,
} from './profile.ts'
import { learnedRelevance, undoneRequests } from './relevance-head.ts'

export const readProfile = (store: Pick<StoreReads, 'get'>): Profile =>
  store.get('profile') ?? EMPTY_PROFILE

/** The profile with a sentence for each preference. */
export const profileOf = (store: StoreReads): DescribedProfile =>
  describeProfile(readProfile(store))

/** Applies the user's edits, in the caller's transaction. */
export const changeProfile = (tx: StoreTx, changes: readonly ProfileChange[]): DescribedProfile => {
  const next = editProfile(readProfile(tx), changes)
  tx.set('profile', next)
  return describeProfile(next)
}

export const statePreference = (
  tx: StoreTx,
  { dimension, direction, strength = 1, scope = 'all' }: Extract<FeedbackEvent, { kind: 'prefer' }>,
): void => void changeProfile(tx, [{ op: 'state', dimension, direction, strength, scope }])

const describeProfile = (profile: Profile): DescribedProfile => ({
  profile,
  sentences: profile.preferences.map(sentenceOf),
})

/** Brings the stored profile up to date with the fitted head. choices: those it was fitted to. */
export const saveLearned = (
  store: DeviceStore,
  learned: readonly Preference[],
  choices: Parameters<typeof votesOn>[1],
  space: FeatureSpace,
): void => {
  const undone = undoneRequests(learnedRelevance(store))
  const weighed = withEvidence(learned, votesOn(learned, choices, space), undone)
  store.update('profile', (profile = EMPTY_PROFILE) => updateProfile(profile, weighed))
}
