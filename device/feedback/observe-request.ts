/** Observes an answered request for stated preferences and unsent feedback on earlier requests. */
import type { DeviceSettings } from '../home/settings.ts'
import { dimensionOf, directionOf, sentenceOfPole } from '../preferences/dimensions.ts'
import { propose } from '../preferences/proposals.ts'
import { statedPreferences } from '../preferences/stated.ts'
import type { FeedbackEvent } from '../records/feedback-event.ts'
import { newId } from '../store/new-decision.ts'
import type { DeviceStore } from '../store/store.ts'
import type { Conversation } from '../text/conversation.ts'
import { keptText } from '../text/kept-text.ts'
import { requestText } from '../text/request-text.ts'
import { recordFeedback, refreshChoices } from './decisions.ts'
import type { FollowUps } from './follow-up-gate.ts'

export type ObservingDeps = {
  readonly store: DeviceStore
  readonly settings: Pick<DeviceSettings, 'implicit'>
  readonly followUps: FollowUps
  readonly clock: () => number
}

/** After this time the same words are a new request. */
const REPEAT_WINDOW_MS = 30 * 60_000
/** Within this time no user has read the answer: a program retries or loops. */
const MIN_READING_MS = 8000
/** More repetitions come from a program. */
const MAX_REPEATS = 2

/** The part of a request that is observed after its answer. */
export type Observed = {
  readonly decisionId: string
  readonly message: string
  readonly isByProgram: boolean
}

export const asObserved = (decisionId: string, conversation: Conversation): Observed => ({
  decisionId,
  message: keptText(requestText(conversation.messages)),
  isByProgram: isByProgram(conversation),
})

/** Resolves to whether the choices changed. */
export const observeRequest = async (
  { store, settings, followUps, clock }: ObservingDeps,
  { decisionId, message, isByProgram: isMachine }: Observed,
): Promise<boolean> => {
  if (isMachine) return false
  const own = store.decision(decisionId)
  if (!own) return false
  proposeStated(store, message, decisionId, clock())
  if (!settings.implicit) return false
  const before = store.choicesVersion()
  const at = clock()
  const infer = (event: FeedbackEvent & { readonly decisionId: string }) =>
    store.later((tx) => {
      const isSaid = tx.feedbackOn(event.decisionId).some((f) => f.body.kind === event.kind)
      // It may have been forgotten while the model ran.
      if (!isSaid && tx.decision(event.decisionId)) recordFeedback(tx, event, at)
    })
  const repeated = store
    .earlierRepeats(own)
    .filter((d) => d.candidates > 0 && d.at <= own.at && own.at - d.at <= REPEAT_WINDOW_MS)
  const same = repeated.find((d) => d.app === own.app)
  if (same && own.at - same.at >= MIN_READING_MS && repeated.length <= MAX_REPEATS)
    infer({ kind: 'regenerate', decisionId: same.id, isImplicit: true })
  const last = store.lastTurn(own)
  if (last && (await followUps.poles(message)).length > 0)
    infer({ kind: 'follow_up', decisionId: last.id, text: message, isImplicit: true })
  // Continuing a conversation accepts the answer that replaced a rejected one.
  else if (last) store.later((tx) => refreshChoices(tx, last))
  await store.drained()
  return store.choicesVersion() !== before
}

const proposeStated = (
  store: DeviceStore,
  message: string,
  decisionId: string,
  at: number,
): void => {
  const stated = statedPreferences(message)
  if (stated.length === 0) return
  store.later((tx) =>
    propose(
      tx,
      stated.map(({ pole, said }) => ({
        id: newId('p_'),
        at: Math.floor(at),
        dimension: dimensionOf(pole),
        direction: directionOf(pole),
        sentence: sentenceOfPole(pole),
        said,
        decisionId,
      })),
    ),
  )
}

/** With tools, a program wrote the message. */
const isByProgram = ({ messages, tools }: Conversation): boolean =>
  (tools?.length ?? 0) > 0 ||
  messages.some(
    ({ content }) =>
      Array.isArray(content) && content.some((b) => /tool_(?:use|result)/.test(b.type)),
  )
