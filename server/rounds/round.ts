/**
 * What happens to the newest round of a job, as pure functions. collecting -> aggregating -> released
 * | abandoned; a round of too few updates goes on collecting.
 */
import { FedError } from '../../adapters/errors.ts'
import type { Factors } from '../../adapters/lora/layout.ts'
import type { Job, JobProgress, Round } from '../store/records.ts'

/** What is known of one device in the round; undefined when it was not assigned. */
export type Member =
  | {
      readonly digest: string | null
      readonly isSilent?: boolean
      readonly deviceId?: string
      /** That an edge stands for. */
      readonly devices?: number
    }
  | undefined

const devicesOf = (member: Member): number => member?.devices ?? 1

export type OpenEvent = {
  readonly kind: 'open'
  readonly roundId: string
  readonly parent: string
  readonly basisEpoch: number
  readonly factor: Factors | null
  /** Devices at work for earlier rounds. Left out: none. */
  readonly carried?: number
}

/** A round that takes devices or is being aggregated. */
export const isOpen = (round: Round | null): round is Round =>
  round !== null && (round.phase === 'collecting' || round.phase === 'aggregating')

export const isAggregating = (
  progress: JobProgress,
  roundId: string,
): progress is { job: Job; round: Round } =>
  progress.round?.id === roundId && progress.round.phase === 'aggregating'

export const open = ({ job, round }: JobProgress, event: OpenEvent, now: number): Round => {
  if (isOpen(round)) throw new FedError('E_JOB_STATE', `round ${round.id} is still ${round.phase}`)
  const { carried = 0 } = event
  return {
    id: event.roundId,
    jobId: job.id,
    index: job.released,
    attempt: job.failures,
    phase: 'collecting',
    factor: event.factor,
    parent: event.parent,
    basisEpoch: event.basisEpoch,
    assigned: carried,
    received: 0,
    openedAt: now,
    startedAt: carried > 0 ? now : null,
    deadlineAt: carried > 0 ? deadlineFrom(job, now) : job.expiresAt,
    closedAt: null,
    reason: null,
    release: null,
    leftOut: [],
    tries: 0,
    retryAt: null,
  }
}

/** The device whose update the round cannot do without; null: there is none. */
export const rootOf = ({ spec }: Pick<Job, 'spec'>): string | null =>
  spec.robust?.rule === 'fltrust' ? spec.robust.root : null

/** Whether the round has what it needs beside a number of updates. */
export const hasRoot = ({ job, round }: JobProgress): boolean =>
  rootOf(job) === null || typeof round?.root === 'string'

/** Whether the round still takes new devices. There is always a place for the root. */
export const isAssigning = (
  { job, round }: JobProgress,
  now: number,
  deviceId?: string,
): boolean => {
  if (!round || !isCollecting(round, now)) return false
  // A masked round takes nobody once its roster stands.
  if (round.masking) return false
  const { assignmentMs } = job.spec.cohort
  const isPhaseOver =
    assignmentMs !== undefined && round.startedAt !== null && now >= round.startedAt + assignmentMs
  if (deviceId !== undefined && deviceId === rootOf(job)) return true
  return hasPlace(job, round) && !isPhaseOver
}

/** Asynchronous jobs have places for devices at work, others for all devices of the round. */
const hasPlace = ({ spec }: Job, { assigned, received }: Round): boolean => {
  const { async, cohort } = spec
  return async ? assigned - received < (async.concurrency ?? cohort.size) : assigned < cohort.size
}

type Joining = {
  readonly member: Member
  readonly deviceId?: string | undefined
  readonly devices?: number | undefined
}

/** A device asks again and again: the same assignment stands, unless it has been given on. */
export const assign = (
  progress: JobProgress,
  { member, deviceId, devices = 1 }: Joining,
  now: number,
): Round => {
  const { job, round } = progress
  if (!round) throw new FedError('E_NO_ROUND', 'the job has no round')
  if (!isCollecting(round, now)) throw closed(round)
  if (member && !member.isSilent) return round
  const isFull = devices > 1 && round.assigned + devices > job.spec.cohort.size
  if (isFull || !isAssigning(progress, now, deviceId))
    throw new FedError('E_ROUND_CLOSED', `round ${round.id} takes no more devices`)
  const isFirst = round.startedAt === null
  return {
    ...round,
    assigned: round.assigned + devices,
    ...(isFirst && { startedAt: now, deadlineAt: deadlineFrom(job, now) }),
  }
}

const deadlineFrom = ({ spec, expiresAt }: Job, now: number): number =>
  Math.min(now + spec.cohort.deadlineMs, expiresAt)

