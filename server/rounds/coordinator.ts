/**
 * A round from beginning to end. Every change of state is one transaction through the pure machine
 * (machine.ts): 1. it opens, for the oldest running job of a lineage; 2. it collects: check-in.ts
 * assigns devices, upload.ts takes their updates, and the goal or the deadline closes it; 3. its
 * updates are aggregated; 4. its release or its failure is recorded, with which the next round
 * opens.
 */
import { strategies } from '../../adapters/aggregate/strategy.ts'
import { FedError, isFedError } from '../../adapters/errors.ts'
import type { Rng } from '../../adapters/random.ts'
import { newId } from '../access/secrets.ts'
import type { Aggregate } from '../releases/aggregate.ts'
import type { BuiltRelease } from '../releases/release.ts'
import type { Job, Release, Round } from '../store/records.ts'
import type { Store } from '../store/store.ts'
import type { Log } from '../telemetry/log.ts'
import { advance, isOpen, type JobEvent, type JobProgress } from './machine.ts'

/**
 * clock: milliseconds since 1970. rng: cryptographic in production, it makes ids, tokens and keys.
 */
export type RoundDeps = {
  readonly store: Store
  readonly clock: () => number
  readonly rng: Rng
  readonly log: Log
  readonly aggregate: Aggregate
}

