/** Finished updates on their way: each goes on its own, until the server took or refused it or its round is long over. */
import { FedError, isFedError } from '../../adapters/errors.ts'
import { DAY_MS, HOUR_MS } from '../../adapters/time.ts'
import { consentRefusal, intendedBy } from '../store/consent.ts'
import type { DeviceStore } from '../store/store.ts'
import type { PendingUpload } from '../store/uploads.ts'
import type { Backoff } from './backoff.ts'
import type { Federation } from './client.ts'
import type { ParticipateOptions } from './participate.ts'
import { sendFailure } from './signed-transport.ts'
import { cancellable, type Departure, whileAllowed } from './while-allowed.ts'

export type UploadDeps = {
  readonly store: DeviceStore
  readonly federation: Federation
  readonly clock: () => number
  /** By the id of the round. */
  readonly lately: Backoff
}

const MINUTE_MS = 60_000
/** After its deadline a round takes nothing more; the clocks may be five minutes apart. */
const GRACE_MS = 10 * MINUTE_MS
/** A round of an earlier version, which kept no deadline, has ended by then. */
const LONGEST_ROUND_MS = 7 * DAY_MS
/** How long an update seems to be too late before that is believed without a word of the server. */
const DOUBT_MS = 7 * DAY_MS

/**
 * final: these bytes will never be taken. later: they may be. rarely: something before the server
 * turns them away, and will until somebody changes it. By the kind of the answer and not by its
 * code alone: of codes, only what is not about the bytes is known here.
 */
export type Fate = 'final' | 'later' | 'rarely'

export const fateOf = (error: FedError): Fate => {
  const { status = null, isRefusal = false } = sendFailure(error) ?? {}
  if (status === null || status < 400 || status >= 500 || PASSING.has(status)) return 'later'
  if (!isRefusal) return 'rarely'
  return status === 401 || NOT_ABOUT_THE_BYTES.has(error.code) ? 'later' : 'final'
}

/** Timeout, too early, too many. */
const PASSING: ReadonlySet<number> = new Set([408, 425, 429])
/** Refusals of a version, of a route or of one attempt. Those of a key, a clock or a token are 401. */
const NOT_ABOUT_THE_BYTES: ReadonlySet<string> = new Set(['E_PROTOCOL', 'E_NOT_FOUND', 'E_REPLAY'])

/**
 * Sends the kept bytes of earlier rounds again, as they are; onlyDue: but those that failed lately.
 * One that cannot be sent now keeps nobody else from anything: it stays, with the reason. Fails
 * with E_CANCELLED.
 */
export const sendKept = async (
  deps: UploadDeps,
  options: ParticipateOptions,
  onlyDue: boolean,
): Promise<void> => {
  const { store, clock, lately } = deps
  await dropOverdue(deps, false)
  for (const { roundId, ...upload } of store.waitingUploads()) {
    if (onlyDue && lately.waitMs(roundId) > 0) continue
    if (consentRefusal(store.consent(), intendedBy(upload), clock())) continue
    options.onProgress?.({ step: 'upload', note: `${roundId}: sending the kept update again` })
    try {
      await sendUpload(deps, roundId, options)
    } catch (error) {
      if (!isFedError(error) || options.signal?.aborted) throw error
      const note = `${roundId}: the update is kept: ${error.code}: ${error.message}`
      options.onProgress?.({ step: 'upload', note })
      // Nobody is there for the others either.
      if (sendFailure(error)?.isUnsent) return
    }
  }
}

/**
 * True: taken. False: refused for good, which is recorded, or dropped meanwhile. Else it stays and
 * the call fails with what kept it.
 */
export const sendUpload = async (
  deps: UploadDeps,
  roundId: string,
  options: ParticipateOptions,
): Promise<boolean> => {
  const { store, federation, clock, lately } = deps
  const upload = store.pendingUpload(roundId)
  if (!upload) return false
  const refusal = () =>
    consentRefusal(store.consent(), intendedBy(upload), clock()) ??
    (store.uploadState(roundId) === 'pending' ? null : dropped())
  const mark = () => store.durably((tx) => tx.markSent(roundId))
  const send = (departure: Departure) => federation.upload(upload, { ...departure, mark })
  try {
    await cancellable(whileAllowed(store.live, refusal, options.signal, send), options.signal)
  } catch (error) {
    if (!isFedError(error) || options.signal?.aborted || refusal()) throw error
    return await isRefused(deps, upload, error, options)
  }
  lately.ended(roundId)
  await store.durably((tx) => tx.settleUpload(roundId, 'accepted', null))
  const note = `${roundId}: ${upload.bytes.length} bytes taken`
  options.onProgress?.({ step: 'upload', note })
  return true
}

const dropped = (): FedError =>
  new FedError('E_CANCELLED', 'the update was dropped by this device: it is not sent')

/** False, or throws where it may be taken later. */
const isRefused = async (
  { store, lately }: UploadDeps,
  { roundId }: PendingUpload,
  error: FedError,
  { onProgress }: ParticipateOptions,
): Promise<false> => {
  const fate = fateOf(error)
  if (fate === 'final') {
    lately.ended(roundId)
    await store.durably((tx) => tx.settleUpload(roundId, 'refused', error.code))
    const note = `${roundId}: refused with ${error.code}: ${error.message}`
    onProgress?.({ step: 'upload', note })
    return false
  }
  lately.failed(roundId, fate === 'rarely' ? HOUR_MS : MINUTE_MS, HOUR_MS)
  const why = `${error.code}: ${error.message}`.slice(0, 300)
  store.later((tx) => tx.noteUpload(roundId, why))
  throw error
}

/**
 * Lets go of updates whose round is long over. isClockRight: the server has just taken a signature
 * of this device, so that their clocks agree. Else the clock may have been set: what seems to be
 * too late must have seemed so for a week.
 */
export const dropOverdue = async (
  { store, clock }: Pick<UploadDeps, 'store' | 'clock'>,
  isClockRight: boolean,
): Promise<void> => {
  const now = clock()
  for (const { roundId, at, deadlineAt, overdueAt } of store.waitingUploads()) {
    const isOverdue = now > (deadlineAt ?? at + LONGEST_ROUND_MS) + GRACE_MS
    const isSure = isClockRight || (overdueAt !== null && now - overdueAt > DOUBT_MS)
    if (isOverdue && isSure) await store.durably((tx) => tx.dropUpload(roundId, 'too_late'))
    else if (!isOverdue) {
      if (overdueAt !== null) store.later((tx) => tx.setOverdue(roundId, null))
    } else if (overdueAt === null || overdueAt > now)
      store.later((tx) => tx.setOverdue(roundId, now))
  }
}
