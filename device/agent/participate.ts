/** The loop of a contributing device: resend what is pending, check in, run the round, keep the bytes, upload them. */
import { createHash } from 'node:crypto'
import { FedError, isFedError } from '../../adapters/errors.ts'
import {
  Assignment,
  type CheckInRequest,
  type ConsentRecord,
} from '../../adapters/wire/federation.ts'
import { type BaseModel, bucketOf, type FeatureSpace } from '../../adapters/wire/primitives.ts'
import { CONTACT, consentRefusal, intendedBy } from './consent.ts'
import type { Federation } from './federation.ts'
import type { RoundResult } from './round.ts'
import { releaseBlob } from './serving.ts'
import type { DeviceStore } from './store.ts'
import type { Sleep } from './transport.ts'
import type { ParticipateOptions, ParticipateReport, RoundReport } from './types.ts'
import { type Departure, whileAllowed } from './while-allowed.ts'

export type ParticipateDeps = {
  readonly store: DeviceStore
  readonly federation: Federation
  readonly base: BaseModel
  readonly space: FeatureSpace
  readonly clock: () => number
  readonly sleep: Sleep
  readonly servedRelease: () => string | null
  readonly conditions: () => Promise<CheckInRequest['conditions']>
  /** Told what each check-in assigned: null for nothing. */
  readonly assigned: (assignment: Assignment | null) => void
  /** Resolves once the device may take up a round. */
  readonly ready: () => Promise<void>
  readonly run: (
    assignment: Assignment,
    release: Uint8Array,
    options: ParticipateOptions,
  ) => Promise<RoundResult>
}

/** Least wait between check-ins, whatever the server says. */
const LEAST_WAIT_MS = 50
/** Wait for the next round, where this one has refused the device's update. */
const AFTER_REFUSAL_MS = 5000

/**
 * Until `rounds` rounds are contributed or the job has ended. Without `wait` it also returns at the first retry window.
 * Fails with E_CONSENT, E_CANCELLED, and the server's refusals of a check-in; a refused upload ends only its round.
 */
export const participate = async (
  deps: ParticipateDeps,
  options: ParticipateOptions = {},
): Promise<ParticipateReport> => {
  const { onProgress, signal } = options
  const wanted = options.rounds ?? 1
  const rounds: RoundReport[] = []
  await resendPending(deps, options)
  for (;;) {
    await deps.ready()
    const answer = await checkIn(deps, signal)
    deps.assigned(answer.kind === 'assignment' ? answer.assignment : null)
    if (answer.kind === 'assignment') {
      if (isRefused(deps, answer.assignment.roundId)) {
        // The round would be computed again and refused again.
        if (!options.wait)
          return {
            rounds,
            ended: 'refused',
            retryAfterMs: AFTER_REFUSAL_MS,
            head: answer.head,
            traffic: deps.federation.traffic(),
          }
        await pause(deps, AFTER_REFUSAL_MS, signal)
        continue
      }
      const report = await contribute(deps, answer.assignment, options)
      if (report) rounds.push(report)
      if (rounds.length < wanted) continue
      return {
        rounds,
        ended: 'enough',
        retryAfterMs: 0,
        head: answer.head,
        traffic: deps.federation.traffic(),
      }
    }
    const { reason, retryAfterMs, head } = answer
    const isOver = reason === 'not_eligible' || (reason === 'no_job' && rounds.length > 0)
    if (!options.wait || isOver)
      return { rounds, ended: reason, retryAfterMs, head, traffic: deps.federation.traffic() }
    onProgress?.({
      step: 'waiting',
      note: `${WORDS[reason]}; next check-in in ${Math.ceil(retryAfterMs / 1000)} s`,
    })
    await pause(deps, Math.max(LEAST_WAIT_MS, retryAfterMs), signal)
  }
}

/** Sends the kept bytes of earlier rounds again, as they are. What the consent does not cover stays. */
export const resendPending = async (
  deps: Pick<ParticipateDeps, 'store' | 'federation' | 'clock'>,
  options: ParticipateOptions = {},
): Promise<void> => {
  for (const { roundId, ...upload } of deps.store.waitingUploads()) {
    if (consentRefusal(deps.store.consent(), intendedBy(upload), deps.clock())) continue
    options.onProgress?.({ step: 'upload', note: `${roundId}: sending the kept update again` })
    await settle(deps, roundId, options)
  }
}

export const WORDS: Record<ParticipateReport['ended'], string> = {
  refused: "the server refused this device's update of the round",
  enough: 'all rounds that were asked for are done',
  no_job: 'the server has no job for this device',
  cohort_full: 'the round is full or between two rounds',
  contributed: 'this device has contributed to the round',
  not_eligible: 'no job fits this device: model, features, consent or number of choices',
}

const isRefused = ({ store }: ParticipateDeps, roundId: string): boolean =>
  store.uploads().some((u) => u.roundId === roundId && u.state === 'refused')

const checkIn = async (deps: ParticipateDeps, signal: AbortSignal | undefined) => {
  const { store, federation } = deps
  const work = async (departure: Departure) => {
    const conditions = await deps.conditions()
    return federation.checkIn(
      {
        base: deps.base,
        features: deps.space,
        consent: granted(store),
        conditions,
        choices: bucketOf(store.countChoices()),
        release: deps.servedRelease(),
      },
      departure,
    )
  }
  return cancellable(whileAllowed(contactRefusal(deps), signal, work), signal)
}

