/**
 * What an edge takes over from the server before it: releases, which its devices follow and train from,
 * and a job of one round for each of its places.
 */
import { checkReleaseBounds, decodeRelease } from '../../adapters/contributions/messages.ts'
import { FedError } from '../../adapters/errors.ts'
import type { EdgeCheckInResponse, EdgePlace } from '../../adapters/wire/edges.ts'
import type { JobSpec } from '../../adapters/wire/jobs.ts'
import { lineIdOf } from '../../adapters/wire/lineage.ts'
import { releaseOf } from '../releases/release.ts'
import type { RoundDeps } from '../rounds/deps.ts'
import type { Lineage, Release } from '../store/records.ts'
import type { UpstreamClient } from './upstream.ts'

export type MirrorDeps = Pick<RoundDeps, 'store' | 'objects' | 'clock'> & {
  readonly client: Pick<UpstreamClient, 'download'>
}

type Head = EdgeCheckInResponse['heads'][number]

/** Downloads what is not known. Fails with the codes of a release and of the download. */
const keptRelease = async (
  { store, objects, client }: MirrorDeps,
  { hash, adapterRounds }: Head,
): Promise<Release> => {
  const known = await store.release(hash)
  if (known) return known
  const bytes = await client.download(hash)
  const release = decodeRelease(bytes)
  checkReleaseBounds(release)
  const { bytes: _, ...built } = releaseOf({ adapterRounds, optimizer: null }, bytes)
  await objects.put(hash, bytes)
  const kept = { ...built, lineId: lineIdOf(release.header) }
  await store.transaction((tx) => tx.saveRelease(kept))
  return kept
}

/** Devices follow it from now on. The release that an open round trains from stays the lineage's head. */
export const follow = async (deps: MirrorDeps, head: Head): Promise<void> => {
  const release = await keptRelease(deps, head)
  const alive = await deps.store.alive()
  const isTraining = alive.some(({ job }) => job.lineId === release.lineId)
  await saveLineage(deps, release, (lineage) =>
    headed(isTraining ? lineage.head : head.hash, head.hash),
  )
}

/** Rounds train from it; devices follow what they followed, or it where there was nothing. */
export const trainFrom = async (deps: MirrorDeps, place: EdgePlace): Promise<void> => {
  const { release: hash, adapterRounds } = place
  const release = await keptRelease(deps, { hash, adapterRounds })
  if (release.lineId !== lineIdOf(place.job))
    throw new FedError('E_BASIS', "the release of the round is not of the job's lineage")
  await saveLineage(deps, release, (lineage) =>
    headed(hash, lineage.rollout?.promoted ?? lineage.head),
  )
}

type Headed = Pick<Lineage, 'head' | 'rollout'>

/** With share 0 all devices follow the promoted release. */
const headed = (head: string, followed: string): Headed =>
  followed === head ? { head } : { head, rollout: { share: 0, promoted: followed } }

const saveLineage = async (
  { store, clock }: MirrorDeps,
  { lineId, summary }: Release,
  change: (lineage: Lineage) => Headed,
): Promise<void> => {
  const { base, features } = summary
  await store.transaction(async (tx) => {
    await tx.addLineage({ id: lineId, base, features, head: summary.hash, updatedAt: clock() })
    await tx.lock(lineId)
    const before = (await tx.lineage(lineId))!
    const { head, rollout } = change(before)
    if (head === before.head && rollout?.promoted === before.rollout?.promoted) return
    const { rollout: _, ...lineage } = before
    await tx.saveLineage({ ...lineage, head, ...(rollout && { rollout }), updatedAt: clock() })
  })
}

/** An edge ends its round when so much of the time is over, so that its sums come in time. */
const TIME_SHARE = 0.8
const LEAST_MS = 1000

export type EdgeLimits = {
  readonly region: string
  /** Updates that are forwarded together, at least; the job's minimum counts too. */
  readonly minimum: number
  /** Longest time of a round of the edge. */
  readonly deadlineMs?: number | undefined
}

/** The job of the edge for its place in a round. Fails with E_ROUND_CLOSED where too little time is left. */
export const specOf = (place: EdgePlace, limits: EdgeLimits, now: number): JobSpec => {
  const { job, devices, goal } = place
  const { schedule: _, maxDays: __, earlyStop: ___, ...kept } = job
  const { assignmentMs: ____, uploadMs, ...cohort } = job.cohort
  const left = Math.floor((place.deadlineAt - now) * TIME_SHARE)
  const timeMs = Math.min(left, limits.deadlineMs ?? Number.POSITIVE_INFINITY)
  if (timeMs < LEAST_MS) throw new FedError('E_ROUND_CLOSED', 'too little time is left for a round')
  const minimum = Math.max(cohort.minimum, limits.minimum)
  if (minimum > devices)
    throw new FedError('E_SHAPE', `a place of ${devices} devices, at least ${minimum} are needed`)
  const deadlineMs = Math.min(cohort.deadlineMs, timeMs)
  const regions = job.eligibility?.regions
  return {
    ...kept,
    rounds: 1,
    expiresAt: now + timeMs,
    cohort: {
      ...cohort,
      ...{ size: devices, goal: Math.max(minimum, goal), minimum, deadlineMs, retries: 0 },
      ...(uploadMs !== undefined && { uploadMs: Math.min(uploadMs, deadlineMs) }),
    },
    // The server has counted all its devices as of this region.
    ...(regions && { eligibility: { ...job.eligibility, regions: [limits.region] } }),
  }
}
