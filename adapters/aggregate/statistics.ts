/**
 * Standardization of the joint feature space: from sums over devices to the released scale. One
 * function, used by both sides.
 */
import { FedError } from '../errors.ts'
import type { FeatureSpace } from '../wire/primitives.ts'

/** Over features centred within their request. count: how many vectors; sum, sumSquares: [D]. */
export type FeatureStatistics = {
  readonly count: number
  readonly sum: ArrayLike<number>
  readonly sumSquares: ArrayLike<number>
}

/** A feature that varies less than this, in its own unit, is taken as constant. */
const LEAST_STD = 1e-6

/**
 * What multiplies a raw feature: 1 / (std·√groupSize), so that the pooled states and the named
 * features have a total variance of at most 1 each, however many they are; 0 for a constant
 * feature.  -> [D].  E_SHAPE when the sizes are not those of the space.
 */
export const scaleFromStatistics = (
  { count, sum, sumSquares }: FeatureStatistics,
  space: FeatureSpace,
): Float64Array => {
  const size = space.pooled + space.named.length
  for (const [name, values] of Object.entries({ sum, sumSquares }))
    if (values.length !== size)
      throw new FedError(
        'E_SHAPE',
        `statistics.${name}: expected ${size} numbers, got ${values.length}`,
      )
  const scale = new Float64Array(size)
  if (!(count > 0)) return scale
  for (let i = 0; i < size; i++) {
    const mean = sum[i]! / count
    const std = Math.sqrt(Math.max(0, sumSquares[i]! / count - mean * mean))
    const groupSize = i < space.pooled ? space.pooled : space.named.length
    if (std > LEAST_STD) scale[i] = 1 / (std * Math.sqrt(groupSize))
  }
  return scale
}
