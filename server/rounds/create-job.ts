/** Creates a job, and with the first of a lineage its release 0. */
import { decodeRelease } from '../../adapters/contributions/messages.ts'
import { canUseMoments, isWithin } from '../../adapters/contributions/prior.ts'
import { withNoiseMultiplier } from '../../adapters/contributions/privacy-forecast.ts'
import { FedError } from '../../adapters/errors.ts'
import type { JobSpec } from '../../adapters/wire/jobs.ts'
import { isSameShape, lineIdOf } from '../../adapters/wire/lineage.ts'
import { newId } from '../access/secrets.ts'
import { checkJobSize } from '../releases/job-size.ts'
import { type BuiltRelease, firstRelease } from '../releases/release.ts'
import type { Job, Upstream } from '../store/records.ts'
import type { Tables, Transaction } from '../store/store.ts'
import { checkRoom, type RoundDeps, type ServerDeps } from './deps.ts'
import { newJob } from './job.ts'
import { checkBudget } from './ledger.ts'
import { checkLeastCohort, checkNoise, checkPossible } from './possible.ts'
import { openRound } from './progress.ts'
import { isRepeat, type JobRequest, requestHashOf } from './repeated.ts'
import { rootOf } from './round.ts'

/**
 * key: the request's Idempotency-Key, if any; the same request gives the same job again. upstream: at an
 * edge, the round that the job is a part of. Fails with
 * E_CONFLICT (the key came with another spec, or the lineage has another model shape), E_BODY (it could
 * never do what it says), E_SHAPE, E_NORM, E_FEATURES, E_FULL, E_BUDGET_SPENT.
 */
export const createJob = async (
  deps: RoundDeps & { readonly config: Pick<ServerDeps['config'], 'leastCohort'> },
  request: JobRequest,
  key?: string,
  upstream?: Upstream,
): Promise<{ job: Job; isNew: boolean }> => {
  const { store, objects, clock, rng } = deps
  const known = key === undefined ? undefined : await earlierJob(store, key, request)
  if (known) return { job: known, isNew: false }
  checkRoom(deps)
  const now = clock()
  const spec = checkedSpec(request.spec, now, deps.config.leastCohort)
  if (!upstream) await checkDirections(deps, spec)
  if (!upstream) await checkBudget(store, spec)
  const lineId = lineIdOf(spec)
  const first = (await store.lineage(lineId)) ? undefined : firstRelease(spec, now)
  if (first) await objects.put(first.summary.hash, first.bytes)
  return store.transaction(async (tx) => {
    const job = newJob(newId(rng, 'job'), lineId, spec, now, upstream)
    if (key !== undefined && !(await tx.addIdempotent(key, requestHashOf(request.sent), job)))
      return { job: (await earlierJob(tx, key, request))!, isNew: false }
    if (first) await addFirst(tx, lineId, first)
    await tx.lock(lineId)
    if (!isSameShape((await tx.lineage(lineId))!.base, spec.base))
      throw new FedError('E_CONFLICT', 'these weights are known with another model shape')
    await checkRoot(tx, job)
    await tx.saveJob(job)
    await openRound(deps, tx, lineId, now)
    return { job, isNew: true }
  })
}

/** Of an edge's jobs its upstream server has looked. */
const checkDirections = async (
  { store, objects }: Pick<RoundDeps, 'store' | 'objects'>,
  spec: JobSpec,
): Promise<void> => {
  if (!spec.contributions.includes('prior') || !isWithin(spec.prior)) return
  const head = (await store.lineage(lineIdOf(spec)))?.head
  const bytes = head && (await objects.get(head))
  if (!bytes || !canUseMoments(decodeRelease(bytes), spec.prior))
    throw new FedError(
      'E_BODY',
      `job.prior.moments: the newest release has no scale and ${spec.prior.directions} directions yet, ` +
        'in which devices could tell moments. First run jobs of statistics and of full moments with ' +
        'as many directions',
    )
}

/** With its noise multiplier, where it is private. */
const checkedSpec = (given: JobSpec, now: number, leastCohort: number): JobSpec => {
  checkPossible(given, now)
  checkLeastCohort(given, leastCohort)
  checkJobSize(given)
  const spec = withNoise(given)
  checkNoise(spec)
  return spec
}

const withNoise = (spec: JobSpec): JobSpec => {
  try {
    return withNoiseMultiplier(spec)
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause
    throw new FedError('E_BODY', `job.privacy.epsilon: ${cause.message}`, { cause })
  }
}

const checkRoot = async (tx: Tables, job: Job): Promise<void> => {
  const root = rootOf(job)
  if (root !== null && !(await tx.device(root)))
    throw new FedError(
      'E_BODY',
      'job.robust.root: no enrolled device has this id. Enrol the machine that trains on the public ' +
        'choices first; "device list" names it',
    )
}

/** A new lineage with its release 0. Another job may have made it meanwhile: that one stands. */
const addFirst = async (
  tx: Transaction,
  lineId: string,
  { bytes: _, moments: __, ...release }: BuiltRelease,
): Promise<void> => {
  const { base, features, hash, createdAt } = release.summary
  const lineage = { id: lineId, base, features, head: hash, updatedAt: createdAt }
  if (await tx.addLineage(lineage)) await tx.saveRelease({ ...release, lineId })
}

const earlierJob = async (
  tables: Tables,
  key: string,
  request: JobRequest,
): Promise<Job | undefined> => {
  const earlier = await tables.idempotent(key)
  const job = earlier && (await tables.job(earlier.jobId))
  if (earlier && !(job && isRepeat(request, earlier.requestHash, job)))
    throw new FedError('E_CONFLICT', 'this Idempotency-Key came with another job')
  return job
}
