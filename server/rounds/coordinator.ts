/**
 * A round from beginning to end. Every change of state is one transaction through the pure machine
 * (progress.ts, machine.ts): 1. it opens, for the oldest running job of a lineage; 2. it collects:
 * check-in.ts assigns devices, upload.ts takes their updates, and the goal or the deadline closes
 * it; 3. its updates are aggregated; 4. its release or its failure is recorded, with which the next
 * round opens.
 */
import { FedError, isFedError } from '../../adapters/errors.ts'
import type { BuiltRelease } from '../releases/release.ts'
import type { Objects } from '../store/objects.ts'
import type { Job, JobProgress, Release, Round } from '../store/records.ts'
import type { RoundDeps } from './deps.ts'
import { advance, isOpen, type JobEvent } from './machine.ts'
import { apply, lockedProgress } from './progress.ts'

export type Coordinator = {
  /**
   * Ends a job and its open round, whose updates are forgotten. Fails with E_NO_JOB, E_JOB_STATE.
   */
  cancel(job: Job, now: number): Promise<void>
  /** Passes deadlines, then aggregates until no round waits. */
  tick(now: number): Promise<void>
  /** Starts to aggregate in the background where a round waits. */
  wake(): void
  /**
   * Removes objects that no release and no open round names: what a kill between a write and its
   * record left.
   */
  sweep(): Promise<void>
  /** Waits for a running aggregation without recording it: a restart repeats it. */
  stop(): Promise<void>
}

type ClosedRound = { readonly job: Job; readonly round: Round }

export const createCoordinator = (deps: RoundDeps): Coordinator => {
  const { store, log } = deps
  let running: Promise<void> | undefined
  let isStopped = false

  const releaseClosedRounds = async (): Promise<void> => {
    for (let round = await nextClosed(deps); round; round = await nextClosed(deps)) {
      const outcome = await aggregateRound(deps, round)
      if (isStopped) return
      await recordOutcome(deps, round, outcome)
    }
  }

  const pump = (): Promise<void> => {
    if (isStopped) return Promise.resolve()
    running ??= releaseClosedRounds().finally(() => {
      running = undefined
    })
    return running
  }

  return {
    async cancel(job, now) {
      const { round } = await step(deps, job, { kind: 'cancel' }, now)
      if (round?.phase === 'abandoned') await forgetUpdates(deps, round.id)
    },
    async tick(now) {
      await store.prune(now)
      await passDeadlines(deps, now)
      await pump()
    },
    wake() {
      pump().catch((error: unknown) => log('error', 'aggregation_broke', { cause: nameOf(error) }))
    },
    sweep: () => sweep(deps),
    async stop() {
      isStopped = true
      await running?.catch(() => {})
    },
  }
}

/** A transaction of one event. */
const step = (deps: RoundDeps, job: Job, event: JobEvent, now: number): Promise<JobProgress> =>
  deps.store.transaction(async (tx) => apply(deps, tx, await lockedProgress(tx, job), event, now))

/**
 * Step 2 ends at the goal, with an upload, or here: with enough updates a round closes, with too
 * few it is abandoned.
 */
const passDeadlines = async (deps: RoundDeps, now: number): Promise<void> => {
  const tick = { kind: 'tick' } as const
  for (const progress of await deps.store.running()) {
    if (advance(progress, tick, now) === progress) continue
    const { round } = await step(deps, progress.job, tick, now)
    if (round?.phase === 'abandoned') await forgetUpdates(deps, round.id)
  }
}

const nextClosed = async ({ store }: RoundDeps): Promise<ClosedRound | undefined> => {
  for (const { job, round } of await store.running())
    if (round?.phase === 'aggregating') return { job, round }
  return undefined
}

/**
 * Step 3. A failure is an outcome: the same updates would fail again, so the round is given up and
 * tried with new ones.
 */
const aggregateRound = async (
  { store, objects, aggregate, log }: RoundDeps,
  { job, round }: ClosedRound,
): Promise<BuiltRelease | FedError> => {
  try {
    const parent = (await store.release(round.parent))!
    const digests = await store.digests(round.id)
    return await aggregate(
      {
        spec: job.spec,
        round,
        parent: { adapterRounds: parent.adapterRounds, optimizer: parent.optimizer },
        version: parent.summary.version + 1,
        digests,
      },
      (hash) => readObject(objects, hash),
    )
  } catch (error) {
    log('error', 'aggregation_failed', { job: job.id, round: round.id, cause: nameOf(error) })
    return isFedError(error) ? error : new FedError('E_INTERNAL', 'aggregation failed')
  }
}

const readObject = async (objects: Objects, hash: string): Promise<Uint8Array> => {
  const bytes = await objects.get(hash)
  if (!bytes) throw new FedError('E_DATA', `object ${hash} is missing`)
  return bytes
}

/**
 * Step 4. Afterwards the updates are forgotten; their digests stay, so that a repeat is still
 * recognized.
 */
const recordOutcome = async (
  deps: RoundDeps,
  { job, round }: ClosedRound,
  outcome: BuiltRelease | FedError,
): Promise<void> => {
  const { clock } = deps
  const roundId = round.id
  if (outcome instanceof FedError) {
    const reason = `${outcome.code}: ${outcome.message}`
    await step(deps, job, { kind: 'aggregationFailed', roundId, reason }, clock())
  } else await recordRelease(deps, job, roundId, outcome)
  await forgetUpdates(deps, roundId)
}

const recordRelease = async (
  deps: RoundDeps,
  job: Job,
  roundId: string,
  { bytes, moments, ...release }: BuiltRelease,
): Promise<void> => {
  const { store, objects, clock } = deps
  const { lineId } = job
  const { hash, createdAt, parent } = release.summary
  const own = release.optimizer?.moments
  const last = (await store.release(parent!))?.optimizer?.moments
  await objects.put(hash, bytes)
  if (moments && own !== undefined) await objects.put(own, moments)
  const isHead = await store.transaction(async (tx) => {
    const progress = await lockedProgress(tx, job)
    // Cancelled meanwhile: the release is not made, and the lineage goes on from the last one.
    if (progress.round?.id !== roundId || progress.round.phase !== 'aggregating') return false
    await tx.saveRelease({ ...release, lineId })
    await tx.saveLineage({ ...(await tx.lineage(lineId))!, head: hash, updatedAt: createdAt })
    await apply(deps, tx, progress, { kind: 'aggregated', roundId, release: hash }, clock())
    return true
  })
  if (last !== undefined && last !== own && isHead) await objects.drop(last)
}

export const forgetUpdates = async (
  { store, objects }: Pick<RoundDeps, 'store' | 'objects'>,
  roundId: string,
): Promise<void> => {
  for (const digest of await store.digests(roundId)) await objects.drop(digest)
}

const sweep = async ({ store, objects }: RoundDeps): Promise<void> => {
  const heads = new Set((await store.lineages()).map(({ head }) => head))
  const kept = new Set((await store.releases()).flatMap((release) => objectsOf(release, heads)))
  for (const { round } of await store.running())
    if (isOpen(round)) for (const digest of await store.digests(round.id)) kept.add(digest)
  for (const hash of await objects.list()) if (!kept.has(hash)) await objects.drop(hash)
}

/** A release's bytes, and where a lineage goes on from it, its optimizer's moments. */
const objectsOf = ({ summary, optimizer }: Release, heads: ReadonlySet<string>) => {
  const moments = heads.has(summary.hash) ? optimizer?.moments : undefined
  return [summary.hash, ...(moments === undefined ? [] : [moments])]
}

const nameOf = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}` : 'unknown'
