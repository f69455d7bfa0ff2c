/** What releases of one lineage share; each has the number of the one before it and one more. */

import { type AdapterSpec, MODULES } from '../lora/spec.ts'
import { sha256Hex } from '../node/sha256.ts'
import type { JobSpec } from './jobs.ts'
import type { BaseModel, FeatureSpace } from './primitives.ts'

type LineageKey = Pick<JobSpec, 'base' | 'adapter' | 'exitLayer' | 'features'>

/**
 * 32 hexadecimal digits over base weights, tokenizer, adapter spec, exit layer and feature space.
 */
export const lineIdOf = ({ base, adapter, exitLayer, features }: LineageKey): string =>
  sha256Hex(
    new TextEncoder().encode(
      JSON.stringify([
        base.weights,
        base.tokenizer,
        adapterKey(adapter),
        exitLayer,
        features.pooled,
        features.named,
        ...(features.words ? [features.words] : []),
      ]),
    ),
  ).slice(0, 32)

/** Names are labels: bytes decide. */
export const isSameBase = (a: BaseModel, b: BaseModel): boolean =>
  a.weights === b.weights && a.tokenizer === b.tokenizer

export const isSameShape = ({ shape: a }: BaseModel, { shape: b }: BaseModel): boolean =>
  (Object.keys(a) as (keyof typeof a)[]).every((size) => a[size] === b[size])

export const isSameFeatures = (a: FeatureSpace, b: FeatureSpace): boolean =>
  a.pooled === b.pooled &&
  JSON.stringify(a.named) === JSON.stringify(b.named) &&
  a.words?.list === b.words?.list &&
  a.words?.count === b.words?.count

/** The same as version 0.1 has it. */
export const withoutWords = ({ words: _, ...space }: FeatureSpace): FeatureSpace => space

/** Whether a device whose own space is `own` can compute these features. */
export const canCompute = (space: FeatureSpace, own: FeatureSpace): boolean =>
  [own, withoutWords(own)].some((one) => isSameFeatures(one, space))

/** The order in which modules are listed means nothing. */
export const isSameAdapter = (a: AdapterSpec, b: AdapterSpec): boolean =>
  JSON.stringify(adapterKey(a)) === JSON.stringify(adapterKey(b))

const adapterKey = (spec: AdapterSpec) => [
  spec.firstLayer,
  spec.endLayer,
  MODULES.filter((module) => spec.modules.includes(module)),
  spec.rank,
  spec.alpha,
  ...(spec.residual === undefined ? [] : [spec.residual]),
]
