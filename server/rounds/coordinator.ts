/**
 * A round from beginning to end. Every change of state is one transaction through the pure machine
 * (progress.ts, machine.ts): 1. it opens, for the oldest running job of a lineage; 2. it collects:
 * check-in.ts assigns devices, upload.ts takes their updates, folding.ts adds them up, and the goal or
 * the deadline closes it; 3. its updates are aggregated; 4. its release or its failure is recorded, with which the next
 * round opens.
 */

import { randomUUID } from 'node:crypto'
import { FedError, isFedError } from '../../adapters/errors.ts'
import type { AggregationPlan, Outcome } from '../releases/aggregation-plan.ts'
import { BadUpdates, isOfUpdates } from '../releases/bad-updates.ts'
import type { BuiltRelease } from '../releases/release.ts'
import type { Job, JobProgress, Round } from '../store/records.ts'
import { keeping, leaseOf, readObject, type Worker } from './at-work.ts'
import { createChores } from './chores.ts'
import { NotForwarded, type RoundDeps } from './deps.ts'
import type { JobEvent } from './events.ts'
import { badUpdatesOf, countedDigests, foldRounds, forgetSums } from './folding.ts'
import { chargeRound } from './ledger.ts'
import { advance } from './machine.ts'
import { stepMasks } from './mask-steps.ts'
import { toldIn } from './masks.ts'
import { apply, lockedProgress } from './progress.ts'
import { isAttemptDue } from './round.ts'
import { earlierRounds, lateOf } from './window.ts'

export type Coordinator = {
  /**
   * What the operator does to a job. The updates of a round that ends with it are forgotten. Fails
   * with E_NO_JOB, E_JOB_STATE.
   */
  act(job: Job, event: OperatorEvent, now: number): Promise<void>
  /** Passes deadlines, then aggregates until no round waits. */
  tick(now: number): Promise<void>
  /** Starts to aggregate in the background where a round waits. */
  wake(): void
  /** As Chores has it. */
  sweep(): Promise<void>
  /** Waits for a running aggregation without recording it: a restart repeats it. */
  stop(): Promise<void>
}

export type OperatorEvent = Extract<
  JobEvent,
  { kind: 'pause' | 'resume' | 'retry' | 'cancel' | 'prioritize' }
>

type ClosedRound = { readonly job: Job; readonly round: Round }

/** How long a round is left to a server that says nothing, before another aggregates it. */
const LEASE_MS = 60_000

export const createCoordinator = (deps: RoundDeps): Coordinator => {
  const { log } = deps
  const server: Worker = { id: randomUUID(), leaseMs: deps.leaseMs ?? LEASE_MS }
  const chores = createChores(deps, server.id)
  let running: Promise<void> | undefined
  let folding: Promise<void> | undefined
  let isReleasing = false
  let isStopped = false

  const releaseClosedRounds = async (): Promise<void> => {
    for (;;) {
      const round = await takeClosed(deps, server)
      if (!round) return
      // What this server is adding up need not be added again.
      isReleasing = true
      await folding
      try {
        const outcome = await aggregateRound(deps, round, server)
        if (isStopped) return
        await recordOutcome(deps, round, outcome)
      } finally {
        isReleasing = false
        await deps.store.endLease(leaseOf('aggregation', round.round), server.id)
      }
    }
  }

  const pump = (): Promise<void> => {
    if (isStopped) return Promise.resolve()
    running ??= releaseClosedRounds().finally(() => {
      running = undefined
    })
    return running
  }

  /** What waits at the close is aggregated from the updates alone, if this fails. */
  const fold = (): Promise<void> => {
    if (isStopped) return Promise.resolve()
    const leaveOut = (job: Job, roundId: string, error: FedError) =>
      recordFailure(deps, job, roundId, error)
    folding ??= foldRounds({ ...deps, leaveOut }, server, () => isStopped || isReleasing)
      .catch((error: unknown) => log('warn', 'fold_failed', { cause: nameOf(error) }))
      .finally(() => {
        folding = undefined
      })
    return folding
  }

  return {
    async act(job, event, now) {
      await step(deps, job, event, now)
      if (event.kind === 'resume') void pump().catch(() => {})
    },
    async tick(now) {
      await chores.whenDue(now)
      await passDeadlines(deps, now)
      await pump()
      await fold()
    },
    wake() {
      void fold()
      pump().catch((error: unknown) => log('error', 'aggregation_broke', { cause: nameOf(error) }))
    },
    sweep: chores.sweep,
    async stop() {
      isStopped = true
      await running?.catch(() => {})
      await folding
    },
  }
}

