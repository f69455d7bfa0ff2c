/**
 * The loop of a contributing device: resend pending updates, check in, run the round, store the
 * update, upload it.
 */

import { createHash } from 'node:crypto'
import { FedError, isFedError } from '../../adapters/errors.ts'
import type { Rng } from '../../adapters/random.ts'
import { HOUR_MS } from '../../adapters/time.ts'
import { Assignment, type CheckInResponse } from '../../adapters/wire/federation.ts'
import { unfitFact } from '../../adapters/wire/job-life.ts'
import type { Contribution } from '../../adapters/wire/jobs.ts'
import type { Progress } from '../home/progress.ts'
import type { Sleep } from '../http/sleep.ts'
import { releaseBlob } from '../reward/serving.ts'
import { cohortRefusal, consentRefusal } from '../store/consent.ts'
import { type CheckInDeps, checkIn, contactRefusal, MAX_NAMED_ROUNDS } from './check-in.ts'
import type { RoundResult } from './compute-round.ts'
import { ENDED_TEXT, type Ended } from './ended.ts'
import { hear } from './facts.ts'
import { giveOn, reasonOf, watchRound } from './give-on.ts'
import { joinMasked, maskedRefusal, resumeMasked, sendMasked } from './masked-round.ts'
import { checkLedger } from './privacy-ledger.ts'
import type { Traffic } from './signed-transport.ts'
import { sendKept, sendUpload } from './uploads.ts'
import { cancellable, type Departure, whileAllowed } from './while-allowed.ts'

