/**
 * Answers a check-in: an assignment to the oldest round the device may join, or when to come back.
 */
import type { CheckInRequest, CheckInResponse } from '../../adapters/wire/federation.ts'
import type { JobSpec } from '../../adapters/wire/jobs.ts'
import { canCompute, isSameBase } from '../../adapters/wire/lineage.ts'
import { CountBucket, PROTOCOL_VERSION } from '../../adapters/wire/primitives.ts'
import { uploadTokenOf } from '../access/secrets.ts'
import type { Job, Lineage, Round } from '../store/records.ts'
import type { Coordinator, RoundDeps } from './coordinator.ts'

/** Pace steering: when a device is told to come back, spread by half around these. */
export type Pace = {
  /** A round is about to open. */
  readonly soonMs: number
  /** There is nothing to do. */
  readonly laterMs: number
}

export type CheckInDeps = Pick<RoundDeps, 'store' | 'rng'> & {
  readonly coordinator: Coordinator
  readonly uploadKey: string
  readonly config: { readonly pace: Pace }
}

type RetryReason = Extract<CheckInResponse, { kind: 'retry' }>['reason']

/**
 * From the least to the most that a device can learn from: the answer names the last that applies
 * to any job.
 */
const REASONS: readonly RetryReason[] = ['no_job', 'not_eligible', 'cohort_full', 'contributed']

export const checkIn = (
  deps: CheckInDeps,
  deviceId: string,
  request: CheckInRequest,
  now: number,
): CheckInResponse =>
  deps.store.transaction(() => {
    const { store } = deps
    let reason: RetryReason = 'no_job'
    for (const job of store.runningJobs()) {
      const round = store.newestRound(job.id)
      const answer = tryAssign(deps, deviceId, request, job, round, now)
      if (answer === 'assigned' && round)
        return {
          protocol: PROTOCOL_VERSION,
          kind: 'assignment',
          assignment: assignmentOf(
            job.spec,
            round,
            uploadTokenOf(deps.uploadKey, round.id, deviceId),
          ),
          head: store.lineage(job.lineId)?.head ?? null,
        }
      if (answer !== 'assigned' && REASONS.indexOf(answer) > REASONS.indexOf(reason))
        reason = answer
    }
    return {
      protocol: PROTOCOL_VERSION,
      kind: 'retry',
      retryAfterMs: retryAfterMs(deps, reason),
      reason,
      head: headFor(store.lineages(), store, request),
    }
  })

/** Consent, model, features and choices must cover what the job asks for. */
const isEligible = (request: CheckInRequest, spec: JobSpec, now: number): boolean => {
  const { consent } = request
  const buckets = CountBucket.options
  return (
    isSameBase(request.base, spec.base) &&
    canCompute(spec.features, request.features) &&
    consent.purpose === spec.purpose &&
    (consent.expiresAt === null || consent.expiresAt > now) &&
    spec.contributions.every((c) => consent.contributions.includes(c)) &&
    buckets.indexOf(request.choices) >= buckets.indexOf(spec.cohort.choices)
  )
}

const tryAssign = (
  { store, coordinator }: CheckInDeps,
  deviceId: string,
  request: CheckInRequest,
  job: Job,
  round: Round | undefined,
  now: number,
): RetryReason | 'assigned' => {
  const member = round && store.member(round.id, deviceId)
  if (member?.digest) return 'contributed'
  if (round && request.rounds?.waiting.includes(round.id)) return 'contributed'
  if (round && request.rounds?.left.includes(round.id)) {
    coordinator.apply(job.id, { kind: 'leave', member }, now)
    store.dropMember(round.id, deviceId)
    return 'cohort_full'
  }
  if (!isEligible(request, job.spec, now)) return 'not_eligible'
  // Between two rounds, or waiting for an earlier job of the line: there will be another round.
  if (round?.phase !== 'collecting' || now >= round.deadlineAt) return 'cohort_full'
  if (member) return 'assigned'
  if (round.assigned >= job.spec.cohort.size) return 'cohort_full'
  coordinator.apply(job.id, { kind: 'assign', member }, now)
  store.saveMember(round.id, { deviceId, digest: null })
  return 'assigned'
}

const assignmentOf = (spec: JobSpec, round: Round, uploadToken: string) => ({
  jobId: round.jobId,
  roundId: round.id,
  uploadToken,
  release: round.parent,
  basisEpoch: round.basisEpoch,
  base: spec.base,
  adapter: spec.adapter,
  exitLayer: spec.exitLayer,
  features: spec.features,
  contributions: spec.contributions,
  factor: round.factor,
  training: spec.training,
  prior: spec.prior,
  purpose: spec.purpose,
  deadlineAt: round.deadlineAt,
})

/** Pace steering: spread by half, so that a fleet does not come back in one wave. */
const retryAfterMs = ({ rng, config }: CheckInDeps, reason: RetryReason): number => {
  const isSoon = reason === 'contributed' || reason === 'cohort_full'
  return Math.round((isSoon ? config.pace.soonMs : config.pace.laterMs) * (0.5 + rng.uniform()))
}

/**
 * The head of a lineage that this device can follow: a trained one before an untrained one, then
 * the newest.
 */
const headFor = (
  lineages: readonly Lineage[],
  store: CheckInDeps['store'],
  { base, features }: CheckInRequest,
): string | null => {
  const fitting = lineages.filter(
    (one) => isSameBase(one.base, base) && canCompute(one.features, features),
  )
  const isTrained = (lineage: Lineage) => (store.release(lineage.head)?.summary.version ?? 0) > 0
  const [best] = fitting.sort(
    (a, b) => Number(isTrained(b)) - Number(isTrained(a)) || b.updatedAt - a.updatedAt,
  )
  return best?.head ?? null
}
