/**
 * The life of an edge: to its devices a server with rounds of its own, to the server before it one
 * participant. It asks for places, opens a round for each, and gives back those that come to nothing;
 * rounds/coordinator.ts forwards the sums. Nothing is kept here that the store does not know, so that a
 * killed edge, or a replica, goes on.
 */
import { isFedError } from '../../adapters/errors.ts'
import { DAY_MS } from '../../adapters/time.ts'
import {
  type EdgeCheckInResponse,
  type EdgePlace,
  MAX_EDGE_ROUNDS,
} from '../../adapters/wire/edges.ts'
import type { AbandonReason } from '../../adapters/wire/job-life.ts'
import type { Coordinator } from '../rounds/coordinator.ts'
import { createJob } from '../rounds/create-job.ts'
import type { RoundDeps, ServerDeps } from '../rounds/deps.ts'
import type { Job } from '../store/records.ts'
import { type EdgeLimits, follow, specOf, trainFrom } from './mirror.ts'
import type { UpstreamClient } from './upstream.ts'

export type EdgeDeps = RoundDeps & {
  readonly config: Pick<ServerDeps['config'], 'leastCohort'>
  readonly client: UpstreamClient
  readonly act: Coordinator['act']
  readonly limits: Omit<EdgeLimits, 'minimum'>
}

export type Edge = {
  /** Does what is due; failures are logged, and tried again later. */
  step(now: number): Promise<void>
}

type Left = { readonly roundId: string; readonly reason: AbandonReason }

const RETRY_MS = 5000
/** Of the one replica that speaks with the server before it. */
const LEASE_MS = 30_000

/** owner: names this process among the replicas. */
export const openEdge = (deps: EdgeDeps, owner: string): Edge => {
  const { store, log, client, limits } = deps
  let dueAt = Number.NEGATIVE_INFINITY
  let running: Promise<void> | undefined
  /** Rounds that the edge could not open one for. */
  const failed = new Map<string, AbandonReason>()
  const said = new Set<string>()
  let wasWaiting = ''

  const work = async (now: number): Promise<void> => {
    const left = await leftRounds(deps, failed, now)
    if (now < dueAt && left.every(({ roundId }) => said.has(roundId))) return
    if (!(await store.lease('edge', owner, LEASE_MS))) return
    dueAt = now + RETRY_MS
    const devices = await devicesOf(deps, now)
    const answer = await client.checkIn({ region: limits.region, devices, left: [...left] })
    dueAt = now + answer.retryAfterMs
    for (const { roundId, reason } of left) {
      if (!said.has(roundId)) log('info', 'edge_left', { round: roundId, reason })
      said.add(roundId)
      failed.delete(roundId)
    }
    const waiting = answer.waiting.map(({ job, reason }) => `${job}: ${reason}`).join(', ')
    if (waiting !== wasWaiting && waiting !== '') log('info', 'edge_waits', { for: waiting })
    wasWaiting = waiting
    for (const head of answer.heads) await follow(deps, head)
    await cancelOver(deps, answer)
    for (const place of answer.places) {
      const why = await begin(deps, place, now)
      if (why) failed.set(place.roundId, why)
    }
  }
  return {
    step(now) {
      running ??= work(now)
        .catch((error: unknown) => {
          const code = isFedError(error) ? error.code : 'E_INTERNAL'
          const cause = error instanceof Error ? error.message : 'unknown'
          log('warn', 'upstream_failed', { upstream: client.url, code, cause })
        })
        .finally(() => {
          running = undefined
        })
      return running
    },
  }
}

const keyOf = (roundId: string): string => `edge ${roundId}`

/** Null, or why it takes no part. A place that is known has its job already. */
const begin = async (
  deps: EdgeDeps,
  place: EdgePlace,
  now: number,
): Promise<AbandonReason | null> => {
  const { store, log, limits, config } = deps
  const key = keyOf(place.roundId)
  if (await store.idempotent(key)) return null
  const { jobId, roundId, uploadToken, deadlineAt, release, job } = place
  try {
    const spec = specOf(place, { ...limits, minimum: config.leastCohort }, now)
    await trainFrom(deps, place)
    const upstream = { jobId, roundId, uploadToken, deadlineAt, release, job }
    const made = await createJob(deps, { spec, sent: spec }, key, upstream)
    const { devices } = place
    log('info', 'edge_place', { job: made.job.id, upstream: jobId, round: roundId, devices })
    return null
  } catch (error) {
    if (!isFedError(error) || error.code === 'E_UNAVAILABLE') throw error
    log('warn', 'edge_place_refused', { round: roundId, code: error.code, cause: error.message })
    if (error.code === 'E_ROUND_CLOSED') return 'too_late'
    return error.code === 'E_SHAPE' ? 'too_few' : 'failed'
  }
}

/** Rounds of the server before it that have ended there, while the edge still collects for them. */
const cancelOver = async (
  { store, act, client, clock }: EdgeDeps,
  { places }: EdgeCheckInResponse,
): Promise<void> => {
  const open = new Set(places.map(({ roundId }) => roundId))
  for (const { job, round } of await store.alive()) {
    if (!job.upstream || open.has(job.upstream.roundId) || round?.phase === 'aggregating') continue
    const reason = `the round at ${client.url} that it was a part of is over`
    await act(job, { kind: 'cancel', reason }, clock())
  }
}

const REASONS: Readonly<Partial<Record<Job['state'], AbandonReason>>> = {
  expired: 'too_few',
  failed: 'failed',
  cancelled: 'not_eligible',
}

/** Rounds that may wait for sums which will not come. */
const leftRounds = async (
  { store }: EdgeDeps,
  failed: ReadonlyMap<string, AbandonReason>,
  now: number,
): Promise<readonly Left[]> => {
  const states = Object.keys(REASONS) as Job['state'][]
  const ended = await store.jobPage({ states, isNewestFirst: true, limit: MAX_EDGE_ROUNDS })
  const left = ended.flatMap(({ job: { upstream, state } }): Left[] =>
    upstream && upstream.deadlineAt > now
      ? [{ roundId: upstream.roundId, reason: REASONS[state]! }]
      : [],
  )
  for (const [roundId, reason] of failed) left.push({ roundId, reason })
  return left.slice(0, MAX_EDGE_ROUNDS)
}

/** Seen in the last day; an edge counts as all that it may stand for. */
const devicesOf = async ({ store }: EdgeDeps, now: number): Promise<number> => {
  const seen = (await store.devices()).filter(
    ({ lastSeenAt, blockedAt }) => blockedAt === undefined && (lastSeenAt ?? 0) >= now - DAY_MS,
  )
  return Math.min(
    1_000_000,
    seen.reduce((sum, { edge = 1 }) => sum + edge, 0),
  )
}