/** A device gives up its part: another may have its place. What it sent stays. */
export const leave = (
  progress: JobProgress,
  { member }: { readonly member: Member },
): JobProgress['round'] =>
  member?.digest === null && !member.isSilent
    ? free(progress, { places: devicesOf(member) })
    : progress.round

/** Without a device the time of the round stands still. */
export const free = (
  { job, round }: JobProgress,
  { places }: { readonly places: number },
): JobProgress['round'] => {
  if (round?.phase !== 'collecting' || places === 0) return round
  const assigned = round.assigned - places
  const isIdle = assigned === 0 && round.received === 0
  return { ...round, assigned, ...(isIdle && { startedAt: null, deadlineAt: job.expiresAt }) }
}

/** An update that was sent leaves the round as well, while it can. */
export const withdraw = (
  progress: JobProgress,
  { member }: { readonly member: Member },
): JobProgress['round'] => {
  const { round } = progress
  if (round?.phase !== 'collecting' || !member?.digest) return leave(progress, { member })
  const root = round.root === member.digest ? { root: null } : {}
  const places = devicesOf(member)
  const received = round.received - places
  return free({ ...progress, round: { ...round, ...root, received } }, { places })
}

/** devices: whose updates came, of those that the member stands for. */
type Receipt = {
  readonly member: Member
  readonly digest: string
  readonly devices?: number | undefined
}

export const receive = (
  { job, round }: JobProgress,
  { member, digest, devices = 1 }: Receipt,
  now: number,
): Round => {
  if (!round) throw new FedError('E_NO_ROUND', 'the job has no round')
  if (!member) throw new FedError('E_NOT_IN_COHORT', 'the device was not assigned to this round')
  if (member.digest === digest) return round
  if (member.digest !== null)
    throw new FedError('E_TWICE', 'the device already sent another update to this round')
  if (!isCollecting(round, now)) throw closed(round)
  const received = round.received + devices
  // A place that was given on is counted anew, and one that was not needed is free.
  const assigned = round.assigned + devices - (member.isSilent ? 0 : devicesOf(member))
  // The update of a late device whose place nobody has taken begins the time again.
  const time = round.startedAt ?? now
  const deadlineAt = round.startedAt === null ? deadlineFrom(job, now) : round.deadlineAt
  const root = isRoot(job, member) ? { root: digest } : {}
  const next = { ...round, ...root, received, assigned, startedAt: time, deadlineAt }
  // A masked round is over when its masks are gone.
  const isMet = !job.spec.masks && received >= job.spec.cohort.goal && hasRoot({ job, round: next })
  return isMet ? closeRound(next, now) : next
}

const isRoot = (job: Job, { deviceId }: NonNullable<Member>): boolean =>
  deviceId !== undefined && deviceId === rootOf(job)

export const closeRound = (round: Round, at: number): Round => ({
  ...round,
  phase: 'aggregating',
  closedAt: at,
})

/** It collects on, for as long again; what came stays. */
export const renew = (job: Job, round: Round, now: number): Round => ({
  ...round,
  phase: 'collecting',
  closedAt: null,
  startedAt: now,
  deadlineAt: deadlineFrom(job, now),
})

export const abandon = (round: Round, reason: string, now: number): Round => ({
  ...round,
  phase: 'abandoned',
  reason: reason.slice(0, 500),
  closedAt: round.closedAt ?? now,
})

/** Digests that a round can name. */
const MAX_LEFT_OUT = 1000

/** null: more than a round can name. */
export const leaveOut = (
  round: Round,
  { digests, updates, reason }: { digests: readonly string[]; updates: number; reason: string },
): Round | null => {
  const leftOut = [...round.leftOut, ...digests]
  if (leftOut.length > MAX_LEFT_OUT) return null
  // Other devices may have their places.
  const [received, assigned] = [round.received - updates, round.assigned - updates]
  const root = round.root && digests.includes(round.root) ? { root: null } : {}
  return { ...round, ...root, leftOut, received, assigned, reason: reason.slice(0, 500) }
}

const FIRST_RETRY_MS = 10_000
const LAST_RETRY_MS = 10 * 60_000

/** A time further away than any wait was noted before the clock was put back. */
export const isAttemptDue = ({ retryAt }: Round, now: number): boolean =>
  retryAt === null || retryAt <= now || retryAt > now + LAST_RETRY_MS

export const tryAgainLater = (round: Round, reason: string, now: number): Round => {
  const waitMs = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** round.tries)
  const tries = round.tries + 1
  return { ...round, tries, retryAt: now + waitMs, reason: reason.slice(0, 500) }
}

export const isCollecting = (round: Round, now: number): boolean =>
  round.phase === 'collecting' && now < round.deadlineAt

const closed = (round: Round) =>
  new FedError('E_ROUND_CLOSED', `round ${round.id} takes no more devices or updates`)
