/**
 * The feature space of the reward head: pooled states, shares of common words, named features.
 */
import type { FeatureStatistics } from '../../adapters/aggregate/statistics.ts'
import { FedError } from '../../adapters/errors.ts'
import { type FeatureSpace, featureCount } from '../../adapters/wire/primitives.ts'
import { FEATURE_NAMES } from '../text/named-features.ts'
import { WORD_LIST } from '../text/word-shares.ts'

/** hidden: size of the local model's states; 0 for features of the text only. */
export const featureSpace = (hidden: number): FeatureSpace => ({
  pooled: hidden,
  words: { ...WORD_LIST },
  named: [...FEATURE_NAMES],
})

/** What the features of one answer are made of, besides its pooled state. */
export type TextFeatures = { readonly words: Float64Array; readonly named: Float64Array }

/** [pooled, words, named] -> [D], unscaled; words only where the space has them. */
export const rawFeatures = (
  space: FeatureSpace,
  pooled: ArrayLike<number>,
  { words, named }: TextFeatures,
): Float64Array => {
  const raw = new Float64Array(featureCount(space))
  raw.set(pooled)
  if (space.words) raw.set(words, space.pooled)
  raw.set(named, raw.length - named.length)
  return raw
}

/**
 * Counts and sums over candidates, each centred within its request; input of scaleFromStatistics
 * (adapters/aggregate). groups: for each request, the raw features [D] of its candidates. Requests
 * with fewer than two candidates are skipped, since they contain no differences. Fails with E_SHAPE
 * if sizes differ, E_DATA if there are no vectors at all.
 */
export const featureStatistics = (
  groups: readonly (readonly Float64Array[])[],
): FeatureStatistics & { readonly sum: Float64Array; readonly sumSquares: Float64Array } => {
  const size = groups.find((g) => g.length > 0)?.[0]?.length
  if (size === undefined)
    throw new FedError('E_DATA', 'feature statistics need at least one candidate, got none')
  const sum = new Float64Array(size)
  const sumSquares = new Float64Array(size)
  let total = 0
  for (const group of groups.filter((g) => g.length > 1)) {
    for (const v of centred(group)) {
      for (let j = 0; j < size; j++) {
        sum[j]! += v[j]!
        sumSquares[j]! += v[j]! * v[j]!
      }
    }
    total += group.length
  }
  return { count: total, sum, sumSquares }
}

/**
 * raw ∘ scale: [D]. Not centred, because the centre cancels in every difference within a request.
 */
export const standardize = (raw: Float64Array, scale: Float64Array): Float64Array => {
  if (raw.length !== scale.length)
    throw new FedError('E_SHAPE', `features have ${raw.length} numbers, the scale ${scale.length}`)
  return raw.map((v, j) => v * scale[j]!)
}

/** Each vector minus the mean of its group. Fails with E_SHAPE if sizes differ. */
export const centred = (group: readonly Float64Array[]): Float64Array[] => {
  const size = group[0]?.length ?? 0
  const mean = new Float64Array(size)
  for (const v of group) {
    if (v.length !== size)
      throw new FedError('E_SHAPE', `candidates must have ${size} features each, got ${v.length}`)
    for (let j = 0; j < size; j++) mean[j]! += v[j]! / group.length
  }
  return group.map((v) => v.map((x, j) => x - mean[j]!))
}
