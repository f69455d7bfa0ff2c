/** Erases a conversation from this device, and whatever was made from it; and what is older than the user wants it kept. */
import { FedError } from '../../adapters/errors.ts'
import type { ChatMessage, SystemPrompt } from '../../adapters/wire/choice-log.ts'
import {
  type ForgetReport,
  type ForgetTarget,
  Profile,
} from '../../adapters/wire/personalization.ts'
import { EMPTY_PROFILE, updateProfile } from '../personalize/profile.ts'
import { requestInContext, textOf } from '../personalize/request-text.ts'
import { conversationKey } from '../personalize/rewrite.ts'
import { DecisionBody } from './decisions.ts'
import { forgetPeople } from './people.ts'
import { serveRelease, servingState } from './private-adapter.ts'
import { forgetProposals } from './proposals.ts'
import { forgetRelevance } from './relevant.ts'
import type { DeviceStore } from './store.ts'
import { DECISION_MS } from './store-ends.ts'

const ALL = Number.MAX_SAFE_INTEGER
const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS
/** Clocks are set, and a request is read before its decision is kept. */
const SLACK_MS = 60 * MINUTE_MS
/** A request is logged before its answer comes, and the decision is kept after it. */
const ANSWER_MS = 15 * MINUTE_MS

/**
 * All turns of the conversation that a decision or an answer belongs to, also those under another system prompt; conversations that
 * began with the very same words under the same system prompt cannot be told from it and go too. Fails with E_NO_DECISION.
 */
export const forgetConversation = (store: DeviceStore, target: ForgetTarget): ForgetReport => {
  const report = store.durably((): ForgetReport => {
    const first = store.decision(target.decisionId ?? target.messageId ?? '')
    if (!first)
      throw new FedError('E_NO_DECISION', 'no decision and no answer of this device has this id')
    const { decisions, choices } = conversationOf(store, first.id)
    const ids = new Set([...decisions, ...choices].map((one) => one.id))
    const keys = new Set([...decisions, ...choices].map((one) => one.key))
    const said = store.feedback().filter((f) => ids.has(f.decisionId))
    const learnedAt = [...choices, ...said].map((one) => one.at)
    const learnedSince = learnedAt.length > 0 ? Math.min(...learnedAt) : null
    const sent = store
      .uploads()
      .filter((u) => u.isSent && learnedSince !== null && u.at >= learnedSince)
    const erased = store.eraseRows({
      decisions: decisions.map((d) => d.id),
      choices: choices.map((c) => c.id),
      conversations: decisions.flatMap((d) => d.suffix ?? []),
      computedSince: Math.min(...[...decisions, ...choices].map((one) => one.at)) - SLACK_MS,
      sentSince: learnedSince,
    })
    for (const { at } of decisions) store.eraseDigests(at - ANSWER_MS, at + MINUTE_MS)
    const requests = new Set(decisions.map((d) => d.request))
    forgetRelevance(
      store,
      (e) => requests.has(e.request) || (e.conversation !== undefined && keys.has(e.conversation)),
    )
    forgetProposals(store, ids)
    // Which of them the conversation was with is not known; who is still there is soon seen again.
    forgetPeople(store)
    if (choices.length > 0) forgetLearned(store)
    return {
      ...erased,
      privateAdapter: learnedSince === null ? 'none' : removePrivate(store),
      updatesSentSince: sent.length,
    }
  })
  store.compact()
  return report
}

/** What has an end whatever the user set: once a day. */
export const expire = (store: DeviceStore, now: number): void =>
  store.atomically(() => {
    store.eraseDigests(0, now - DECISION_MS)
    store.endRows(now)
  })

/**
 * Erases what is older than the limit in days; null: nothing (decisions then expire as new ones are kept). Choices of unknown time
 * and a private adapter stay. True where something went.
 */
export const enforceRetention = (
  store: DeviceStore,
  retentionDays: number | null,
  now: number,
): boolean => {
  if (retentionDays === null) return false
  const before = now - retentionDays * DAY_MS
  forgetPeople(store, before)
  const digests = store.eraseDigests(0, before)
  const { decisions, choices, feedback } = store.idsBefore(before)
  if (decisions.length + choices.length + feedback + digests === 0) return false
  store.durably(() => {
    // States do not say which text they are of.
    store.eraseRows({ decisions, choices, before, computedSince: 0 })
    forgetRelevance(store, (e) => (e.at ?? 0) < before)
    forgetProposals(store, new Set(decisions))
    if (choices.length > 0) forgetLearned(store)
  })
  store.compact()
  return true
}

type Part = {
  readonly id: string
  readonly at: number
  readonly key: string
  readonly request: string
  readonly openings: readonly string[]
  readonly suffix?: string | undefined
}

/** Grows from one decision over equal keys and equal beginnings until nothing is added. */
const conversationOf = (store: DeviceStore, id: string): { decisions: Part[]; choices: Part[] } => {
  const decisions = store
    .decisions(ALL)
    .map((row) => partOf(row.id, row.at, DecisionBody.parse(row.body)))
  const choices = store.choices().map((choice) => partOf(choice.id, choice.at ?? 0, choice))
  const all = [...decisions, ...choices]
  const found = new Set(all.filter((part) => part.id === id))
  const keys = new Set<string>()
  const openings = new Set<string>()
  for (let size = 0; size !== found.size; ) {
    size = found.size
    for (const part of found) {
      keys.add(part.key)
      for (const opening of part.openings) openings.add(opening)
    }
    for (const part of all)
      if (keys.has(part.key) || part.openings.some((o) => openings.has(o))) found.add(part)
  }
  return {
    decisions: decisions.filter((d) => found.has(d)),
    choices: choices.filter((c) => found.has(c)),
  }
}

/** openings: its first message with the answer to it, or with each that may have been the answer. */
const partOf = (
  id: string,
  at: number,
  conversation: {
    messages: ChatMessage[]
    system?: SystemPrompt | undefined
    candidates: string[]
    suffix?: string | undefined
  },
): Part => {
  const { messages, candidates } = conversation
  const [first, second] = messages
  const answers = second?.role === 'assistant' ? [textOf(second.content)] : candidates
  return {
    id,
    at,
    key: conversationKey(conversation),
    request: requestInContext(messages),
    suffix: conversation.suffix,
    openings: answers
      .filter((answer) => answer.trim() !== '')
      .map((answer) => JSON.stringify([first && textOf(first.content), answer])),
  }
}

/** Until the head is fitted again, the profile says nothing that was learned. */
const forgetLearned = (store: DeviceStore): void => {
  const profile = Profile.parse(store.get('profile') ?? EMPTY_PROFILE)
  store.set('profile', updateProfile(profile, []))
  store.set('outlook', null)
}

const removePrivate = (store: DeviceStore): ForgetReport['privateAdapter'] => {
  if (!store.blob('private')) return 'none'
  store.removeBlob('private')
  serveRelease(store, servingState(store).release)
  return 'removed'
}
