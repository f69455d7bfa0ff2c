/** A line of releases: which jobs and devices belong to it, and how large its messages are. */
import { sha256Hex } from '../../adapters/codec/digest.ts'
import { featureCount, triangleSize } from '../../adapters/codec/segments.ts'
import { FedError } from '../../adapters/errors.ts'
import { adapterLayout, layoutSize } from '../../adapters/lora/layout.ts'
import { type AdapterSpec, MODULES } from '../../adapters/lora/spec.ts'
import type { JobSpec } from '../../adapters/wire/jobs.ts'
import {
  type BaseModel,
  type FeatureSpace,
  MAX_BINARY_BYTES,
  MAX_JSON_BYTES,
} from '../../adapters/wire/primitives.ts'

type LineKey = Pick<JobSpec, 'base' | 'adapter' | 'exitLayer' | 'features'>

/** 32 hexadecimal digits over base weights, tokenizer, adapter spec, exit layer and feature space. */
export const lineIdOf = ({ base, adapter, exitLayer, features }: LineKey): string =>
  sha256Hex(
    new TextEncoder().encode(
      JSON.stringify([
        base.weights,
        base.tokenizer,
        adapterKey(adapter),
        exitLayer,
        features.pooled,
        features.named,
      ]),
    ),
  ).slice(0, 32)

/** The order in which modules are listed means nothing. */
export const isSameAdapter = (a: AdapterSpec, b: AdapterSpec): boolean =>
  JSON.stringify(adapterKey(a)) === JSON.stringify(adapterKey(b))

export const isSameFeatures = (a: FeatureSpace, b: FeatureSpace): boolean =>
  a.pooled === b.pooled && JSON.stringify(a.named) === JSON.stringify(b.named)

/** Names are labels: bytes decide. */
export const isSameBase = (a: BaseModel, b: BaseModel): boolean =>
  a.weights === b.weights && a.tokenizer === b.tokenizer

/** Largest Σ max|addend| that a fold takes (adapters/aggregate/fold.ts). */
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

const adapterKey = (spec: AdapterSpec) => [
  spec.firstLayer,
  spec.endLayer,
  MODULES.filter((module) => spec.modules.includes(module)),
  spec.rank,
  spec.alpha,
]
