/** Creates a job, and with the first of a lineage its release 0. */
import { FedError } from '../../adapters/errors.ts'
import { sha256Hex } from '../../adapters/node/sha256.ts'
import type { JobSpec } from '../../adapters/wire/jobs.ts'
import { isSameShape, lineIdOf } from '../../adapters/wire/lineage.ts'
import { newId } from '../access/secrets.ts'
import { checkJobSize } from '../releases/job-size.ts'
import { firstRelease } from '../releases/release.ts'
import type { Job } from '../store/records.ts'
import type { Coordinator, RoundDeps } from './coordinator.ts'
import { newJob } from './machine.ts'

/**
 * key: the request's Idempotency-Key, if any; the same key and spec give the same job again. Fails
 * with E_CONFLICT (the key came with another spec, or the lineage has another model shape),
 * E_SHAPE, E_FEATURES.
 */
export const createJob = async (
  deps: RoundDeps & { readonly coordinator: Coordinator },
  spec: JobSpec,
  key?: string,
): Promise<{ job: Job; isNew: boolean }> => {
  const { store, clock, rng, coordinator } = deps
  const requestHash = sha256Hex(new TextEncoder().encode(JSON.stringify(spec)))
  const known = key === undefined ? undefined : earlierJob(deps, key, requestHash)
  if (known) return { job: known, isNew: false }
  checkJobSize(spec)
  const now = clock()
  const lineId = lineIdOf(spec)
  const first = store.lineage(lineId) ? undefined : firstRelease(spec, now)
  if (first) await store.putObject(first.summary.hash, first.bytes)
  return store.transaction(() => {
    const earlier = key === undefined ? undefined : earlierJob(deps, key, requestHash)
    if (earlier) return { job: earlier, isNew: false }
    const lineage = store.lineage(lineId)
    if (lineage && !isSameShape(lineage.base, spec.base))
      throw new FedError('E_CONFLICT', 'these weights are known with another model shape')
    if (!lineage && first) {
      const { bytes: _, ...release } = first
      store.saveRelease({ ...release, lineId })
      const { base, features } = spec
      const head = release.summary.hash
      store.saveLineage({ id: lineId, base, features, head, updatedAt: now })
    }
    const job = newJob(newId(rng, 'job'), lineId, spec, now)
    store.saveJob(job)
    if (key !== undefined) store.saveIdempotent(key, requestHash, job.id)
    coordinator.openRounds(now)
    return { job, isNew: true }
  })
}

const earlierJob = ({ store }: RoundDeps, key: string, requestHash: string): Job | undefined => {
  const earlier = store.idempotent(key)
  if (!earlier) return undefined
  if (earlier.requestHash !== requestHash)
    throw new FedError('E_CONFLICT', 'this Idempotency-Key came with another job')
  return store.job(earlier.jobId)
}
