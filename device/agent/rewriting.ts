/** The rewriting half of serving a request: the profile as kept, the block of a conversation, the decision that feedback can name. */
import {
  type FeedbackEvent,
  type Preference,
  Profile,
} from '../../adapters/wire/personalization.ts'
import { EMPTY_PROFILE, updateProfile } from '../personalize/profile.ts'
import {
  type BlockChoice,
  conversationKey,
  type FrozenBlocks,
  rewrite,
} from '../personalize/rewrite.ts'
import { blankDecision, decisionBody, newId, saveDecision } from './decisions.ts'
import type { Relevance } from './relevant.ts'
import type { DeviceSettings } from './settings.ts'
import type { DeviceStore } from './store.ts'
import type { Conversation, RewriteResult } from './types.ts'

export type RewritingDeps = {
  readonly store: DeviceStore
  readonly settings: DeviceSettings
  readonly relevance: Relevance
  readonly clock: () => number
}

/** The profile as it is kept; needs no model. */
export const readProfile = (store: DeviceStore): Profile =>
  Profile.parse(store.get('profile') ?? EMPTY_PROFILE)

export const rewriteRequest = async (
  { store, settings, relevance, clock }: RewritingDeps,
  conversation: Conversation,
): Promise<RewriteResult> => {
  const profile = settings.rewrite ? readProfile(store) : EMPTY_PROFILE
  // A first request is the moment to choose: the same words a week later begin another conversation.
  const isFirst = conversation.messages.length === 1
  const frozen: FrozenBlocks = {
    get: (key) => (isFirst ? undefined : (store.frozen(key) as BlockChoice | undefined)),
    set: (key, choice) => store.freeze(key, choice, clock()),
  }
  const { system, block, preferences, reason } = await rewrite(
    conversation,
    profile,
    frozen,
    (request) => relevance.dimensions(request),
  )
  const decisionId = newId('d_')
  const dimensions = preferences.map((p) => p.dimension)
  saveDecision(store, decisionId, clock(), blankDecision(conversation, dimensions))
  return { decisionId, system: system ?? null, block, preferences: [...preferences], reason }
}

/** The profile says what has been learned by now. */
export const saveLearned = (store: DeviceStore, learned: readonly Preference[]): void =>
  store.set('profile', updateProfile(readProfile(store), learned))

/** What an event says about the block of its conversation: after an undo the next request goes without it. */
export const learnFromFeedback = (
  { store, clock }: Pick<RewritingDeps, 'store' | 'clock'>,
  event: FeedbackEvent,
): void => {
  const body = decisionBody(store, event.decisionId ?? event.messageId ?? '')
  if (!body || event.kind !== 'undo') return
  const choice: BlockChoice = { block: null, preferences: [], reason: 'none_relevant' }
  store.freeze(conversationKey(body), choice, clock())
}
