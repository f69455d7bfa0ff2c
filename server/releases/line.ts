/** A line of releases: which devices belong to it, and how large its messages are. */
import { FedError } from '../../adapters/errors.ts'
import { adapterLayout, layoutSize } from '../../adapters/lora/layout.ts'
import { triangleSize } from '../../adapters/math/matrix.ts'
import type { JobSpec } from '../../adapters/wire/jobs.ts'
import {
  type BaseModel,
  type FeatureSpace,
  featureCount,
  MAX_BINARY_BYTES,
  MAX_JSON_BYTES,
} from '../../adapters/wire/primitives.ts'

export const isSameFeatures = (a: FeatureSpace, b: FeatureSpace): boolean =>
  a.pooled === b.pooled && JSON.stringify(a.named) === JSON.stringify(b.named)

/** Names are labels: bytes decide. */
export const isSameBase = (a: BaseModel, b: BaseModel): boolean =>
  a.weights === b.weights && a.tokenizer === b.tokenizer

/** Largest Σ max|addend| that a fold takes (adapters/aggregate/exact-sum.ts). */
export const LARGEST_SUM = 2 ** 42
/** How far a moment may lie above the first prior: a head this much larger is an attack or a bug, not a taste. */
export const MOMENT_FACTOR = 10_000

/** Fails with E_SHAPE when releases or updates could not be sent, E_NORM when allowed updates could not be summed exactly. */
export const checkJobSize = (spec: JobSpec): void => {
  const d = featureCount(spec.features)
  if (d === 0 && spec.contributions.some((c) => c !== 'adapter'))
    throw new FedError('E_FEATURES', 'prior and statistics need at least one feature, got none')
  const { training, cohort, prior } = spec
  if (
    cohort.size * training.updateNorm * training.maxPairs > LARGEST_SUM ||
    cohort.size * prior.initialVariance * MOMENT_FACTOR > LARGEST_SUM
  )
    throw new FedError('E_NORM', 'updateNorm or initialVariance is too large for the cohort size')
  const adapter = layoutSize(adapterLayout(spec.base.shape, spec.adapter))
  const directions = Math.min(spec.prior.directions, d)
  const release = adapter + (directions + 2) * d + directions + 1
  const update = adapter + triangleSize(d) + 3 * d + 1
  const bytes = 4 * Math.max(release, update) + MAX_JSON_BYTES
  if (bytes > MAX_BINARY_BYTES)
    throw new FedError(
      'E_SHAPE',
      `messages of this job may take ${bytes} bytes, the limit is ${MAX_BINARY_BYTES}`,
    )
}
