/**
 * Standardization of the joint feature space: from sums over devices to the released scale. One
 * function, used by both sides.
 */
import { FedError } from '../errors.ts'
import { type FeatureSpace, featureCount, featureGroups } from '../wire/primitives.ts'

/** Over features centred within their request. count: how many vectors; sum, sumSquares: [D]. */
export type FeatureStatistics = {
  readonly count: number
  readonly sum: ArrayLike<number>
  readonly sumSquares: ArrayLike<number>
}

/** A feature that varies less than this, in its own unit, is taken as constant. */
const MIN_STD = 1e-6

/**
 * Where one dimension of a group varies more than this many times the group's median, it counts as
 * so many: a few dimensions of a model's states are hundreds of times as large as the rest.
 */
const MAX_MEDIANS = 3

/**
 * What multiplies a raw feature. The named features have a total variance of 1, pooled states and
 * words of 1 together, however many they are.
 * - named: each has the same variance, 1 / (std·√size), since their units differ.
 * - pooled, words: half the variance each, by one factor for the whole group, so that what varies more
 *   counts for more; outlying dimensions are cut to MAX_MEDIANS. In spaces without words pooled states
 *   are treated as named features, as they were when those spaces were made.
 * 0 for a constant feature. -> [D]. E_SHAPE when the sizes are not those of the space.
 */
export const scaleFromStatistics = (
  { count, sum, sumSquares }: FeatureStatistics,
  space: FeatureSpace,
): Float64Array => {
  const size = featureCount(space)
  for (const [name, values] of Object.entries({ sum, sumSquares }))
    if (values.length !== size)
      throw new FedError(
        'E_SHAPE',
        `statistics.${name}: expected ${size} numbers, got ${values.length}`,
      )
  const scale = new Float64Array(size)
  if (!(count > 0)) return scale
  const std = scale.map((_, i) => {
    const mean = sum[i]! / count
    return Math.sqrt(Math.max(0, sumSquares[i]! / count - mean * mean))
  })
  let start = 0
  for (const group of featureGroups(space)) {
    const isWhole = space.words !== undefined && group.name !== 'named'
    const scaled = isWhole ? wholeGroup : eachAlone
    scale.set(scaled(std.subarray(start, start + group.size)), start)
    start += group.size
  }
  return scale
}

const eachAlone = (std: Float64Array): Float64Array =>
  std.map((s) => (s > MIN_STD ? 1 / (s * Math.sqrt(std.length)) : 0))

const wholeGroup = (std: Float64Array): Float64Array => {
  const varying = std.filter((s) => s > MIN_STD).sort()
  const most = MAX_MEDIANS * (varying[varying.length >> 1] ?? 0)
  const variance = varying.reduce((sum, s) => sum + Math.min(s, most) ** 2, 0)
  return std.map((s) => (s > MIN_STD ? Math.min(1, most / s) / Math.sqrt(2 * variance) : 0))
}
