/**
 * Whether a request for a job is one that came before. What its client sent is compared, and not what
 * the server makes of it: a default that changes with an upgrade must not make a repeat another job.
 */
import { hashOf } from '../../adapters/wire/canonical-hash.ts'
import { JobSpec, type JobSpecInput } from '../../adapters/wire/jobs.ts'
import type { Job } from '../store/records.ts'

/** sent: as it came, before defaults were filled in. */
export type JobRequest = { readonly spec: JobSpec; readonly sent: JobSpecInput }

export const requestHashOf = (sent: JobSpecInput): string => `sent ${hashOf(sent)}`

/** hash: of the request that made the job, or, by an earlier version, of its spec with the defaults of then. */
export const isRepeat = (
  { spec, sent }: JobRequest,
  hash: string,
  { spec: made }: Pick<Job, 'spec'>,
): boolean =>
  requestHashOf(sent) === hash ||
  [spec, ...EARLIER.map((fill) => JobSpec.safeParse(fill(sent)).data)].some(
    (one) => one !== undefined && isSameSpec(one, made),
  )

/** Fields that came since are filled in alike on both sides. */
const isSameSpec = (a: JobSpec, b: JobSpec): boolean => {
  const today = JobSpec.safeParse(b)
  return today.success && hashOf(a) === hashOf(today.data)
}

/** What a left-out field meant before its default changed; for as long as idempotency keys are kept. */
const EARLIER: readonly ((sent: JobSpecInput) => JobSpecInput)[] = [
  (sent) => ({ ...sent, prior: { initialVariance: 2, ...sent.prior } }),
]