export type Coordinator = {
  /**
   * Applies an event to a job and its newest round, and opens the rounds that became possible.
   * Fails with E_NO_JOB.
   */
  apply(jobId: string, event: JobEvent, now: number): JobProgress
  /** Opens a round for the oldest running job of every lineage that has none open. */
  openRounds(now: number): void
  /**
   * Ends a job and its open round, whose updates are forgotten. Fails with E_NO_JOB, E_JOB_STATE.
   */
  cancel(jobId: string, now: number): Promise<void>
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
    for (let round = nextClosed(deps); round; round = nextClosed(deps)) {
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
    apply: (jobId, event, now) => apply(deps, jobId, event, now),
    openRounds: (now) => openRounds(deps, now),
    async cancel(jobId, now) {
      const { round } = apply(deps, jobId, { kind: 'cancel' }, now)
      if (round?.phase === 'abandoned') await forgetUpdates(deps, round.id)
    },
    async tick(now) {
      store.prune(now)
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

/** A job and its newest round. Fails with E_NO_JOB. */
const progressOf = ({ store }: Pick<RoundDeps, 'store'>, jobId: string): JobProgress => {
  const job = store.job(jobId)
  if (!job) throw new FedError('E_NO_JOB', `no job ${jobId.slice(0, 64)}`)
  return { job, round: store.newestRound(jobId) ?? null }
}

const apply = (deps: RoundDeps, jobId: string, event: JobEvent, now: number): JobProgress =>
  deps.store.transaction(() => {
    const { store } = deps
    const before = progressOf(deps, jobId)
    const after = advance(before, event, now)
    if (after === before) return before
    if (after.job !== before.job) store.saveJob(after.job)
    if (after.round && after.round !== before.round) store.saveRound(after.round)
    logChange(deps, before, after)
    openRounds(deps, now)
    return after
  })

/**
 * Step 1. Jobs of one lineage run one after the other, in the order of their creation: a release
 * has one successor.
 */
const openRounds = ({ store, rng, log }: RoundDeps, now: number): void => {
  const busy = new Set<string>()
  for (const job of store.runningJobs()) {
    if (busy.has(job.lineId)) continue
    busy.add(job.lineId)
    const round = store.newestRound(job.id) ?? null
    if (isOpen(round)) continue
    const head = store.release(store.lineage(job.lineId)!.head)!
    const opened = advance(
      { job, round },
      {
        kind: 'open',
        roundId: newId(rng, 'round'),
        parent: head.summary.hash,
        basisEpoch: head.summary.basisEpoch,
        factor: job.spec.contributions.includes('adapter')
          ? strategies[job.spec.strategy].factorOf(head)
          : null,
      },
      now,
    )
    store.saveRound(opened.round!)
    log('info', 'round_opened', { job: job.id, round: opened.round!.id })
  }
}

/**
 * Step 2 ends at the goal, with an upload, or here: with enough updates a round closes, with too
 * few it is abandoned.
 */
const passDeadlines = async (deps: RoundDeps, now: number): Promise<void> => {
  for (const { id } of deps.store.runningJobs()) {
    const { round } = apply(deps, id, { kind: 'tick' }, now)
    if (round?.phase === 'abandoned') await forgetUpdates(deps, round.id)
  }
}

const nextClosed = ({ store }: RoundDeps): ClosedRound | undefined => {
  for (const job of store.runningJobs()) {
    const round = store.newestRound(job.id)
    if (round?.phase === 'aggregating') return { job, round }
  }
  return undefined
}

/**
 * Step 3. A failure is an outcome: the same updates would fail again, so the round is given up and
 * tried with new ones.
 */
const aggregateRound = async (
  { store, aggregate, log }: RoundDeps,
  { job, round }: ClosedRound,
): Promise<BuiltRelease | FedError> => {
  try {
    const parent = store.release(round.parent)!
    const digests = store.digests(round.id)
    return await aggregate(
      {
        spec: job.spec,
        round,
        parent: { adapterRounds: parent.adapterRounds, optimizer: parent.optimizer },
        version: parent.summary.version + 1,
        digests,
      },
      (hash) => readObject(store, hash),
    )
  } catch (error) {
    log('error', 'aggregation_failed', { job: job.id, round: round.id, cause: nameOf(error) })
    return isFedError(error) ? error : new FedError('E_INTERNAL', 'aggregation failed')
  }
}

const readObject = async (store: RoundDeps['store'], hash: string): Promise<Uint8Array> => {
  const bytes = await store.getObject(hash)
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
    apply(deps, job.id, { kind: 'aggregationFailed', roundId, reason }, clock())
  } else await recordRelease(deps, job, roundId, outcome)
  await forgetUpdates(deps, roundId)
}

const recordRelease = async (
  deps: RoundDeps,
  { id, lineId }: Job,
  roundId: string,
  { bytes, moments, ...release }: BuiltRelease,
): Promise<void> => {
  const { store, clock } = deps
  const { hash, createdAt } = release.summary
  const own = release.optimizer?.moments
  const last = store.release(store.round(roundId)!.parent)?.optimizer?.moments
  await store.putObject(hash, bytes)
  if (moments && own !== undefined) await store.putObject(own, moments)
  store.transaction(() => {
    // Cancelled meanwhile: the release is not made.
    if (store.round(roundId)?.phase !== 'aggregating') return
    store.saveRelease({ ...release, lineId })
    store.saveLineage({ ...store.lineage(lineId)!, head: hash, updatedAt: createdAt })
    apply(deps, id, { kind: 'aggregated', roundId, release: hash }, clock())
  })
  // Cancelled meanwhile, the lineage still goes on from the last one.
  const isHead = store.lineage(lineId)?.head === hash
  if (last !== undefined && last !== own && isHead) await store.dropObject(last)
}

const forgetUpdates = async ({ store }: RoundDeps, roundId: string): Promise<void> => {
  for (const digest of store.digests(roundId)) await store.dropObject(digest)
}

const sweep = async ({ store }: RoundDeps): Promise<void> => {
  const kept = new Set(store.releases().flatMap((release) => objectsOf(store, release)))
  for (const { id } of store.runningJobs()) {
    const round = store.newestRound(id)
    if (round && isOpen(round)) for (const digest of store.digests(round.id)) kept.add(digest)
  }
  for (const hash of await store.objects()) if (!kept.has(hash)) await store.dropObject(hash)
}

/** A release's bytes, and where a lineage goes on from it, its optimizer's moments. */
const objectsOf = (store: RoundDeps['store'], { lineId, summary, optimizer }: Release) => {
  const moments = store.lineage(lineId)?.head === summary.hash ? optimizer?.moments : undefined
  return [summary.hash, ...(moments === undefined ? [] : [moments])]
}

const logChange = ({ log }: RoundDeps, before: JobProgress, after: JobProgress): void => {
  if (after.round && after.round.phase !== before.round?.phase)
    log('info', `round_${after.round.phase}`, {
      job: after.job.id,
      round: after.round.id,
      received: after.round.received,
      reason: after.round.reason,
    })
  if (after.job.state !== before.job.state)
    log('info', `job_${after.job.state}`, { job: after.job.id, reason: after.job.reason })
}

const nameOf = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}` : 'unknown'
