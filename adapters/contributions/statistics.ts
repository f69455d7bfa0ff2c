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

  // Means over its vectors, as of one: how many they are is nobody's business.
  make: ({ count, sum, sumSquares }) => {
    const means = (values: ArrayLike<number>) =>
      Float64Array.from(values, (x) => (count > 0 ? x / count : 0))
    return [
      { name: 'statistics.count', shape: [1], data: [count > 0 ? 1 : 0] },
      { name: 'statistics.sum', shape: [sum.length], data: means(sum) },
      { name: 'statistics.sumSquares', shape: [sum.length], data: means(sumSquares) },
    ]
  },

  checkPresence: (header, plan) => checkAsked(statisticsRow, header, plan),
  checkValues: (update, { cohort }) =>
    checkSums(
      needPart(update, 'statistics.count')[0] ?? 0,
      needPart(update, 'statistics.sum'),
      needPart(update, 'statistics.sumSquares'),
      { devices: 1, count: LARGEST_COUNT, cohort: cohort.size },
    ),
  checkTotal: (total, { features, cohort }) => {
    checkOnce('statistics', total)
    const d = featureCount(features)
    const [sum, squares] = [total.vector.subarray(1, 1 + d), total.vector.subarray(1 + d)]
    // Each device adds one.
    const { count } = total
    checkSums(total.vector[0]!, sum, squares, { devices: count, count, cohort: cohort.size })
  },

  // Every device counts once, whatever it claims to have counted: 1, no sum, and the variance of each
  // feature. Features are centred, so the sums of honest devices are zero.
  addend: (vector) => {
    const d = (vector.length - 1) / 2
    const count = vector[0]!
    if (count === 0) return null
    const addend = new Float32Array(vector.length)
    addend[0] = 1
    for (let i = 1; i <= d; i++)
      addend[d + i] = Math.max(0, vector[d + i]! / count - (vector[i]! / count) ** 2)
    return addend
  },
  weight: () => 1,
  masked: {
    segments: ({ features }) => [{ kind: 'wide', size: 1 + 2 * featureCount(features) }],
    largestWeight: () => 1,
  },
  // The sums are zero and have none.
  units: ({ features }) => {
    const d = featureCount(features)
    return [1, d, ...new Array<number>(d).fill(1)]
  },

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

/** Of so many devices together; most.count: what they may say that they have counted. Fails with E_NORM. */
const checkSums = (
  count: number,
  sum: ArrayLike<number>,
  squares: ArrayLike<number>,
  most: { readonly devices: number; readonly count: number; readonly cohort: number },
): void => {
  // A whole cohort of such updates must fit the exact sum, or one device could make every round
  // fail.
  const limit = (most.devices * LARGEST_SUM) / most.cohort
  if (!Number.isInteger(count) || count < 0 || count > most.count)
    throw new FedError(
      'E_NORM',
      `statistics: count must be a whole number up to ${most.count}, got ${count}`,
    )
  for (let i = 0; i < squares.length; i++) {
    const square = squares[i]!
    // Cauchy-Schwarz: (Σx)² ≤ n·Σx², also of sums.
    const bound = Math.sqrt(count * square * (1 + 1e-3)) + 1e-3 * most.devices
    if (square < 0 || square > limit || Math.abs(sum[i]!) > bound)
      throw new FedError('E_NORM', `statistics: sums of feature ${i} are out of bounds`)
  }
}
