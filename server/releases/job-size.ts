/** Whether a job's messages can be sent, and what devices may send can be summed. */
import { LARGEST_SUM } from '../../adapters/aggregate/exact-sum.ts'
import { MAX_DIGITS } from '../../adapters/aggregate/partial-sum.ts'
import { isInBlocks } from '../../adapters/aggregate/robust/rules.ts'
import type { ContributionRow } from '../../adapters/contributions/contribution.ts'
import { ringSize } from '../../adapters/contributions/masked.ts'
import {
  askedRows,
  CONTRIBUTIONS,
  summedSize,
  vectorSize,
} from '../../adapters/contributions/table.ts'
import { FedError } from '../../adapters/errors.ts'
import { adapterLayout, type Factors, layoutSize } from '../../adapters/lora/layout.ts'
import { residualSpec } from '../../adapters/lora/ranks.ts'
import type { JobSpec } from '../../adapters/wire/jobs.ts'
import { featureCount, MAX_BINARY_BYTES, MAX_JSON_BYTES } from '../../adapters/wire/primitives.ts'
import { MOST_HELD } from './robust.ts'

/** Of a robust rule's reading of all updates, each a pass over MOST_HELD of their numbers. */
const MOST_PASSES = 64

/**
 * Fails with E_SHAPE when releases or updates could not be sent, or a robust rule would have to read
 * them too often, E_NORM when allowed updates could
 * not be summed exactly.
 */
export const checkJobSize = (spec: JobSpec): void => {
  const d = featureCount(spec.features)
  if (d === 0 && spec.contributions.some((c) => c !== 'adapter'))
    throw new FedError('E_FEATURES', 'prior and statistics need at least one feature, got none')
  const largest = Math.max(...CONTRIBUTIONS.map((row) => row.largestAddend?.(spec) ?? 0))
  if (spec.cohort.size * largest > LARGEST_SUM)
    throw new FedError('E_NORM', 'updateNorm or initialVariance is too large for the cohort size')
  if (spec.masks) ringSize({ ...spec, factor: null, masking: { devices: spec.cohort.size } })
  const addOn = residualSpec(spec.adapter)
  const adapter =
    layoutSize(adapterLayout(spec.base.shape, spec.adapter)) +
    (addOn ? layoutSize(adapterLayout(spec.base.shape, addOn)) : 0)
  const directions = Math.min(spec.prior.directions, d)
  const release = adapter + (directions + 2) * d + directions + 1
  // As if a round could move both factors.
  const others = askedRows(spec).map((row) => vectorSize(row, { ...spec, factor: null }))
  const update = adapter + others.reduce((sum, size) => sum + size, 0)
  const sent = spec.cohort.edges ? MAX_DIGITS * update : update
  const bytes = 4 * Math.max(release, sent) + MAX_JSON_BYTES
  if (bytes > MAX_BINARY_BYTES)
    throw new FedError(
      'E_SHAPE',
      `messages of this job may take ${bytes} bytes, the limit is ${MAX_BINARY_BYTES}`,
    )
  const passes = Math.ceil((update * spec.cohort.goal) / MOST_HELD)
  if (spec.robust && isInBlocks(spec.robust) && passes > MOST_PASSES)
    throw new FedError(
      'E_SHAPE',
      `${spec.robust.rule} would read the updates ${passes} times, at most ${MOST_PASSES}: lower cohort.goal`,
    )
}

/** Bytes that an update of a round of this job can have. factor: what the round moves. isEdge: or an edge's sums. */
export const largestUpdate = (spec: JobSpec, factor: Factors | null, isEdge = false): number => {
  const plan = { ...spec, factor }
  if (spec.masks)
    return 4 * ringSize({ ...plan, masking: { devices: spec.cohort.size } }) + MAX_JSON_BYTES
  const sizeOf = (row: ContributionRow) =>
    isEdge ? MAX_DIGITS * summedSize(row, plan) : vectorSize(row, plan)
  const numbers = askedRows(spec).reduce((sum, row) => sum + sizeOf(row), 0)
  return 4 * numbers + MAX_JSON_BYTES
}
