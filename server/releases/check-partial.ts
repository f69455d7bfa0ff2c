/**
 * The checks of an edge's sums at the door. They cannot show that each device kept its bounds: the edge
 * has seen to that. They show that the sums are ones to which so many devices within their bounds can
 * come, so that an edge is worth no more than its devices.
 */
import { LARGEST_SUM, type PartialSum, totalsOf } from '../../adapters/aggregate/exact-sum.ts'
import type { ContributionRow, ServerPlan } from '../../adapters/contributions/contribution.ts'
import {
  decodePartialUpdate,
  type PartialUpdate,
} from '../../adapters/contributions/partial-update.ts'
import { askedRows } from '../../adapters/contributions/table.ts'
import { FedError } from '../../adapters/errors.ts'
import { jobDigest } from '../../adapters/wire/job-digest.ts'
import type { JobSpec } from '../../adapters/wire/jobs.ts'
import type { Round } from '../store/records.ts'

/**
 * How many devices are in it. places: that the edge has in the round. Fails with E_CONTAINER,
 * E_NO_ROUND, E_BASIS, E_SHAPE (not what the round asked for), E_NORM (no devices come to that).
 */
export const checkPartialUpdate = (
  bytes: Uint8Array,
  spec: JobSpec,
  round: Round,
  places: number,
): number => {
  const plan: ServerPlan = { ...spec, factor: round.factor }
  const partial = decodePartialUpdate(bytes, plan)
  checkHeader(partial, spec, round)
  const { devices } = partial.header
  if (devices < spec.cohort.minimum || devices > places)
    throw new FedError(
      'E_NORM',
      `expected the sum of ${spec.cohort.minimum} to ${places} devices, got ${devices}`,
    )
  const rows = askedRows(plan)
  for (const [i, row] of rows.entries()) checkSum(row, partial.sums[i]!, plan, devices)
  const moved = partial.sums[rows.findIndex(({ name }) => name === 'adapter')]?.count ?? 0
  if (partial.header.norms.reduce((sum, count) => sum + count, 0) !== moved)
    throw new FedError('E_NORM', `expected the norms of ${moved} updates`)
  return devices
}

/** Of rounding, and of each bound to a multiple of 2⁻¹⁰. */
const TOLERANCE = 1e-3

const checkSum = (
  row: ContributionRow,
  sum: PartialSum,
  plan: ServerPlan,
  devices: number,
): void => {
  const { count, weight, bound } = sum
  if (count > devices)
    throw new FedError('E_NORM', `${row.name}: the sum of ${count} updates of ${devices} devices`)
  const largest = row.largestAddend?.(plan) ?? LARGEST_SUM / plan.cohort.size
  if (bound > count * (largest * (1 + TOLERANCE) + TOLERANCE))
    throw new FedError('E_NORM', `${row.name}: ${count} updates do not come to ${bound}`)
  if (count === 0 && weight > 0) throw new FedError('E_NORM', `${row.name}: a weight of nothing`)
  row.checkTotal({ vector: totalsOf(sum), weight, count }, plan)
}

const checkHeader = ({ header }: PartialUpdate, spec: JobSpec, round: Round): void => {
  if (spec.robust)
    throw new FedError('E_SHAPE', `${spec.robust.rule} needs single updates, an edge sends sums`)
  if (header.jobId !== round.jobId || header.roundId !== round.id)
    throw new FedError('E_NO_ROUND', `expected sums for round ${round.id}, got others`)
  if (header.job !== jobDigest(spec))
    throw new FedError(
      'E_SHAPE',
      'the edge has read this job as another one: edge and server must have the same version',
    )
  if (header.factor !== round.factor)
    throw new FedError('E_SHAPE', `expected sums of factor ${round.factor}, got ${header.factor}`)
  if (header.release !== round.parent || header.basisEpoch !== round.basisEpoch)
    throw new FedError('E_BASIS', 'the devices of the edge trained from another release')
}