const granted = ({ consent }: Pick<DeviceStore, 'consent'>): ConsentRecord => {
  const record = consent()
  if (!record) throw new FedError('E_CONSENT', 'the consent was withdrawn')
  return record
}

/** null when the round came to nothing: the server refused the update. */
const contribute = async (
  deps: ParticipateDeps,
  assignment: Assignment,
  options: ParticipateOptions,
): Promise<RoundReport | null> => {
  const { store, clock } = deps
  const { jobId, roundId, uploadToken, contributions, purpose } = Assignment.parse(assignment)
  const refusal = () => consentRefusal(store.consent(), { contributions, purpose }, clock())
  const work = async (departure: Departure) => {
    options.onAssigned?.(roundId)
    options.onProgress?.({ step: 'round', note: `${roundId}: ${contributions.join(', ')}` })
    const result = await compute(deps, assignment, options, departure)
    const digest = createHash('sha256').update(result.bytes).digest('hex')
    await store.durably((tx) => {
      departure.check()
      const { bytes } = result
      const intended = { contributions: result.contributions, purpose }
      tx.savePending({ roundId, jobId, uploadToken, digest, bytes, at: clock(), ...intended })
    })
    return { ...result, digest }
  }
  const done = await cancellable(whileAllowed(refusal, options.signal, work), options.signal)
  const isTaken = await settle(deps, roundId, options)
  if (!isTaken) return null
  const { pairs, losses, problem, bytes, digest } = done
  return {
    jobId,
    roundId,
    digest,
    bytes: bytes.length,
    contributions: done.contributions,
    pairs,
    losses,
    problem,
  }
}

/** Downloads the release where it is not there, and runs the round on it. */
const compute = async (
  deps: ParticipateDeps,
  assignment: Assignment,
  options: ParticipateOptions,
  departure: Departure,
): Promise<RoundResult> => {
  const { store, federation } = deps
  const name = releaseBlob(assignment.release)
  const kept = store.blob(name)
  const release = kept ?? (await federation.download(assignment.release, departure))
  if (!kept) await store.durably((tx) => tx.saveBlob(name, release))
  departure.check()
  const during = { ...options, signal: departure.signal }
  const result = await deps.run(assignment, new Uint8Array(release), during)
  if (assignment.release !== deps.servedRelease()) store.later((tx) => tx.removeBlob(name))
  return result
}

/** Uploads the pending bytes of a round. A refusal is final and recorded; being unreachable leaves them pending, and throws. */
const settle = async (
  { store, federation, clock }: Pick<ParticipateDeps, 'store' | 'federation' | 'clock'>,
  roundId: string,
  options: ParticipateOptions,
): Promise<boolean> => {
  const upload = store.pendingUploads().find((u) => u.roundId === roundId)
  if (!upload) return false
  const refusal = () =>
    consentRefusal(store.consent(), intendedBy(upload), clock()) ??
    (store.isPending(roundId) ? null : dropped())
  const mark = () => store.durably((tx) => tx.markSent(roundId, true))
  const send = (departure: Departure) => federation.upload(upload, { ...departure, mark })
  try {
    await cancellable(whileAllowed(refusal, options.signal, send), options.signal)
    await store.durably((tx) => tx.settleUpload(roundId, 'accepted', null))
    options.onProgress?.({
      step: 'upload',
      note: `${roundId}: ${upload.bytes.length} bytes taken`,
    })
    return true
  } catch (error) {
    if (!isFedError(error) || NOT_FINAL.has(error.code) || refusal()) throw error
    const { code } = error
    await store.durably((tx) => tx.settleUpload(roundId, 'refused', code))
    options.onProgress?.({
      step: 'upload',
      note: `${roundId}: refused with ${error.code}: ${error.message}`,
    })
    return false
  }
}

const dropped = (): FedError =>
  new FedError('E_CANCELLED', 'the update was dropped by this device: it is not sent')

/** After these the same bytes may still be taken later. */
const NOT_FINAL: ReadonlySet<string> = new Set([
  'E_UNAVAILABLE',
  'E_CANCELLED',
  'E_CLOCK',
  'E_UPSTREAM',
  'E_PROTOCOL',
  'E_NOT_ENROLLED',
])

/** For what contributes nothing itself. */
export const contactRefusal =
  ({ store, clock }: Pick<ParticipateDeps, 'store' | 'clock'>) =>
  (): FedError | null =>
    consentRefusal(store.consent(), CONTACT, clock())

const pause = (deps: ParticipateDeps, ms: number, signal: AbortSignal | undefined) =>
  cancellable(deps.sleep(ms, signal), signal)

/** An abort comes out as E_CANCELLED, whatever the interrupted part threw. */
const cancellable = async <T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> => {
  try {
    return await work
  } catch (cause) {
    if (signal?.aborted && !(isFedError(cause) && cause.code === 'E_CANCELLED'))
      throw new FedError(
        'E_CANCELLED',
        'stopped; a finished update is kept and sent by the next call',
        { cause },
      )
    throw cause
  }
}
