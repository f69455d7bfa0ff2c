/** What a job asks for, as one hash: the same on every server that reads it with the same schema. */
import { sha256Hex } from '../node/sha256.ts'
import { JobSpec } from './jobs.ts'

export const jobDigest = (spec: JobSpec): string => hashOf(JobSpec.parse(spec))

/** SHA-256 of a JSON value. The order of fields means nothing. */
export const hashOf = (value: unknown): string =>
  sha256Hex(new TextEncoder().encode(JSON.stringify(sorted(value))))

const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return entries.map(([name, of]) => [name, sorted(of)])
}
