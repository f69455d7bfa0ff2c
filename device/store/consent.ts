/**
 * What this device may contribute: the one place that decides it. It is asked before a check-in, before work begins and right
 * before every attempt at sending anything to a federation server, for what that very thing contributes.
 */
import { FedError } from '../../adapters/errors.ts'
import type { ConsentRecord } from '../../adapters/wire/federation.ts'
import { Contribution } from '../../adapters/wire/jobs.ts'
import type { DeviceStore } from './store.ts'
import type { Intended } from './uploads.ts'

/** Of a check-in and of the download of a release: they contribute nothing themselves, and need a consent all the same. */
export const CONTACT: Intended = { contributions: [], purpose: 'personalization' }
/** Of an update of which nobody knows what it holds: one that an earlier version kept. */
const EVERYTHING: Intended = { ...CONTACT, contributions: Contribution.options }

/** Why it may not leave, as E_CONSENT; null: it may. */
export const consentRefusal = (
  consent: ConsentRecord | null,
  { contributions, purpose }: Intended,
  now: number,
): FedError | null => {
  if (!consent || consent.contributions.length === 0)
    return refused('no consent to contribute on this device')
  if (consent.expiresAt !== null && consent.expiresAt <= now)
    return refused(`the consent ended ${new Date(consent.expiresAt).toISOString()}`)
  if (consent.purpose !== purpose)
    return refused(`the consent is for ${consent.purpose}, and this is for ${purpose}`)
  const missing = contributions.filter((c) => !consent.contributions.includes(c))
  return missing.length === 0 ? null : refused(`the consent does not cover ${missing.join(', ')}`)
}

const refused = (what: string): FedError =>
  new FedError('E_CONSENT', `${what}. Run: loreweave consent grant`)

/** What a kept update contributes. */
export const intendedBy = (upload: Partial<Intended>): Intended =>
  upload.contributions && upload.purpose !== undefined
    ? { contributions: upload.contributions, purpose: upload.purpose }
    : EVERYTHING

type Kept = Pick<DeviceStore, 'consent' | 'durably' | 'live'>

/**
 * In the place of an earlier one, whose kept updates go where the new one does not cover them, or where it had ended before.
 * at, expiresAt: milliseconds since 1970; expiresAt null: until it is withdrawn.
 */
export const grantConsent = async (
  store: Kept,
  contributions: readonly Contribution[],
  at: number,
  expiresAt: number | null,
): Promise<ConsentRecord> => {
  const record: ConsentRecord = {
    purpose: 'personalization',
    contributions: [...contributions],
    grantedAt: Math.floor(at),
    expiresAt,
  }
  const wasInForce = consentRefusal(store.consent(), CONTACT, at) === null
  await change(
    store,
    record,
    (intended) => wasInForce && consentRefusal(record, intended, at) === null,
  )
  return record
}

/** Drops every update that waits, and stops what is being sent or computed for a round. Returns what was dropped. */
export const withdrawConsent = (store: Kept): Promise<Dropped> => change(store, null, () => false)

/** unsent: updates that never left; sent: those that may have arrived although no answer came. */
export type Dropped = { readonly unsent: number; readonly sent: number }

const change = async (
  store: Kept,
  consent: ConsentRecord | null,
  stays: (intended: Intended) => boolean,
): Promise<Dropped> => {
  const gone = await store.durably((tx) => {
    tx.set('consent', consent)
    const uncovered = tx.waitingUploads().filter((upload) => !stays(intendedBy(upload)))
    for (const { roundId } of uncovered) tx.dropUpload(roundId, 'E_CONSENT')
    // Before it is on the disk: what leaves meanwhile cannot be called back.
    queueMicrotask(() => void store.live.tell('consent', undefined).catch(() => undefined))
    return uncovered
  })
  const sent = gone.filter((upload) => upload.isSent).length
  return { sent, unsent: gone.length - sent }
}
