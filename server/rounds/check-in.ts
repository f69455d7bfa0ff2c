/**
 * Answers a check-in: an assignment to the oldest round the device may join, or when to come back.
 */
import type { CheckInRequest, CheckInResponse } from '../../adapters/wire/federation.ts'
import type { JobSpec } from '../../adapters/wire/jobs.ts'
import { canCompute, isSameBase } from '../../adapters/wire/lineage.ts'
import { CountBucket, PROTOCOL_VERSION } from '../../adapters/wire/primitives.ts'
import { uploadTokenOf } from '../access/secrets.ts'
import { followedRelease } from '../releases/rollout.ts'
import type { JobProgress, Round, RoundMember } from '../store/records.ts'
import type { Tables } from '../store/store.ts'
import type { Pace, RoundDeps } from './deps.ts'
import { apply, lockedProgress } from './progress.ts'

export type CheckInDeps = Pick<RoundDeps, 'store' | 'rng' | 'log'> & {
  /** Of the upload tokens. */
  readonly uploadKey: () => Promise<string>
  readonly config: { readonly pace: Pace }
}

type RetryReason = Extract<CheckInResponse, { kind: 'retry' }>['reason']

/**
 * From the least to the most that a device can learn from: the answer names the last that applies
 * to any job.
 */
const REASONS: readonly RetryReason[] = ['no_job', 'not_eligible', 'cohort_full', 'contributed']

export const checkIn = async (
  deps: CheckInDeps,
  deviceId: string,
  request: CheckInRequest,
  now: number,
): Promise<CheckInResponse> => {
  const { store } = deps
  let reason: RetryReason = 'no_job'
  for (const progress of await store.running()) {
    const answer = await tryAssign(deps, deviceId, request, progress, now)
    if (typeof answer !== 'string')
      return {
        protocol: PROTOCOL_VERSION,
        kind: 'assignment',
        assignment: assignmentOf(
          progress.job.spec,
          answer,
          uploadTokenOf(await deps.uploadKey(), answer.id, deviceId),
        ),
        head: followedRelease((await store.lineage(progress.job.lineId))!, deviceId),
      }
    if (REASONS.indexOf(answer) > REASONS.indexOf(reason)) reason = answer
  }
  return {
    protocol: PROTOCOL_VERSION,
    kind: 'retry',
    retryAfterMs: retryAfterMs(deps, reason),
    reason,
    head: await headFor(store, deviceId, request),
  }
}

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

type Place = RetryReason | 'assigned' | 'leaves' | 'joins'

/** What the device is to the newest round of a job, or becomes with this check-in. */
const placeOf = (
  request: CheckInRequest,
  { job, round }: JobProgress,
  member: RoundMember | undefined,
  now: number,
): Place => {
  if (member?.digest) return 'contributed'
  if (round && request.rounds?.waiting.includes(round.id)) return 'contributed'
  if (round && request.rounds?.left.includes(round.id)) return 'leaves'
  if (!isEligible(request, job.spec, now)) return 'not_eligible'
  // Between two rounds, or waiting for an earlier job of the line: there will be another round.
  if (round?.phase !== 'collecting' || now >= round.deadlineAt) return 'cohort_full'
  if (member) return 'assigned'
  return round.assigned < job.spec.cohort.size ? 'joins' : 'cohort_full'
}

/** The round to which the device belongs now, or why to none. Only what changes is locked. */
const tryAssign = async (
  deps: CheckInDeps,
  deviceId: string,
  request: CheckInRequest,
  seen: JobProgress,
  now: number,
): Promise<RetryReason | Round> => {
  const { store } = deps
  const memberOf = async (tables: Tables, { round }: JobProgress) =>
    round ? tables.member(round.id, deviceId) : undefined
  const place = placeOf(request, seen, await memberOf(store, seen), now)
  if (place === 'assigned') return seen.round!
  if (place !== 'joins' && place !== 'leaves') return place
  return store.transaction(async (tx) => {
    const progress = await lockedProgress(tx, seen.job)
    const member = await memberOf(tx, progress)
    const place = placeOf(request, progress, member, now)
    const round = progress.round!
    if (place === 'leaves') {
      await apply(deps, tx, progress, { kind: 'leave', member }, now)
      await tx.dropMember(round.id, deviceId)
      return 'cohort_full'
    }
    if (place === 'joins') {
      await apply(deps, tx, progress, { kind: 'assign', member }, now)
      await tx.saveMember(round.id, { deviceId, digest: null })
    }
    return place === 'joins' || place === 'assigned' ? round : place
  })
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
 * The release that this device is to follow, of a lineage that it can: a trained one before an
 * untrained one, then the newest.
 */
const headFor = async (
  store: Tables,
  deviceId: string,
  { base, features }: CheckInRequest,
): Promise<string | null> => {
  const fitting = (await store.lineages()).filter(
    (one) => isSameBase(one.base, base) && canCompute(one.features, features),
  )
  const found = await Promise.all(
    fitting.map(async (lineage) => {
      const version = (await store.release(lineage.head))?.summary.version ?? 0
      return { lineage, isTrained: version > 0 }
    }),
  )
  const [best] = found.sort(
    (a, b) =>
      Number(b.isTrained) - Number(a.isTrained) || b.lineage.updatedAt - a.lineage.updatedAt,
  )
  return best ? followedRelease(best.lineage, deviceId) : null
}