export type ParticipateOptions = {
  /** Rounds to contribute to before returning. */
  readonly rounds?: number
  /** Waits out retry windows instead of returning at the first. */
  readonly wait?: boolean
  /**
   * For an agent, which calls repeatedly: recent failures are left alone until their backoff ends.
   */
  readonly isUnattended?: boolean
  /** Serves the head of the lineage afterwards; default true. */
  readonly follow?: boolean
  /** Called when the device starts a round. */
  readonly onAssigned?: (roundId: string) => void
  readonly onProgress?: ((progress: Progress) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

type RoundReport = {
  readonly jobId: string
  readonly roundId: string
  readonly digest: string
  readonly bytes: number
  readonly contributions: readonly Contribution[]
  readonly pairs: number
  readonly losses: readonly number[]
  /** Why a part of the assignment was not contributed. */
  readonly problem: string | null
}

export type ParticipateReport = {
  readonly rounds: RoundReport[]
  readonly ended: Ended
  readonly retryAfterMs: number
  readonly head: string | null
  readonly traffic: Traffic
}

export type ParticipateDeps = CheckInDeps & {
  readonly sleep: Sleep
  readonly servedRelease: () => string | null
  /** Called with the assignment of each check-in; null for none. */
  readonly assigned: (assignment: Assignment | null) => void
  /** Time between two questions whether a round still waits. */
  readonly lookMs?: number | undefined
  /** Fewest devices in a masked sum that this one goes into; default 20. Lower for tests alone. */
  readonly leastSurvivors?: number | undefined
  /** Rounds the numbers of a masked update; default cryptographic. Another for tests alone. */
  readonly rounding?: Rng | undefined
  /** Least expected duration of a round; 0: unknown. */
  readonly expectedMs: () => number
  /** Resolves once the device may start a round. */
  readonly ready: () => Promise<void>
  readonly run: (
    assignment: Assignment,
    release: Uint8Array,
    options: ParticipateOptions,
  ) => Promise<RoundResult>
}

/** Least wait between check-ins, whatever the server says. */
const MIN_WAIT_MS = 50
/** Wait for the next round if there is nothing to do in this one. */
const NEXT_ROUND_MS = 5000
/** Wait before a round is looked at again that was not for this device. */
const UNFIT_MS = 10 * 60_000

/**
 * Runs until `rounds` rounds are contributed or the job has ended. Without `wait` it also returns
 * at the first retry window, and fails if an update could not be sent, which is then kept. Fails
 * with E_CONSENT, E_CANCELLED, and the server's refusals of a check-in. A refused update ends only
 * its round.
 */
export const participate = async (
  deps: ParticipateDeps,
  options: ParticipateOptions = {},
): Promise<ParticipateReport> => {
  const { onProgress, signal, wait = false } = options
  const wanted = options.rounds ?? 1
  const rounds: RoundReport[] = []
  const ended = (why: Ended, retryAfterMs: number, head: string | null): ParticipateReport => ({
    rounds,
    ended: why,
    retryAfterMs,
    head,
    traffic: deps.federation.traffic(),
  })
  let hindrance: Hindrance | null = null
  const goOn = async (onlyDue: boolean) => {
    await sendKept(deps, options, onlyDue)
    await resumeMasked(deps, options, onlyDue)
  }
  await goOn(options.isUnattended ?? false)
  for (;;) {
    await deps.ready()
    const answer = await checkIn(deps, signal)
    deps.assigned(answer.kind === 'assignment' ? answer.assignment : null)
    const { head } = answer
    // It tells what was asked for at once.
    if (answer.kind === 'retry' && hear(deps.asked, answer.asks)) continue
    if (answer.kind === 'assignment') {
      hindrance = await hindranceOf(deps, answer.assignment, options)
      if (hindrance === null) {
        const report = await contribute(deps, answer.assignment, options)
        if (report) rounds.push(report)
        if (rounds.length >= wanted) return ended('enough', 0, head)
        continue
      }
      // The next check-in reports this to the server, which may have another round.
      if (turnDown(deps, answer.assignment)) continue
    }
    const { reason, retryAfterMs } = turnOf(answer, hindrance)
    hindrance = null
    const isOver = reason === 'not_eligible' || (reason === 'no_job' && rounds.length > 0)
    if (!wait || isOver) return ended(reason, retryAfterMs, head)
    onProgress?.({
      step: 'waiting',
      note: `${ENDED_TEXT[reason]}; next check-in in ${Math.ceil(retryAfterMs / 1000)} s`,
    })
    await cancellable(deps.sleep(Math.max(MIN_WAIT_MS, retryAfterMs), signal), signal)
    await goOn(true)
  }
}

type Hindrance = Exclude<Ended, 'enough'>

/**
 * The reason for ending or waiting: the device's own if the server only says that there is nothing
 * else.
 */
const turnOf = (
  answer: CheckInResponse,
  hindrance: Hindrance | null,
): { readonly reason: Hindrance; readonly retryAfterMs: number } => {
  const said =
    answer.kind === 'retry'
      ? answer
      : { reason: 'cohort_full' as const, retryAfterMs: NEXT_ROUND_MS }
  const isNothingElse = said.reason === 'cohort_full' || said.reason === 'contributed'
  const { retryAfterMs } = said
  return { reason: isNothingElse ? (hindrance ?? said.reason) : said.reason, retryAfterMs }
}

/** False if the server already knows, and assigns the round again all the same. */
const turnDown = ({ turnedDown }: ParticipateDeps, { roundId }: Assignment): boolean => {
  if (turnedDown.has(roundId)) return false
  turnedDown.add(roundId)
  for (const oldest of turnedDown) if (turnedDown.size > MAX_NAMED_ROUNDS) turnedDown.delete(oldest)
  return true
}

/** Why this device does nothing in an assigned round; null if it contributes. */
const hindranceOf = async (
  deps: ParticipateDeps,
  assignment: Assignment,
  { isUnattended, onProgress }: ParticipateOptions,
): Promise<Hindrance | null> => {
  const { store, clock, expectedMs, lately } = deps
  const { roundId, deadlineAt } = assignment
  const state = store.uploadState(roundId)
  const consent = store.consent()
  const refusal = consent && cohortRefusal(consent, intendedFor(assignment))
  if (store.isMasking(roundId)) return 'pending'
  if (state === 'pending' || state === 'refused') return state
  // The server has lost track of it.
  if (state === 'accepted') return 'contributed'
  if (isUnattended && lately.waitMs(roundId) > 0) return 'failed_lately'
  if (refusal) {
    lately.failed(roundId, UNFIT_MS, HOUR_MS)
    await giveOn(contact(deps), roundId, 'small_cohort')
    onProgress?.({ step: 'round', note: `${roundId}: ${refusal.message}` })
    return 'small_cohort'
  }
  const unfit = unfitFact(assignment.eligibility, await deps.facts())
  if (unfit) {
    lately.failed(roundId, UNFIT_MS, HOUR_MS)
    await giveOn(contact(deps), roundId, 'not_eligible')
    onProgress?.({ step: 'round', note: `${roundId}: not for this device now (${unfit})` })
    return 'failed_lately'
  }
  const tooFew = maskedRefusal(assignment, deps)
  if (tooFew) {
    await giveUp(deps, assignment, tooFew.code)
    await giveOn(contact(deps), roundId, 'not_eligible')
    onProgress?.({ step: 'round', note: `${roundId}: ${tooFew.message}` })
    return 'refused'
  }
  if (clock() + expectedMs() <= deadlineAt) return null
  await giveUp(deps, assignment, 'too_late')
  await giveOn(contact(deps), roundId, 'too_late')
  const note = `${roundId}: ends ${new Date(deadlineAt).toISOString()}, too soon for this device`
  onProgress?.({ step: 'round', note })
  return 'refused'
}

const intendedFor = ({ contributions, purpose, cohort }: Assignment) => ({
  contributions,
  purpose,
  leastCohort: cohort?.minimum,
})

const contact = (deps: ParticipateDeps) => ({
  store: deps.store,
  federation: deps.federation,
  mayContact: contactRefusal(deps),
  ...(deps.lookMs !== undefined && { lookMs: deps.lookMs }),
})

/** Records that the round is given up, so that it does not start again. */
const giveUp = (
  { store, clock }: ParticipateDeps,
  { roundId, jobId }: Assignment,
  reason: string,
): Promise<void> => store.durably((tx) => tx.giveUp({ roundId, jobId, at: clock() }, reason))

/** null if the round failed: it ended before the work did, or the server refused the update. */
const contribute = async (
  deps: ParticipateDeps,
  assignment: Assignment,
  options: ParticipateOptions,
): Promise<RoundReport | null> => {
  const { store, clock } = deps
  const { jobId, roundId, deadlineAt, ...parsed } = Assignment.parse(assignment)
  const intended = intendedFor({ jobId, roundId, deadlineAt, ...parsed })
  const over = new FedError('E_ROUND_CLOSED', `round ${roundId} ended before this device was done`)
  const round = watchRound(contact(deps), roundId)
  const refusal = () =>
    consentRefusal(store.consent(), intended, clock()) ??
    (clock() < deadlineAt && !round.isOver() ? null : over)
  const work = (departure: Departure) => compute(deps, assignment, options, departure)
  try {
    const { result, digest } = await cancellable(
      whileAllowed(store.live, refusal, options.signal, work),
      options.signal,
    ).finally(round.end)
    const send = assignment.masking ? sendMasked : sendUpload
    const isTaken = await send(deps, roundId, options)
    if (!isTaken) return null
    const { pairs, losses, problem, bytes } = result
    const made = { contributions: result.contributions, pairs, losses, problem }
    return { jobId, roundId, digest, bytes: bytes.length, ...made }
  } catch (error) {
    const state = store.isMasking(roundId) ? 'pending' : store.uploadState(roundId)
    // What was interrupted goes on later, in its place.
    if (!options.signal?.aborted && state === undefined)
      await giveOn(contact(deps), roundId, error === over ? 'too_late' : reasonOf(error))
    if (error === over) {
      await giveUp(deps, assignment, over.code)
      options.onProgress?.({ step: 'round', note: over.message })
    } else if (!options.wait || !isFedError(error) || state !== 'pending') throw error
    return null
  }
}

/**
 * From the assignment to the stored update: downloads the release if it is missing, and runs the
 * round on it.
 */
const compute = async (
  deps: ParticipateDeps,
  assignment: Assignment,
  options: ParticipateOptions,
  { signal, check }: Departure,
) => {
  const { store, federation, clock, lately } = deps
  const { jobId, roundId, uploadToken, contributions, deadlineAt } = assignment
  options.onAssigned?.(roundId)
  options.onProgress?.({ step: 'round', note: `${roundId}: ${contributions.join(', ')}` })
  await checkLedger(deps, assignment, { signal, check })
  const name = releaseBlob(assignment.release)
  const kept = store.blob(name)
  const release = kept ?? (await federation.download(assignment.release, { signal, check }))
  if (!kept) await store.durably((tx) => tx.saveBlob(name, release))
  check()
  const result = await deps
    .run(assignment, new Uint8Array(release), { ...options, signal })
    .catch((error) => {
      if (!signal?.aborted) lately.failed(roundId, HOUR_MS, 24 * HOUR_MS)
      throw error
    })
  lately.ended(roundId)
  const digest = createHash('sha256').update(result.bytes).digest('hex')
  const intended = { ...intendedFor(assignment), contributions: result.contributions }
  const round = { roundId, jobId, uploadToken, deadlineAt, ...intended, at: clock() }
  const { masking } = assignment
  const secrets = masking && joinMasked(deps, { ...assignment, masking }, result.bytes)
  await store.durably((tx) => {
    check()
    tx.set('lastRound', {
      at: round.at,
      isMasked: masking !== undefined,
      devices: masking?.minimum ?? assignment.cohort?.minimum ?? 1,
    })
    if (secrets) tx.saveMasked(round, secrets)
    else tx.savePending({ ...round, digest, bytes: result.bytes })
  })
  if (assignment.release !== deps.servedRelease()) store.later((tx) => tx.removeBlob(name))
  return { result, digest }
}
