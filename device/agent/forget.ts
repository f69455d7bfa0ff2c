/** Erases a conversation from this device, and whatever was made from it; and what is older than the user wants it kept. */
import { FedError } from '../../adapters/errors.ts'
import {
  type ForgetReport,
  type ForgetTarget,
  Profile,
} from '../../adapters/wire/personalization.ts'
import { EMPTY_PROFILE, updateProfile } from '../personalize/profile.ts'
import { convertAll } from './convert-old.ts'
import { askedName } from './kept.ts'
import { forgetPeople } from './people.ts'
import { serveRelease, servingState } from './private-adapter.ts'
import { forgetProposals } from './proposals.ts'
import { forgetRelevance } from './relevant.ts'
import type { DeviceStore, StoreTx } from './store.ts'
import { DECISION_MS } from './store-ends.ts'

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
export const forgetConversation = async (
  device: DeviceStore,
  { decisionId, messageId }: ForgetTarget,
): Promise<ForgetReport> => {
  await convertAll(device)
  const report = await device.durably((store): ForgetReport => {
    const target = decisionId ?? messageId ?? ''
    const all = store.relatedTo(target)
    if (all.length === 0)
      throw new FedError('E_NO_DECISION', 'no decision and no answer of this device has this id')
    const decisions = all.filter(({ kind }) => kind === 'd')
    const choices = all.filter(({ kind }) => kind === 'c')
    const ids = new Set(all.map((one) => one.id))
    const said = [...ids].flatMap((id) => store.feedbackOn(id))
    const learnedAt = [...choices, ...said].map((one) => one.at)
    const learnedSince = learnedAt.length > 0 ? Math.min(...learnedAt) : null
    const sent = store
      .uploads()
      .filter((u) => u.isSent && learnedSince !== null && u.at >= learnedSince)
    const erased = store.eraseRows({
      decisions,
      choices,
      conversations: decisions.flatMap((d) => d.suffix ?? []),
      computedSince: Math.min(...all.map((one) => one.at)) - SLACK_MS,
      sentSince: learnedSince,
    })
    for (const { at } of decisions) store.eraseDigests(at - ANSWER_MS, at + MINUTE_MS)
    const asked = new Set(all.map((one) => one.asked))
    const conversations = new Set(all.map((one) => one.conversation))
    forgetRelevance(
      store,
      (e) =>
        asked.has(askedName(store.hash, e.request)) ||
        (e.conversation !== undefined && conversations.has(e.conversation)),
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
  await device.compact()
  return report
}

/** What has an end whatever the user set: once a day. */
export const expire = (store: DeviceStore, now: number): Promise<void> =>
  store.durably((tx) => {
    tx.eraseDigests(0, now - DECISION_MS)
    tx.endRows(now)
  })

/**
 * Erases what is older than the limit in days; null: nothing (decisions then expire as new ones are kept). Choices of unknown time
 * and a private adapter stay. True where something went.
 */
export const enforceRetention = async (
  device: DeviceStore,
  retentionDays: number | null,
  now: number,
): Promise<boolean> => {
  if (retentionDays === null) return false
  await convertAll(device)
  const before = now - retentionDays * DAY_MS
  const isOver = await device.durably((store) => {
    forgetPeople(store, before)
    const digests = store.eraseDigests(0, before)
    const { decisions, choices, feedback } = store.idsBefore(before)
    if (decisions.length + choices.length + feedback + digests === 0) return false
    // States do not say which text they are of.
    store.eraseRows({ decisions, choices, before, computedSince: 0 })
    forgetRelevance(store, (e) => (e.at ?? 0) < before)
    forgetProposals(store, new Set(decisions.map(({ id }) => id)))
    if (choices.length > 0) forgetLearned(store)
    return true
  })
  if (isOver) await device.compact()
  return isOver
}

/** Until the head is fitted again, the profile says nothing that was learned. */
const forgetLearned = (store: StoreTx): void => {
  const profile = Profile.parse(store.get('profile') ?? EMPTY_PROFILE)
  store.set('profile', updateProfile(profile, []))
  store.set('outlook', null)
}

const removePrivate = (store: StoreTx): ForgetReport['privateAdapter'] => {
  if (!store.blob('private')) return 'none'
  store.removeBlob('private')
  serveRelease(store, servingState(store).release)
  return 'removed'
}
