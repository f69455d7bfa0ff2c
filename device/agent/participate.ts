/** The loop of a contributing device: resend what is pending, check in, run the round, keep the bytes, upload them. */
import { createHash } from 'node:crypto'
import { FedError, isFedError } from '../../adapters/errors.ts'
import { Assignment, type CheckInRequest } from '../../adapters/wire/federation.ts'
import { type BaseModel, bucketOf, type FeatureSpace } from '../../adapters/wire/primitives.ts'
import type { Federation } from './federation.ts'
import type { RoundResult } from './round.ts'
import { releaseBlob } from './serving.ts'
import type { DeviceStore } from './store.ts'
import type { Sleep } from './transport.ts'
import type { ParticipateOptions, ParticipateReport, Progress, RoundReport } from './types.ts'

export type ParticipateDeps = {
  readonly store: DeviceStore
  readonly federation: Federation
  readonly base: BaseModel
  readonly space: FeatureSpace
  readonly clock: () => number
  readonly sleep: Sleep
  readonly servedRelease: () => string | null
  readonly conditions: () => Promise<CheckInRequest['conditions']>
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

/** Sends the kept bytes of earlier rounds again, as they are. */
export const resendPending = async (
  deps: Pick<ParticipateDeps, 'store' | 'federation'>,
  options: ParticipateOptions = {},
): Promise<void> => {
  for (const upload of deps.store.pendingUploads()) {
    options.onProgress?.({
      step: 'upload',
      note: `${upload.roundId}: sending the kept update again`,
    })
    await settle(deps, upload.roundId, options)
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
  const consent = deps.store.consent()
  if (!consent || (consent.expiresAt !== null && consent.expiresAt <= deps.clock()))
    throw new FedError(
      'E_CONSENT',
      'no consent to contribute on this device. Run: loreweave consent grant',
    )
  return cancellable(
    deps.federation.checkIn(
      {
        base: deps.base,
        features: deps.space,
        consent,
        conditions: await deps.conditions(),
        choices: bucketOf(deps.store.countChoices()),
        release: deps.servedRelease(),
      },
      signal,
    ),
    signal,
  )
}

/** null when the round came to nothing: the server refused the update. */
const contribute = async (
  deps: ParticipateDeps,
  assignment: Assignment,
  options: ParticipateOptions,
): Promise<RoundReport | null> => {
  const { store, federation, clock } = deps
  const { jobId, roundId, uploadToken } = Assignment.parse(assignment)
  checkConsent(deps, assignment)
  options.onAssigned?.(roundId)
  const report = (step: string, note?: string): Progress => ({ step, ...(note && { note }) })
  options.onProgress?.(report('round', `${roundId}: ${assignment.contributions.join(', ')}`))
  const kept = store.blob(releaseBlob(assignment.release))
  const release =
    kept ??
    (await cancellable(federation.download(assignment.release, options.signal), options.signal))
  if (!kept) store.saveBlob(releaseBlob(assignment.release), release)
  const result = await cancellable(
    deps.run(assignment, new Uint8Array(release), options),
    options.signal,
  )
  const digest = createHash('sha256').update(result.bytes).digest('hex')
  store.savePending({ roundId, jobId, uploadToken, digest, bytes: result.bytes, at: clock() })
  if (!kept && assignment.release !== deps.servedRelease())
    store.removeBlob(releaseBlob(assignment.release))
  const isTaken = await settle(deps, roundId, options)
  if (!isTaken) return null
  const { contributions, pairs, losses, problem, bytes } = result
  return { jobId, roundId, digest, bytes: bytes.length, contributions, pairs, losses, problem }
}

/** Uploads the pending bytes of a round. A refusal is final and recorded; being unreachable leaves them pending, and throws. */
const settle = async (
  { store, federation }: Pick<ParticipateDeps, 'store' | 'federation'>,
  roundId: string,
  options: ParticipateOptions,
): Promise<boolean> => {
  const upload = store.pendingUploads().find((u) => u.roundId === roundId)
  if (!upload) return false
  try {
    await cancellable(federation.upload(upload, options.signal), options.signal)
    store.settleUpload(roundId, 'accepted', null)
    options.onProgress?.({
      step: 'upload',
      note: `${roundId}: ${upload.bytes.length} bytes taken`,
    })
    return true
  } catch (error) {
    if (!isFedError(error) || NOT_FINAL.has(error.code)) throw error
    store.settleUpload(roundId, 'refused', error.code)
    options.onProgress?.({
      step: 'upload',
      note: `${roundId}: refused with ${error.code}: ${error.message}`,
    })
    return false
  }
}

/** After these the same bytes may still be taken later. */
const NOT_FINAL: ReadonlySet<string> = new Set([
  'E_UNAVAILABLE',
  'E_CANCELLED',
  'E_CLOCK',
  'E_UPSTREAM',
  'E_PROTOCOL',
  'E_NOT_ENROLLED',
])

/** The server checked the consent that was sent; the device checks its own again before it computes anything. */
const checkConsent = ({ store }: ParticipateDeps, { contributions, purpose }: Assignment): void => {
  const consent = store.consent()
  const missing = contributions.filter((c) => !consent?.contributions.includes(c))
  if (consent?.purpose !== purpose || missing.length > 0)
    throw new FedError(
      'E_CONSENT',
      `the assignment asks for more than was consented to: ${missing.join(', ') || purpose}`,
    )
}

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
