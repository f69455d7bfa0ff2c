/**
 * Grants, withdraws and checks the consent to contribute: no other file does. The check runs before
 * a check-in, before work begins, and right before every attempt to send anything to a federation
 * server, for exactly what that would contribute.
 */
import { FedError } from '../../adapters/errors.ts'
import { LEAST_COHORT } from '../../adapters/wire/federation.ts'
import { Contribution } from '../../adapters/wire/jobs.ts'
import { type Consent, leastCohortOf, type Sendable } from '../records/consent.ts'
import type { DeviceStore } from './store.ts'
import type { Intended } from './uploads.ts'

/** A check-in or the download of a release: it contributes nothing and still needs consent. */
export const CONTACT: Intended = { contributions: [], purpose: 'personalization' }
/** An update of unknown content, which an earlier version stored. */
const EVERYTHING: Intended = { ...CONTACT, contributions: Contribution.options }

/** The E_CONSENT error if this must not leave the device; null if it may. */
export const consentRefusal = (
  consent: Consent | null,
  { contributions, purpose, leastCohort }: Intended,
  now: number,
): FedError | null => {
  if (!consent || consent.contributions.length === 0)
    return refused('no consent to contribute on this device')
  if (consent.expiresAt !== null && consent.expiresAt <= now)
    return refused(`the consent ended ${new Date(consent.expiresAt).toISOString()}`)
  if (consent.purpose !== purpose)
    return refused(`the consent is for ${consent.purpose}, and this is for ${purpose}`)
  const missing = contributions.filter((c) => !consent.contributions.includes(c))
  if (missing.length > 0) return refused(`the consent does not cover ${missing.join(', ')}`)
  return cohortRefusal(consent, { contributions, leastCohort })
}

const isOfRound = (name: Sendable): boolean => Contribution.safeParse(name).success

/** The E_CONSENT error where the round may have fewer devices than the consent is for; else null. */
export const cohortRefusal = (
  consent: Consent,
  { contributions, leastCohort = 1 }: Pick<Intended, 'contributions' | 'leastCohort'>,
): FedError | null => {
  const least = leastCohortOf(consent)
  if (leastCohort >= least || !contributions.some(isOfRound)) return null
  return new FedError(
    'E_CONSENT',
    `the consent is for rounds of at least ${least} devices, and this one may have ${leastCohort}. To take ` +
      `part all the same, run: loreweave consent grant --least-cohort ${leastCohort}`,
  )
}

const refused = (what: string): FedError =>
  new FedError('E_CONSENT', `${what}. Run: loreweave consent grant`)

/** What a stored update contributes. */
export const intendedBy = (upload: Partial<Intended>): Intended =>
  upload.contributions && upload.purpose !== undefined
    ? {
        contributions: upload.contributions,
        purpose: upload.purpose,
        leastCohort: upload.leastCohort,
      }
    : EVERYTHING

type ConsentStore = Pick<DeviceStore, 'consent' | 'durably' | 'live'>

/**
 * Replaces an earlier consent. Stored updates are dropped if the new consent does not cover them,
 * or if the earlier one had ended. at, expiresAt: milliseconds since 1970; expiresAt null: until
 * withdrawn. leastCohort: fewest devices of a round.
 */
export const grantConsent = async (
  store: ConsentStore,
  contributions: readonly Sendable[],
  at: number,
  expiresAt: number | null,
  leastCohort = LEAST_COHORT,
): Promise<Consent> => {
  const record: Consent = {
    purpose: 'personalization',
    contributions: [...contributions],
    leastCohort,
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

/**
 * Drops every pending update, and stops any upload or computation for a round. Returns what was
 * dropped.
 */
export const withdrawConsent = (store: ConsentStore): Promise<Dropped> =>
  change(store, null, () => false)

/** unsent: updates that never left; sent: those that may have arrived, although no reply came. */
export type Dropped = { readonly unsent: number; readonly sent: number }

const change = async (
  store: ConsentStore,
  consent: Consent | null,
  stays: (intended: Intended) => boolean,
): Promise<Dropped> => {
  const gone = await store.durably((tx) => {
    tx.set('consent', consent)
    const uncovered = tx.waitingUploads().filter((upload) => !stays(intendedBy(upload)))
    for (const { roundId } of uncovered) tx.dropUpload(roundId, 'E_CONSENT')
    const masked = tx.maskedRounds().filter((round) => !stays(round))
    const unsent = masked.filter(({ roundId }) => tx.uploadState(roundId) === undefined)
    for (const round of masked) tx.giveUp(round, 'E_CONSENT')
    // Before the commit reaches the disk: an update that leaves meanwhile cannot be recalled.
    queueMicrotask(() => void store.live.tell('consent', undefined).catch(() => undefined))
    return [...uncovered, ...unsent.map(() => ({ isSent: false }))]
  })
  const sent = gone.filter((upload) => upload.isSent).length
  return { sent, unsent: gone.length - sent }
}