/** A transaction of one event; afterwards the updates of a round that it gave up are forgotten. */
const step = async (
  deps: RoundDeps,
  job: Job,
  event: JobEvent,
  now: number,
): Promise<JobProgress> => {
  const after = await deps.store.transaction(async (tx) =>
    apply(deps, tx, await lockedProgress(tx, job), event, now),
  )
  if (after.round?.phase === 'abandoned') await forgetUpdates(deps, after.round.id)
  return after
}

/**
 * Step 2 ends at the goal, with an upload, or here: at its deadline a round closes with enough
 * updates, and goes on with too few. Before, places of devices that fell silent are given on.
 */
const passDeadlines = async (deps: RoundDeps, now: number): Promise<void> => {
  const tick = { kind: 'tick' } as const
  for (const progress of await deps.store.alive()) {
    const { job, round } = progress
    if (round?.phase === 'collecting' && job.spec.masks) await stepDue(deps, job, now)
    if (round?.phase === 'collecting' && !round.masking) await giveOn(deps, job, round, now)
    if (advance(progress, tick, now) !== progress) await step(deps, job, tick, now)
  }
}

/** A masked round whose step has lasted long enough goes on, or is given up. */
const stepDue = async (deps: RoundDeps, job: Job, now: number): Promise<void> => {
  const { round } = await deps.store.transaction((tx) => stepMasks(deps, tx, job, now))
  if (round?.phase === 'abandoned') await forgetUpdates(deps, round.id)
}

const giveOn = async (deps: RoundDeps, job: Job, round: Round, now: number): Promise<void> => {
  const { uploadMs, deadlineMs } = job.spec.cohort
  const assignedBy = now - (uploadMs ?? deadlineMs)
  // An edge has a round of its own to end.
  const edgesBy = now - deadlineMs
  if (round.assigned === round.received) return
  if (assignedBy < round.openedAt && !job.spec.async) return
  await deps.store.transaction(async (tx) => {
    const progress = await lockedProgress(tx, job)
    if (progress.round?.id !== round.id || progress.round.phase !== 'collecting') return
    if (progress.round.masking) return
    let places = await tx.giveOn(round.id, assignedBy, edgesBy)
    for (const { roundId } of await earlierRounds(tx, job, round.parent))
      places += await tx.giveOn(roundId, assignedBy, edgesBy)
    if (places > 0) deps.log('info', 'places_given_on', { job: job.id, round: round.id, places })
    await apply(deps, tx, progress, { kind: 'giveOn', places }, now)
  })
}

/** A round that waits, and that no other server works on. */
const takeClosed = async (
  { store, clock }: RoundDeps,
  { id, leaseMs }: Worker,
): Promise<ClosedRound | undefined> => {
  const isDue = ({ job, round }: JobProgress): boolean =>
    job.state === 'running' && round?.phase === 'aggregating' && isAttemptDue(round, clock())
  for (const seen of (await store.alive()).filter(isDue)) {
    if (!(await store.lease(leaseOf('aggregation', seen.round!), id, leaseMs))) continue
    // Another may have been done with it just before.
    const now = await store.progress(seen.job.id)
    if (now?.round?.id === seen.round!.id && isDue(now)) return { job: now.job, round: now.round }
    await store.endLease(leaseOf('aggregation', seen.round!), id)
  }
  return undefined
}

/** Step 3. A failure is an outcome: what it means for the round is decided in step 4. */
const aggregateRound = async (
  deps: RoundDeps,
  { job, round }: ClosedRound,
  server: Worker,
): Promise<BuiltRelease | 'forwarded' | FedError> => {
  const { store, objects, forward, log } = deps
  const keep = keeping(store, leaseOf('aggregation', round), server)
  try {
    const parent = (await store.release(round.parent))!
    const masked = await toldIn(store, job, round)
    const digests = await countedDigests(store, round)
    const isCharged = job.spec.privacy !== undefined && !job.upstream
    const charged = isCharged ? await chargeRound(deps, job, round, digests) : null
    const plan = {
      spec: job.spec,
      round,
      parent: { adapterRounds: parent.adapterRounds, optimizer: parent.optimizer },
      version: parent.summary.version + 1,
      digests,
      folded: await store.folded(round.id),
      late: await lateOf(store, job, round),
      ...(masked && { masked }),
      ...(charged && { noiseKey: charged.key }),
    }
    const read = async (hash: string) => {
      await keep()
      return readObject(objects, hash)
    }
    const { upstream } = job
    if (!upstream) {
      const { summary, ...release } = await aggregateWith(deps, plan, read)
      return { ...release, summary: charged ? { ...summary, privacy: charged.privacy } : summary }
    }
    const { partial } = await aggregateWith(deps, { ...plan, upstream }, read)
    await keep()
    await forward!(upstream, partial)
    return 'forwarded'
  } catch (error) {
    log('error', 'aggregation_failed', { job: job.id, round: round.id, cause: nameOf(error) })
    return isFedError(error) ? error : new FedError('E_INTERNAL', nameOf(error).slice(0, 300))
  }
}

