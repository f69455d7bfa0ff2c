/** Answers a check-in: an assignment to a round the device may join, or when to come back. */
import { unusedContributions } from '../../adapters/contributions/table.ts'
import { DAY_MS, HOUR_MS } from '../../adapters/time.ts'
import { canRead, isAbleTo } from '../../adapters/wire/abilities.ts'
import type { CheckInRequest, CheckInResponse } from '../../adapters/wire/federation.ts'
import { type FactName, factsAskedBy, unfitFact } from '../../adapters/wire/job-life.ts'
import type { Contribution, JobSpec } from '../../adapters/wire/jobs.ts'
import { canCompute, isSameBase } from '../../adapters/wire/lineage.ts'
import { CountBucket, PROTOCOL_VERSION } from '../../adapters/wire/primitives.ts'
import { uploadTokenOf } from '../access/secrets.ts'
import { followedRelease } from '../releases/rollout.ts'
import type { JobProgress, Release, RoundMember } from '../store/records.ts'
import type { Tables } from '../store/store.ts'
import { assignmentOf, type Place } from './assignment.ts'
import type { Attendance } from './attendance.ts'
import type { RoundDeps } from './deps.ts'
import { untilHours } from './hours.ts'
import { type Pace, type Slots, spread, waitForRound } from './pace.ts'
import { apply, lockedProgress } from './progress.ts'
import { isAssigning } from './round.ts'
import type { Visit } from './waiting.ts'

export type CheckInDeps = Pick<RoundDeps, 'store' | 'rng' | 'log' | 'hasRoom'> & {
  /** Of the upload tokens. */
  readonly uploadKey: () => Promise<string>
  readonly attendance: Attendance
  readonly slots: Slots
  /** upstream: at an edge, which has a job only while a round there has a place for it. */
  readonly config: { readonly pace: Pace; readonly upstream?: string | undefined }
}

type RetryReason = Extract<CheckInResponse, { kind: 'retry' }>['reason']

/**
 * From the least to the most that a device can learn from: the answer names the last that applies
 * to any job.
 */
const REASONS: readonly RetryReason[] = ['no_job', 'not_eligible', 'cohort_full', 'contributed']

/** Why a job has no place for the device now, and when it may. */
type Refusal = {
  readonly reason: RetryReason
  /** null: nothing that the operator need know. */
  readonly visit: Visit | null
  readonly waitMs: number
  /** Facts that the job looks at and the device did not tell. */
  readonly asks?: readonly FactName[]
}

const isPlace = (answer: Refusal | Place): answer is Place => 'round' in answer

export const checkIn = async (
  deps: CheckInDeps,
  deviceId: string,
  request: CheckInRequest,
  now: number,
): Promise<CheckInResponse> => {
  const { store, attendance } = deps
  const refusals: Refusal[] = []
  // What would come of a place now could not be taken.
  if (deps.hasRoom?.() === false) return retryAnswer(deps, deviceId, request, refusals, now)
  for (const progress of await store.alive()) {
    const { job } = progress
    if (job.state !== 'running') continue
    const answer = await tryAssign(deps, deviceId, request, progress, now)
    if (!isPlace(answer)) {
      if (answer.visit) attendance.note(job.id, deviceId, answer.visit, now)
      refusals.push(answer)
      continue
    }
    attendance.note(job.id, deviceId, 'took_part', now)
    const token = uploadTokenOf(await deps.uploadKey(), answer.round.id, deviceId)
    const parent = await store.release(answer.round.parent)
    return {
      protocol: PROTOCOL_VERSION,
      kind: 'assignment',
      assignment: {
        ...assignmentOf(job.spec, answer, token, request),
        contributions: usedOf(job.spec, parent),
      },
      head: followedRelease((await store.lineage(job.lineId))!, deviceId),
    }
  }
  return retryAnswer(deps, deviceId, request, refusals, now)
}

