/** Settings of a job that exclude each other, and why; named by the first of them. */
import type { JobSpec } from '../../adapters/wire/jobs.ts'

export type Pair = {
  readonly isSo: (spec: JobSpec, now: number) => boolean
  readonly why: string | ((spec: JobSpec) => string)
}
