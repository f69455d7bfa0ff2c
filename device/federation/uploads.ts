/**
 * Uploads finished updates, each on its own, until the server has accepted or refused it or its
 * round is long over.
 */
import { FedError, isFedError } from '../../adapters/errors.ts'
import { DAY_MS, HOUR_MS } from '../../adapters/time.ts'
import type { Progress } from '../home/progress.ts'
import { consentRefusal, intendedBy } from '../store/consent.ts'
import type { DeviceStore } from '../store/store.ts'
import type { PendingUpload } from '../store/uploads.ts'
import type { Backoff } from './backoff.ts'
import type { Federation } from './client.ts'
import { sendFailure } from './signed-transport.ts'
import { cancellable, type Departure, whileAllowed } from './while-allowed.ts'

export type UploadOptions = {
  readonly onProgress?: ((progress: Progress) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

export type UploadDeps = {
  readonly store: DeviceStore
  readonly federation: Federation
  readonly clock: () => number
  /** By round id. */
  readonly lately: Backoff
}

const MINUTE_MS = 60_000
/** A round accepts nothing after its deadline. Clocks may differ by five minutes. */
const GRACE_MS = 10 * MINUTE_MS
/** Rounds of an earlier version, which stored no deadline, have ended by then. */
const LONGEST_ROUND_MS = 7 * DAY_MS
/** How long an update must seem overdue before that is believed without the server's word. */
const DOUBT_MS = 7 * DAY_MS

/**
 * final: these bytes will never be accepted. later: they may be. rarely: a proxy in front of the
 * server rejects them, until someone changes it. The kind of the answer decides and not its code
 * alone: only codes that are not about the bytes are known here.
 */
type Fate = 'final' | 'later' | 'rarely'

/** Of what the answer refused, or of what was not answered. */
export const fateOf = (error: FedError): Fate => {
  const { status = null, isRefusal = false } = sendFailure(error) ?? {}
  if (status === null || status < 400 || status >= 500 || PASSING.has(status)) return 'later'
  if (!isRefusal) return 'rarely'
  return status === 401 || NOT_ABOUT_THE_BYTES.has(error.code) ? 'later' : 'final'
}

/** Timeout, too early, too many. */
const PASSING: ReadonlySet<number> = new Set([408, 425, 429])
/** Refusals of a version, a route, an attempt or a piece. Those of a key, a clock or a token are 401. */
const NOT_ABOUT_THE_BYTES: ReadonlySet<string> = new Set([
  'E_PROTOCOL',
  'E_NOT_FOUND',
  'E_REPLAY',
  'E_CONFLICT',
])

/**
 * Sends the stored updates of earlier rounds again, unchanged. onlyDue: skips those in backoff. A
 * failure does not affect the others: the update stays, with the reason. Fails with E_CANCELLED.
 */
export const sendKept = async (
  deps: UploadDeps,
  options: UploadOptions,
  onlyDue: boolean,
): Promise<void> => {
  const { store, clock, lately } = deps
  await dropOverdue(deps, false)
  for (const { roundId, ...upload } of store.waitingUploads()) {
    if (onlyDue && lately.waitMs(roundId) > 0) continue
    if (consentRefusal(store.consent(), intendedBy(upload), clock())) continue
    options.onProgress?.({ step: 'upload', note: `${roundId}: resending the update` })
    try {
      await sendUpload(deps, roundId, options)
    } catch (error) {
      if (!isFedError(error) || options.signal?.aborted) throw error
      const note = `${roundId}: the update stays queued: ${error.code}: ${error.message}`
      options.onProgress?.({ step: 'upload', note })
      // The server is unreachable for the others too.
      if (sendFailure(error)?.isUnsent) return
    }
  }
}

/**
 * True: accepted. False: refused for good, which is recorded, or dropped meanwhile. Otherwise it
 * stays and the call fails with the reason.
 */
export const sendUpload = async (
  deps: UploadDeps,
  roundId: string,
  options: UploadOptions,
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
  const note = `${roundId}: ${upload.bytes.length} bytes accepted`
  options.onProgress?.({ step: 'upload', note })
  return true
}

/** E_CANCELLED: while it was on its way, it was forgotten, or its consent withdrawn. */
export const dropped = (): FedError =>
  new FedError('E_CANCELLED', 'this device dropped the update: it is not sent')

/** False, or throws if it may be accepted later. */
const isRefused = async (
  { store, lately }: UploadDeps,
  { roundId }: PendingUpload,
  error: FedError,
  { onProgress }: UploadOptions,
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
 * Drops updates whose round is long over. isClockRight: the server has just accepted a signature of
 * this device, so their clocks agree. Otherwise the clock may have been set, and an update must
 * have seemed overdue for a week.
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
