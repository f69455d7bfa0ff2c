/** The release that one undisturbed process makes of the same updates: this one. */
import { decodeRelease } from '../../../adapters/contributions/messages.ts'
import type { JobView } from '../../../adapters/wire/jobs.ts'
import { aggregateInProcess } from '../../../server/releases/aggregate.ts'
import type { Round } from '../../../server/store/records.ts'
import { updateBytes } from './device.ts'
import type { Operator } from './job.ts'
import type { Ledger } from './life.ts'

export type Comparison = {
  readonly accepted: number
  /** Devices that the release counts. */
  readonly counted: number
  /** Whether it is, byte for byte, that of every accepted update once. */
  readonly isEqual: boolean
}

/** job: completed, with one round. */
export const compareRelease = async (
  operator: Pick<Operator, 'releaseBytes'>,
  job: JobView,
  { accepted }: Pick<Ledger, 'accepted'>,
): Promise<Comparison> => {
  const released = await operator.releaseBytes(job.head!)
  const { header } = decodeRelease(released)
  const own = new Map([...accepted].filter(([, one]) => one.assignment.jobId === job.id))
  const [{ assignment } = { assignment: undefined }] = own.values()
  if (!assignment) return { accepted: 0, counted: header.cohort, isEqual: false }
  const { release: parent, factor, basisEpoch } = assignment
  const summary = job.rounds.at(-1)!
  const closedAt = header.createdAt
  const startedAt = summary.startedAt ?? null
  const known = { jobId: job.id, factor, parent, basisEpoch, startedAt, closedAt }
  const round: Round = { ...summary, ...known, leftOut: [], tries: 0, retryAt: null }
  const plan = {
    spec: job.spec,
    round,
    parent: { adapterRounds: 0, optimizer: null },
    version: header.version,
    digests: [...own.keys()].sort(),
  }
  const { bytes } = await aggregateInProcess(plan, async (hash) => {
    const one = own.get(hash)
    return one ? updateBytes(one.assignment, one.device) : operator.releaseBytes(hash)
  })
  const isEqual = Buffer.compare(bytes, released) === 0
  return { accepted: own.size, counted: header.cohort, isEqual }
}
