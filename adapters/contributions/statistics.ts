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
  checkOnce,
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
  checkValues: (update, { cohort }) =>
    checkSums(
      needPart(update, 'statistics.count')[0] ?? 0,
      needPart(update, 'statistics.sum'),
      needPart(update, 'statistics.sumSquares'),
      { devices: 1, cohort: cohort.size },
    ),
  checkTotal: (total, { features, cohort }) => {
    checkOnce('statistics', total)
    const d = featureCount(features)
    const [sum, squares] = [total.vector.subarray(1, 1 + d), total.vector.subarray(1 + d)]
    checkSums(total.vector[0]!, sum, squares, { devices: total.count, cohort: cohort.size })
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

/** Of so many devices together. Fails with E_NORM. */
const checkSums = (
  count: number,
  sum: ArrayLike<number>,
  squares: ArrayLike<number>,
  { devices, cohort }: { readonly devices: number; readonly cohort: number },
): void => {
  // A whole cohort of such updates must fit the exact sum, or one device could make every round
  // fail.
  const limit = (devices * LARGEST_SUM) / cohort
  if (count < 0 || count > devices * LARGEST_COUNT)
    throw new FedError(
      'E_NORM',
      `statistics: count must be 0 to ${devices * LARGEST_COUNT}, got ${count}`,
    )
  for (let i = 0; i < squares.length; i++) {
    const square = squares[i]!
    // Cauchy-Schwarz: (Σx)² ≤ n·Σx², also of sums.
    const most = Math.sqrt(count * square * (1 + 1e-3)) + 1e-3 * devices
    if (square < 0 || square > limit || Math.abs(sum[i]!) > most)
      throw new FedError('E_NORM', `statistics: sums of feature ${i} are out of bounds`)
  }
}
