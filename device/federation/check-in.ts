/** Checks in: what this device has, what its user consented to, and which rounds it is done with. */
import { FedError, isFedError } from '../../adapters/errors.ts'
import { ABILITIES } from '../../adapters/wire/abilities.ts'
import type { CheckInResponse } from '../../adapters/wire/federation.ts'
import type { DeviceFacts } from '../../adapters/wire/job-life.ts'
import { type BaseModel, bucketOf, type FeatureSpace } from '../../adapters/wire/primitives.ts'
import { type Consent, consentForRounds, leastCohortOf } from '../records/consent.ts'
import { CONTACT, consentRefusal } from '../store/consent.ts'
import type { DeviceStore } from '../store/store.ts'
import { type Asked, leaveOut, told } from './facts.ts'
import { dropOverdue, type UploadDeps } from './uploads.ts'
import { cancellable, type Departure, whileAllowed } from './while-allowed.ts'

export type CheckInDeps = UploadDeps & {
  readonly base: BaseModel
  readonly space: FeatureSpace
  /** Ids of assigned rounds in which this device has nothing to do. Grows. */
  readonly turnedDown: Set<string>
  /** What is known of this machine. */
  readonly facts: () => Promise<DeviceFacts>
  readonly asked: Asked
}

export const checkIn = async (
  deps: CheckInDeps,
  signal: AbortSignal | undefined,
): Promise<CheckInResponse> => {
  const { store, federation, asked } = deps
  const facts = told(await deps.facts(), asked.names)
  const work = (departure: Departure) =>
    federation.checkIn(
      {
        base: deps.base,
        features: deps.space,
        consent: consentOf(deps),
        choices: bucketOf(store.countChoices()),
        ...namedRounds(deps),
        ...(!asked.unknown.has('facts') && { facts }),
        ...(!asked.unknown.has('abilities') && { abilities: ABILITIES }),
      },
      departure,
    )
  const answer = await cancellable(
    whileAllowed(deps.store.live, contactRefusal(deps), signal, work),
    signal,
  ).catch((error: unknown) => {
    // A server of an earlier version refuses fields that it does not know.
    if (!isFedError(error) || !leaveOut(asked, error)) throw error
    return checkIn(deps, signal)
  })
  if (answer.kind === 'assignment') {
    const { roundId, deadlineAt } = answer.assignment
    if (store.uploadState(roundId) === 'pending')
      await store.durably((tx) => tx.extendUpload(roundId, deadlineAt))
  }
  await dropOverdue(deps, true)
  return answer
}

/** The refusal of requests that contribute nothing themselves. */
export const contactRefusal =
  ({ store, clock }: Pick<CheckInDeps, 'store' | 'clock'>) =>
  (): FedError | null =>
    consentRefusal(store.consent(), CONTACT, clock())

const granted = ({ consent }: Pick<DeviceStore, 'consent'>): Consent => {
  const record = consent()
  if (!record) throw new FedError('E_CONSENT', 'the consent was withdrawn')
  return record
}

const consentOf = ({ store, asked }: Pick<CheckInDeps, 'store' | 'asked'>) => {
  const { leastCohort, ...consent } = consentForRounds(granted(store))
  if (!asked.unknown.has('leastCohort')) return { ...consent, leastCohort }
  mayBeWithoutCohorts({ store, asked })
  return consent
}

/** Fails with E_CONSENT where the user wants to know how many devices take part, and nobody says. */
const mayBeWithoutCohorts = ({ store, asked }: Pick<CheckInDeps, 'store' | 'asked'>): void => {
  const least = leastCohortOf(granted(store))
  if (!asked.unknown.has('leastCohort') || least === 1) return
  throw new FedError(
    'E_CONSENT',
    `the consent is for rounds of at least ${least} devices, and this server is of an earlier ` +
      'version: it says of no round how many take part. To take part all the same, run: ' +
      'loreweave consent grant --least-cohort 1',
  )
}

/** Most rounds that a check-in names. */
export const MAX_NAMED_ROUNDS = 32

/** Names the rounds that the server need not assign again. */
const namedRounds = ({ store, turnedDown, lately }: CheckInDeps) => {
  const [waiting, left]: [string[], string[]] = [[], []]
  for (const roundId of turnedDown) {
    const state = store.uploadState(roundId)
    if (state === 'pending' || store.isMasking(roundId)) waiting.push(roundId)
    else if (state !== undefined || lately.waitMs(roundId) > 0) left.push(roundId)
    else turnedDown.delete(roundId)
  }
  return waiting.length + left.length > 0 ? { rounds: { waiting, left } } : {}
}