const retryAnswer = async (
  { store, rng, slots, config }: CheckInDeps,
  deviceId: string,
  request: CheckInRequest,
  refusals: readonly Refusal[],
  now: number,
): Promise<CheckInResponse> => {
  const { soonMs, laterMs } = config.pace
  const rank = ({ reason }: Refusal) => REASONS.indexOf(reason)
  const [best] = [...refusals].sort((a, b) => rank(b) - rank(a))
  const asks = [...new Set(refusals.flatMap((refusal) => refusal.asks ?? []))]
  const waits = refusals.map((refusal) => refusal.waitMs)
  const waitMs = waits.length > 0 ? Math.min(...waits) : laterMs
  return {
    protocol: PROTOCOL_VERSION,
    kind: 'retry',
    retryAfterMs: slots.take(now, spread(asks.length > 0 ? soonMs : waitMs, rng)),
    reason: best?.reason ?? (config.upstream === undefined ? 'no_job' : 'cohort_full'),
    head: await headFor(store, deviceId, request),
    ...(asks.length > 0 && { asks }),
  }
}

type Rule = readonly [Visit, (request: CheckInRequest, spec: JobSpec, now: number) => boolean]

/** Consent, model, features and choices must cover what the job asks for. */
const RULES: readonly Rule[] = [
  [
    'other_model',
    (request, spec) =>
      isSameBase(request.base, spec.base) && canCompute(spec.features, request.features),
  ],
  ['other_version', ({ abilities }, spec) => isAbleTo(spec, abilities)],
  [
    'consent',
    ({ consent }, spec, now) =>
      consent.purpose === spec.purpose &&
      (consent.expiresAt === null || consent.expiresAt > now) &&
      spec.contributions.every((c) => consent.contributions.includes(c)),
  ],
  ['small_cohort', ({ consent }, { cohort }) => cohort.minimum >= (consent.leastCohort ?? 1)],
  [
    'few_choices',
    ({ choices }, { cohort }) =>
      CountBucket.options.indexOf(choices) >= CountBucket.options.indexOf(cohort.choices),
  ],
]

const unfitness = (
  request: CheckInRequest,
  spec: JobSpec,
  pace: Pace,
  now: number,
): Refusal | null => {
  const refuse = (visit: Visit, asks?: readonly FactName[]): Refusal => ({
    reason: 'not_eligible',
    visit,
    waitMs: pace.laterMs,
    ...(asks && { asks }),
  })
  const broken = RULES.find(([, holds]) => !holds(request, spec, now))
  if (broken) return refuse(broken[0])
  const { facts } = request
  const untold = factsAskedBy(spec.eligibility).filter((fact) => facts && facts[fact] === undefined)
  const unfit = unfitFact(spec.eligibility, facts)
  if (unfit) return untold.length > 0 ? refuse(unfit, untold) : refuse(unfit)
  return null
}

type Standing = Refusal | 'assigned' | 'leaves' | 'joins'

/** What the device is to the newest round of a job, or becomes with this check-in. */
const standingOf = (
  request: CheckInRequest,
  progress: JobProgress,
  { deviceId, member }: { readonly deviceId: string; readonly member: RoundMember | undefined },
  pace: Pace,
  now: number,
): Standing => {
  const { job, round } = progress
  const wait = (reason: RetryReason, visit: Visit): Refusal => ({
    reason,
    visit,
    waitMs: waitForRound(round, pace, now),
  })
  if (member?.digest || (round && request.rounds?.waiting.includes(round.id)))
    return wait('contributed', 'took_part')
  if (round && request.rounds?.left.includes(round.id)) return 'leaves'
  const unfit = unfitness(request, job.spec, pace, now)
  if (unfit) return unfit
  // Between two rounds, or waiting for an earlier job of the line: there will be another round.
  if (round?.phase !== 'collecting' || now >= round.deadlineAt)
    return wait('cohort_full', 'no_place')
  if (member && !member.isSilent) return 'assigned'
  const hoursMs = untilHours(job.spec.schedule, now)
  if (hoursMs > 0) {
    const waitMs = Math.max(pace.laterMs, Math.min(hoursMs, HOUR_MS))
    return { reason: 'cohort_full', visit: 'no_place', waitMs }
  }
  return isAssigning(progress, now, deviceId) ? 'joins' : wait('cohort_full', 'no_place')
}