/** Where sums cannot be read, from the updates alone. */
const aggregateWith = async <Plan extends AggregationPlan>(
  { aggregate, log }: RoundDeps,
  plan: Plan,
  read: (hash: string) => Promise<Uint8Array>,
): Promise<Outcome<Plan>> => {
  try {
    return await aggregate(plan, read)
  } catch (error) {
    const isOfSums = isFedError(error) && !(error instanceof BadUpdates)
    if (!plan.folded?.length || !isOfSums || error.code === 'E_INTERNAL') throw error
    log('warn', 'sums_unusable', { round: plan.round.id, cause: nameOf(error) })
    return aggregate({ ...plan, folded: [] }, read)
  }
}

/**
 * Step 4. The updates are forgotten once the round has ended; their digests stay, so that a repeat is
 * still recognized.
 */
const recordOutcome = async (
  deps: RoundDeps,
  { job, round }: ClosedRound,
  outcome: BuiltRelease | 'forwarded' | FedError,
): Promise<void> => {
  if (outcome instanceof FedError) return recordFailure(deps, job, round.id, outcome)
  if (outcome === 'forwarded') {
    await step(deps, job, { kind: 'forwarded', roundId: round.id }, deps.clock())
    return forgetUpdates(deps, round.id)
  }
  try {
    await recordRelease(deps, job, round, outcome)
  } catch (cause) {
    const why = `the release could not be written: ${nameOf(cause)}`
    return recordFailure(deps, job, round.id, new FedError('E_INTERNAL', why))
  }
  await forgetUpdates(deps, round.id)
}

const recordFailure = async (deps: RoundDeps, job: Job, roundId: string, error: FedError) => {
  // Its updates stay: with more budget they count.
  if (error.code === 'E_BUDGET_SPENT')
    return void (await step(deps, job, { kind: 'pause', reason: error.message }, deps.clock()))
  const event = await failureOf(deps, roundId, error)
  await step(deps, job, event, deps.clock())
  if (event.kind === 'badUpdates') for (const one of event.digests) await deps.objects.drop(one)
}

/** Whether updates are at fault, all or some, or the server. */
const failureOf = async (
  { store }: RoundDeps,
  roundId: string,
  error: FedError,
): Promise<JobEvent> => {
  if (error instanceof BadUpdates) return badUpdatesOf(store, roundId, error)
  const reason = `${error.code}: ${error.message}`
  const isFinal = error instanceof NotForwarded || isOfUpdates(error)
  return { kind: isFinal ? 'aggregationFailed' : 'aggregationBroke', roundId, reason }
}

const recordRelease = async (
  deps: RoundDeps,
  job: Job,
  { id: roundId, factor }: Round,
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
    await tx.dropRoundNoise(roundId)
    await tx.saveLineage({ ...(await tx.lineage(lineId))!, head: hash, updatedAt: createdAt })
    const change = factor === null ? null : (release.summary.metrics?.adapterChange ?? null)
    const event = { kind: 'aggregated', roundId, release: hash, change } as const
    await apply(deps, tx, progress, event, clock())
    return true
  })
  if (last !== undefined && last !== own && isHead) await objects.drop(last)
}

export const forgetUpdates = async (
  { store, objects }: Pick<RoundDeps, 'store' | 'objects'>,
  roundId: string,
): Promise<void> => {
  await forgetSums({ store, objects }, roundId)
  for (const digest of await store.digests(roundId)) await objects.drop(digest)
  await store.dropMasks(roundId)
  await store.dropRoundNoise(roundId)
}

const nameOf = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}` : 'unknown'
