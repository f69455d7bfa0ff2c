/**
 * Feature statistics: a device sends counts and sums over its centred features, the server makes
 * the scale of them.
 */
import { LARGEST_SUM } from '../aggregate/exact-sum.ts'
import { type FeatureStatistics, scaleFromStatistics } from '../aggregate/statistics.ts'
import { findPart } from '../container/container.ts'
import { FedError } from '../errors.ts'
import { featureCount } from '../wire/primitives.ts'
import {
  type ContributionRow,
  checkAsked,
  checkEach,
  coarseCount,
  hasSegment,
  needPart,
} from './contribution.ts'

const LARGEST_COUNT = 10_000_000
/**
 * What multiplies a raw feature is 1 / (std·√groupSize), and a feature with a std below 1e-6 is
 * constant.
 */
const LARGEST_SCALE = 1e6

export const statisticsRow: ContributionRow<FeatureStatistics> = {
  name: 'statistics',

  segments: ({ features }) => {
    const d = featureCount(features)
    return [
      { name: 'statistics.count', shape: [1] },
      { name: 'statistics.sum', shape: [d] },
      { name: 'statistics.sumSquares', shape: [d] },
    ]
  },
  isIn: (header) => hasSegment(header, 'statistics.count'),
  releasedSegments: (header) =>
    hasSegment(header, 'statistics.scale')
      ? [{ name: 'statistics.scale', shape: [featureCount(header.features)] }]
      : [],

  // The count is coarse, and the sums shrink with it.
  make: ({ count, sum, sumSquares }) => {
    const reported = coarseCount(count)
    const share = count > 0 ? reported / count : 1
    const scaled = (values: ArrayLike<number>) => Float64Array.from(values, (x) => x * share)
    return [
      { name: 'statistics.count', shape: [1], data: [reported] },
      { name: 'statistics.sum', shape: [sum.length], data: scaled(sum) },
      { name: 'statistics.sumSquares', shape: [sum.length], data: scaled(sumSquares) },
    ]
  },

  checkPresence: (header, plan) => checkAsked(statisticsRow, header, plan),
  checkValues: (update, { cohort }) => {
    const [count = 0] = needPart(update, 'statistics.count')
    const sum = needPart(update, 'statistics.sum')
    const squares = needPart(update, 'statistics.sumSquares')
    // A whole cohort of such updates must fit the exact sum, or one device could make every round
    // fail.
    const limit = LARGEST_SUM / cohort.size
    if (count < 0 || count > LARGEST_COUNT)
      throw new FedError('E_NORM', `statistics: count must be 0 to ${LARGEST_COUNT}`)
    // Cauchy-Schwarz: (Σx)² ≤ n·Σx².
    const wrong = squares.findIndex(
      (s, i) => s < 0 || s > limit || sum[i]! ** 2 > count * s * (1 + 1e-3) + 1e-6,
    )
    if (wrong >= 0)
      throw new FedError('E_NORM', `statistics: sums of feature ${wrong} are out of bounds`)
  },

  // Every device counts once.
  weight: () => 1,

  finish: (total, { features }, { release }) => {
    // The scale is the prior's coordinate system: once there is a prior, its scale stays.
    const hasPrior = hasSegment(release.header, 'prior.mean')
    if (hasPrior && hasSegment(release.header, 'statistics.scale')) return null
    const d = featureCount(features)
    const all = total.sum()
    const count = all[0]!
    // No device had two candidates to compare: there is nothing to measure a scale on.
    if (count === 0) return null
    const totals = { count, sum: all.subarray(1, 1 + d), sumSquares: all.subarray(1 + d) }
    const data = scaleFromStatistics(totals, features)
    return { parts: [{ name: 'statistics.scale', shape: [d], data }] }
  },
  checkReleased: (release) =>
    checkEach('statistics.scale', findPart(release, 'statistics.scale') ?? [], 0, LARGEST_SCALE),
}