/** The round to which the device belongs now, or why to none. Only what changes is locked. */
const tryAssign = async (
  deps: CheckInDeps,
  deviceId: string,
  request: CheckInRequest,
  seen: JobProgress,
  now: number,
): Promise<Refusal | Place> => {
  const { store, config } = deps
  const { consent } = request
  const memberOf = async (tables: Tables, { round }: JobProgress) =>
    round ? tables.member(round.id, deviceId) : undefined
  const member = await memberOf(store, seen)
  const standing = standingOf(request, seen, { deviceId, member }, config.pace, now)
  if (typeof standing !== 'string') return standing
  if (standing === 'assigned' && isSame(member!.consent, consent))
    return { round: seen.round!, member: member! }
  return store.transaction(async (tx) => {
    const progress = await lockedProgress(tx, seen.job)
    const member = await memberOf(tx, progress)
    const standing = standingOf(request, progress, { deviceId, member }, config.pace, now)
    if (typeof standing !== 'string') return standing
    const { job, round } = progress
    const full = { reason: 'cohort_full', waitMs: config.pace.soonMs } as const
    if (standing === 'leaves') {
      await apply(deps, tx, progress, { kind: 'leave', member }, now)
      await tx.dropMember(round!.id, deviceId)
      return { ...full, visit: null }
    }
    // The consent of today is the one that an update comes under.
    if (standing === 'assigned') {
      const updated = { ...member!, consent }
      await tx.saveMember(round!.id, updated)
      return { round: round!, member: updated }
    }
    const { perDay } = job.spec.cohort
    if (perDay !== undefined && (await tx.countUpdates(deviceId, now - DAY_MS)) >= perDay)
      return { reason: 'contributed', visit: 'day_limit', waitMs: config.pace.laterMs }
    const { perDevice } = job.spec.privacy ?? {}
    if (perDevice !== undefined && (await tx.countUpdatesTo(job.id, deviceId)) >= perDevice)
      return { reason: 'contributed', visit: 'job_limit', waitMs: config.pace.laterMs }
    const after = await apply(deps, tx, progress, { kind: 'assign', member, deviceId }, now)
    const joined = { deviceId, digest: null, assignedAt: now, isSilent: false, consent }
    await tx.saveMember(round!.id, joined)
    return { round: after.round!, member: joined }
  })
}

const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)

/** What nobody could use is not asked for. */
const usedOf = ({ contributions }: JobSpec, parent: Release | undefined): Contribution[] => {
  const unused = parent ? unusedContributions(contributions, parent.summary.parts) : []
  return contributions.filter((name) => !unused.includes(name))
}

/**
 * The release that this device is to follow, of a lineage that it can: a trained one before an
 * untrained one, then the newest.
 */
const headFor = async (
  store: Tables,
  deviceId: string,
  { base, features, abilities }: CheckInRequest,
): Promise<string | null> => {
  const fitting = (await store.lineages()).filter(
    (one) => isSameBase(one.base, base) && canCompute(one.features, features),
  )
  const found = await Promise.all(
    fitting.map(async (lineage) => {
      const head = (await store.release(lineage.head))?.summary
      const isReadable = !head || canRead(head.adapter, abilities)
      return { lineage, isTrained: (head?.version ?? 0) > 0, isReadable }
    }),
  )
  const readable = found.filter(({ isReadable }) => isReadable)
  const [best] = readable.sort(
    (a, b) =>
      Number(b.isTrained) - Number(a.isTrained) || b.lineage.updatedAt - a.lineage.updatedAt,
  )
  return best ? followedRelease(best.lineage, deviceId) : null
}
