/**
 * Answers the check-in of an edge: its places in rounds, each for a number of devices. All numbers of a
 * round count devices, whichever way their updates come: an edge takes as many places as it may send
 * the sum of, and leaves those that it did not need.
 */
import type {
  EdgeCheckInRequest,
  EdgeCheckInResponse,
  EdgePlace,
} from '../../adapters/wire/edges.ts'
import { MAX_EDGE_ROUNDS } from '../../adapters/wire/edges.ts'
import { JobSpec } from '../../adapters/wire/jobs.ts'
import { PROTOCOL_VERSION } from '../../adapters/wire/primitives.ts'
import { uploadTokenOf } from '../access/secrets.ts'
import { followedRelease } from '../releases/rollout.ts'
import type { JobProgress, Round, RoundMember } from '../store/records.ts'
import type { Tables } from '../store/store.ts'
import type { CheckInDeps } from './check-in.ts'
import { abandonRound } from './departure.ts'
import type { RoundDeps } from './deps.ts'
import { untilHours } from './hours.ts'
import { spread } from './pace.ts'
import { apply, lockedProgress } from './progress.ts'
import { isAssigning } from './round.ts'

type Deps = CheckInDeps & RoundDeps
/** most: devices that the operator lets it stand for. */
type Edge = { readonly id: string; readonly most: number }
type Waiting = EdgeCheckInResponse['waiting'][number]['reason']
type Place = { readonly round: Round; readonly member: RoundMember }

export const checkInEdge = async (
  deps: Deps,
  edge: Edge,
  request: EdgeCheckInRequest,
  now: number,
): Promise<EdgeCheckInResponse> => {
  const { store, rng, slots, config } = deps
  for (const { roundId, reason } of request.left) await abandonRound(deps, roundId, edge.id, reason)
  const left = new Set(request.left.map(({ roundId }) => roundId))
  const open = (await store.alive()).filter(
    ({ job, round }) => takesEdges(job.spec) && !left.has(round?.id ?? ''),
  )
  const places: EdgePlace[] = []
  const waiting: { job: string; reason: Waiting }[] = []
  for (const progress of open) {
    if (places.length === MAX_EDGE_ROUNDS) break
    const answer = await tryPlace(deps, edge, request, progress, now)
    if (answer === null) continue
    if (typeof answer !== 'string') places.push(await placeOf(deps, edge, progress, answer))
    else waiting.push({ job: progress.job.spec.name, reason: answer })
  }
  // Each round of an edge is a job: the next may come at once.
  const isSoon = open.length > 0 || config.upstream !== undefined
  const waitMs = isSoon ? config.pace.soonMs : config.pace.laterMs
  return {
    protocol: PROTOCOL_VERSION,
    places,
    heads: await headsOf(store, edge.id),
    retryAfterMs: slots.take(now, spread(waitMs, rng)),
    waiting: waiting.slice(0, 100),
  }
}

const takesEdges = ({ cohort }: JobSpec): boolean => cohort.edges === true

type Standing = Waiting | 'has_place' | 'joins' | null

/** null: there is nothing to wait for. */
const standingOf = (
  edge: Edge,
  request: EdgeCheckInRequest,
  progress: JobProgress,
  member: RoundMember | undefined,
  now: number,
): Standing => {
  const { job, round } = progress
  const { regions } = job.spec.eligibility ?? {}
  if (regions && !regions.includes(request.region)) return 'region'
  if (round?.phase !== 'collecting' || now >= round.deadlineAt || member?.digest) return null
  if (member && !member.isSilent) return 'has_place'
  if (job.state !== 'running' || untilHours(job.spec.schedule, now) > 0) return null
  if (!isAssigning(progress, now)) return 'no_place'
  const { minimum, size } = job.spec.cohort
  if (Math.min(request.devices, edge.most) < minimum) return 'few_devices'
  return size - round.assigned < minimum ? 'no_place' : 'joins'
}

const tryPlace = async (
  deps: Deps,
  edge: Edge,
  request: EdgeCheckInRequest,
  seen: JobProgress,
  now: number,
): Promise<Place | Waiting | null> => {
  const { store, attendance } = deps
  const look = async (tables: Tables, progress: JobProgress) => {
    const { round } = progress
    const member = round ? await tables.member(round.id, edge.id) : undefined
    return { member, standing: standingOf(edge, request, progress, member, now) }
  }
  const before = await look(store, seen)
  if (before.standing === 'has_place') return { round: seen.round!, member: before.member! }
  if (before.standing !== 'joins') {
    const { standing } = before
    if (standing) attendance.note(seen.job.id, edge.id, standing, now)
    return standing
  }
  // What would come of a place now could not be taken.
  if (deps.hasRoom?.() === false) return 'no_place'
  return store.transaction(async (tx) => {
    const progress = await lockedProgress(tx, seen.job)
    const { member, standing } = await look(tx, progress)
    if (standing === 'has_place') return { round: progress.round!, member: member! }
    if (standing !== 'joins') return standing
    const { id, assigned } = progress.round!
    const room = progress.job.spec.cohort.size - assigned
    const devices = Math.min(request.devices, edge.most, room)
    const after = await apply(deps, tx, progress, { kind: 'assign', member, devices }, now)
    const joined = { deviceId: edge.id, digest: null, assignedAt: now, isSilent: false, devices }
    await tx.saveMember(id, { ...joined, consent: null })
    attendance.note(seen.job.id, edge.id, 'took_part', now)
    return { round: after.round!, member: { ...joined, consent: null } }
  })
}

const placeOf = async (
  { store, uploadKey }: Deps,
  edge: Edge,
  { job }: JobProgress,
  { round, member }: Place,
): Promise<EdgePlace> => {
  const { goal, minimum, size } = job.spec.cohort
  const devices = member.devices!
  return {
    jobId: job.id,
    roundId: round.id,
    uploadToken: uploadTokenOf(await uploadKey(), round.id, edge.id),
    release: round.parent,
    basisEpoch: round.basisEpoch,
    factor: round.factor,
    adapterRounds: (await store.release(round.parent))!.adapterRounds,
    deadlineAt: round.deadlineAt,
    devices,
    goal: Math.max(minimum, Math.ceil((devices * goal) / size)),
    job: JobSpec.parse(job.spec),
  }
}

/** Of a staged lineage what an edge follows is what all its devices follow. */
const headsOf = async (store: Tables, edgeId: string): Promise<EdgeCheckInResponse['heads']> => {
  const heads: EdgeCheckInResponse['heads'] = []
  for (const lineage of (await store.lineages()).slice(0, 1000)) {
    const release = await store.release(followedRelease(lineage, edgeId))
    if (release) heads.push({ hash: release.summary.hash, adapterRounds: release.adapterRounds })
  }
  return heads
}
