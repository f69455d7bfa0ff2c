/** Erases a conversation from this device, and whatever was made from it; and what is older than the user wants it kept. */
import { FedError } from '../../adapters/errors.ts'
import type { ForgetReport, ForgetTarget } from '../../adapters/wire/personalization.ts'
import { convertAll } from './convert-old.ts'
import { type Erasing, erase, type Occasion } from './erasure.ts'
import type { DeviceStore, StoreTx } from './store.ts'
import { DECISION_MS } from './store-ends.ts'
import type { Related } from './store-related.ts'

const DAY_MS = 24 * 3600_000

/**
 * All turns of the conversation that a decision, an answer or a choice belongs to, also those under another system prompt;
 * conversations that began with the very same words under the same system prompt cannot be told from it and go too. It may have
 * expired: what was learned of it goes. What was made of its texts, in memory, on disk and by the local model, is gone when it
 * resolves. Fails with E_NO_DECISION.
 */
export const forgetConversation = async (
  device: DeviceStore,
  { decisionId, messageId }: ForgetTarget,
): Promise<ForgetReport> => {
  await convertAll(device)
  const report = await device.durably((store): ForgetReport => {
    const target = decisionId ?? messageId ?? ''
    const gone = store.relatedTo([target])
    if (gone.length === 0)
      throw new FedError('E_NO_DECISION', 'nothing that this device keeps has this id')
    return forgetAll(store, gone)
  })
  await Promise.all([device.live.tell('forgotten', undefined), device.compact()])
  return report
}

const forgetAll = (store: StoreTx, gone: readonly Related[]): ForgetReport => {
  const said = [...new Set(gone.map(({ id }) => id))].flatMap((id) => store.feedbackOn(id))
  const learned = [...gone.filter(({ kind }) => kind !== 'd'), ...said].map(({ at }) => at)
  const learnedSince = Math.min(...learned)
  const sent = store.uploads().filter((u) => u.isSent && u.at >= learnedSince)
  const hadPrivate = store.blob('private') !== undefined
  erase(store, 'forget', { now: 0, gone, before: Number.NEGATIVE_INFINITY, learnedSince })
  const count = (kind: Related['kind']) => gone.filter((row) => row.kind === kind).length
  return {
    decisions: count('d'),
    choices: count('c'),
    feedback: said.length,
    privateAdapter: hadPrivate && store.blob('private') === undefined ? 'removed' : 'none',
    updatesSentSince: sent.length,
  }
}

/** What goes in one transaction: nobody waits long for it. */
const AT_ONCE = 200

/** Decisions are kept for 90 days; what else has an end ends. True where something went. */
export const expire = (store: DeviceStore, now: number): Promise<boolean> =>
  eraseOlder(store, 'expiry', ['d'], now - DECISION_MS, now)

/** Erases what is older than the limit in days; null: nothing. True where something went. */
export const enforceRetention = async (
  store: DeviceStore,
  retentionDays: number | null,
  now: number,
): Promise<boolean> => {
  if (retentionDays === null) return false
  await convertAll(store)
  await store.durably((tx) => tx.dateChoices(now))
  return eraseOlder(store, 'retention', ['d', 'c', 'e'], now - retentionDays * DAY_MS, now)
}

const eraseOlder = async (
  device: DeviceStore,
  occasion: Occasion,
  kinds: readonly Related['kind'][],
  before: number,
  now: number,
): Promise<boolean> => {
  const forgotten = device.forgottenTimes()
  for (let times = 0; ; times++) {
    const count = await device.durably((store) => {
      const gone = store.olderThan(before, kinds, AT_ONCE)
      const learned = gone.filter(({ kind }) => kind !== 'd').map(({ at }) => at)
      const what: Erasing = { now, gone, before, learnedSince: Math.min(...learned) }
      erase(store, occasion, what)
      return gone.length
    })
    if (count >= AT_ONCE) continue
    const isOver = times + count > 0
    if (device.forgottenTimes() !== forgotten) await device.live.tell('forgotten', undefined)
    if (isOver) await device.compact()
    return isOver
  }
}
