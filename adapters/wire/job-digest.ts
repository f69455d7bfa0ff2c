/** What a job asks for, as one hash: the same on every server that reads it with the same schema. */
import { hashOf } from './canonical-hash.ts'
import { JobSpec } from './jobs.ts'

export const jobDigest = (spec: JobSpec): string => hashOf(JobSpec.parse(spec))
