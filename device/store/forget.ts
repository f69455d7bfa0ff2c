/** Erases conversations and all that was derived from them, on request or when they are too old. */
import { FedError, isFedError } from '../../adapters/errors.ts'
import { DAY_MS } from '../../adapters/time.ts'
import { convertAll } from './convert-old.ts'
import { DECISION_MS } from './decisions.ts'
import { type Erasing, erase, type Occasion } from './erasure.ts'
import type { ForgetReport, ForgetTarget } from './forget-report.ts'
import type { Related } from './related.ts'
import type { DeviceStore } from './store.ts'
import type { StoreReads } from './tables.ts'

/**
 * Erases every turn of the conversations that a decision, an answer or a choice belongs to, or that
 * hold some words, under any system prompt. Conversations that began with the very same words under
 * the same system prompt cannot be distinguished and are erased too. What was learned from expired
 * conversations is erased as well. When it resolves, everything derived from their texts is gone
 * from memory, from disk and from the local model. preview: erases nothing. Fails with
 * E_NO_DECISION.
 */
export const forgetConversation = async (
  device: DeviceStore,
  target: ForgetTarget,
  preview = false,
): Promise<ForgetReport> => {
  await convertAll(device)
  const texts = target.containing === undefined ? [] : await textsWith(device, target.containing)
  const find = (store: StoreReads): Related[] => {
    const { decisionId, messageId, choiceId } = target
    const ids = [decisionId, messageId, choiceId].filter((id) => id !== undefined)
    const rows = target.imported ? store.importedChoices() : texts.flatMap(store.saying)
    const gone = store.relatedTo(ids, rows)
    if (gone.length > 0) return gone
    const what = ids.length > 0 ? 'has this id' : target.imported ? 'was imported' : 'holds this'
    throw new FedError('E_NO_DECISION', `nothing that this device keeps ${what}`)
  }
  if (preview) return reportOn(device, find(device))
  const report = await device.durably((store): ForgetReport => {
    const gone = find(store)
    const planned = reportOn(store, gone)
    erase(store, 'forget', { now: 0, gone, before: NEVER, learnedSince: learnedSince(store, gone) })
    return planned
  })
  const [isCompact] = await Promise.all([
    device.purge().catch(notNow),
    device.live.tell('forgotten', undefined),
  ])
  return isCompact ? report : { ...report, traces: 'journal' }
}

/** The erasure stands; only the journal could not be emptied yet. */
const notNow = (error: unknown): false => {
  if (isFedError(error) && error.code === 'E_STORE') return false
  throw error
}

const NEVER = Number.NEGATIVE_INFINITY

/** Searches a part at a time, so that requests come first. */
const textsWith = async (store: StoreReads, words: string): Promise<number[]> => {
  const all: number[] = []
  for (let at: number | null = 0; at !== null; ) {
    const { found, next } = store.textsWith(words, at)
    all.push(...found)
    at = next
    await new Promise(setImmediate)
  }
  return all
}

const feedbackOn = (store: StoreReads, gone: readonly Related[]) =>
  [...new Set(gone.map(({ id }) => id))].flatMap((id) => store.feedbackOn(id))

/** The earliest time at which anything can have learned from these rows; Infinity: nothing has. */
const learnedSince = (store: StoreReads, gone: readonly Related[]): number => {
  const learned = [...gone.filter(({ kind }) => kind !== 'd'), ...feedbackOn(store, gone)]
  return Math.min(...learned.map(({ at }) => at))
}

const reportOn = (store: StoreReads, gone: readonly Related[]): ForgetReport => {
  const since = learnedSince(store, gone)
  const isLearned = since < Number.POSITIVE_INFINITY
  const count = (kind: Related['kind']) => gone.filter((row) => row.kind === kind).length
  return {
    decisions: count('d'),
    choices: count('c'),
    feedback: feedbackOn(store, gone).length,
    privateAdapter: isLearned && store.blob('private') !== undefined ? 'removed' : 'none',
    updatesSentSince: store.uploads().filter((u) => u.isSent && u.at >= since).length,
  }
}

/** Rows erased in one transaction, so that others do not wait long. */
const AT_ONCE = 200

/** Drops decisions older than 90 days and trims the other tables. True if anything was dropped. */
export const expire = (store: DeviceStore, now: number): Promise<boolean> =>
  eraseOlder(store, 'expiry', ['d'], now - DECISION_MS, now)

/** Erases everything older than the limit in days; null: no limit. True if anything was erased. */
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
    if (isOver) await device.purge().catch(notNow)
    return isOver
  }
}
