/** What a request says of the ones before it, read after it was answered: a preference that is stated, and events that nobody sent. */
import type { FeedbackEvent } from '../../adapters/wire/personalization.ts'
import { dimensionOf, sentenceOfWish } from '../personalize/dimensions.ts'
import { follows, isSameRequest } from '../personalize/feedback.ts'
import { requestText } from '../personalize/request-text.ts'
import { conversationKey } from '../personalize/rewrite.ts'
import { statedPreferences } from '../personalize/stated.ts'
import { decisionBody, newId, recordFeedback, refreshChoices, toDecision } from './decisions.ts'
import type { FollowUps } from './follow-ups.ts'
import { propose } from './proposals.ts'
import type { DeviceSettings } from './settings.ts'
import type { DeviceStore } from './store.ts'
import type { Conversation } from './types.ts'

export type ObservingDeps = {
  readonly store: DeviceStore
  readonly settings: Pick<DeviceSettings, 'implicit'>
  readonly followUps: FollowUps
  readonly clock: () => number
}

/** Turns of a conversation that are looked back on. */
const TURNS = 20
/** After so long, the same words are asked anew. */
const AGAIN_MS = 30 * 60_000
/** Sooner nobody has read the answer: a program tries again, or runs in a loop. */
const SOONEST_MS = 8000
/** Nobody asks the very same more often than that; a program does. */
const MAX_REPEATS = 2

/** For a request whose decision is kept. Resolves to whether the choices changed. */
export const observeRequest = async (
  { store, settings, followUps, clock }: ObservingDeps,
  conversation: Conversation,
  decisionId: string,
): Promise<boolean> => {
  if (isByProgram(conversation)) return false
  const own = store.decision(decisionId)
  if (!own) return false
  const message = requestText(conversation.messages)
  const stated = statedPreferences(message)
  if (stated.length > 0)
    store.atomically(() =>
      propose(
        store,
        stated.map(({ wish, said }) => ({
          id: newId('p_'),
          at: Math.floor(clock()),
          dimension: dimensionOf(wish),
          direction: wish.endsWith('+') ? 1 : -1,
          sentence: sentenceOfWish(wish),
          said,
          decisionId,
        })),
      ),
    )
  if (!settings.implicit) return false
  const before = store.choicesVersion()
  const earlier = store
    .decisionsOf(conversationKey(conversation), TURNS)
    .map(toDecision)
    .filter((d) => d.id !== decisionId && d.candidates.length > 0 && d.at <= own.at)
  const infer = (event: FeedbackEvent) =>
    store.atomically(() => {
      const id = event.decisionId ?? ''
      const isSaid = store.feedbackOn([id]).some((f) => kindOf(f) === event.kind)
      // It may have been forgotten while the model read.
      if (!isSaid && store.decision(id)) recordFeedback(store, event, clock())
    })
  const repeated = earlier.filter(
    (d) => isSameRequest(d, conversation) && own.at - d.at <= AGAIN_MS,
  )
  const [same] = repeated.filter((d) => appOf(store, d.id) === appOf(store, decisionId))
  if (same && own.at - same.at >= SOONEST_MS && repeated.length <= MAX_REPEATS)
    infer({ kind: 'regenerate', decisionId: same.id, isImplicit: true })
  const last = earlier.find((d) => follows(d, conversation))
  if (last && (await followUps.wishes(message)).length > 0)
    infer({ kind: 'follow_up', decisionId: last.id, text: message, isImplicit: true })
  // An answer that a conversation goes on from is content where an earlier one was not.
  else if (last && store.feedbackOn(earlier.map((d) => d.id)).length > 0)
    store.atomically(() => refreshChoices(store))
  return store.choicesVersion() !== before
}

const appOf = (store: DeviceStore, id: string): string | undefined => decisionBody(store, id)?.app

const kindOf = ({ body }: { body: unknown }): unknown => (body as FeedbackEvent).kind

/** Where tools are in play, a program wrote the message. */
const isByProgram = ({ messages, tools }: Conversation): boolean =>
  (tools?.length ?? 0) > 0 ||
  messages.some(
    ({ content }) =>
      Array.isArray(content) && content.some((b) => /tool_(?:use|result)/.test(b.type)),
  )
