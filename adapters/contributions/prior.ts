/**
 * The prior of the heads: a device sends the moments of its own head (E-step), the server fits the
 * prior to them (M-step).
 */
import { initialPrior, momentsOf, type Prior, priorMStep } from '../aggregate/prior.ts'
import { findPart, type Part } from '../container/container.ts'
import { FedError } from '../errors.ts'
import { triangleSize } from '../math/matrix.ts'
import { norm } from '../math/vector.ts'
import type { ReleaseHeader } from '../wire/containers.ts'
import type { PriorPlan } from '../wire/jobs.ts'
import { featureCount } from '../wire/primitives.ts'
import {
  type ContributionRow,
  checkAsked,
  checkEach,
  checkOnce,
  hasSegment,
  needPart,
  type Release,
} from './contribution.ts'

/** E[w]: [D], and the upper triangle of E[wwᵀ], row by row: [D(D+1)/2]. */
export type HeadMoments = { readonly first: ArrayLike<number>; readonly second: ArrayLike<number> }

/**
 * How far a moment may lie above the first prior: a head this much larger is an attack or a bug.
 */
const MOMENT_FACTOR = 10_000
/** Of a head's weight, in log-odds a standardized unit. */
const LARGEST_MEAN = 1e3
/** Of a head's weight; the first prior's is 2 by default. */
const VARIANCES = { least: 1e-12, most: 1e6 } as const
/** ΦΦᵀ − I, float32 rounding included; beyond it Σ may have negative eigenvalues. */
const ORTHONORMAL_TOLERANCE = 1e-3

export const priorRow: ContributionRow<HeadMoments> = {
  name: 'prior',

  segments: ({ features }) => {
    const d = featureCount(features)
    return [
      { name: 'prior.first', shape: [d] },
      { name: 'prior.second', shape: [triangleSize(d)] },
    ]
  },
  isIn: (header) => hasSegment(header, 'prior.first'),
  releasedSegments: (header) => {
    if (!hasSegment(header, 'prior.mean')) return []
    const d = featureCount(header.features)
    const k = directionsIn(header)
    if (k > d)
      throw new FedError('E_SHAPE', `prior.directions: expected at most ${d} rows, got ${k}`)
    return [
      { name: 'prior.mean', shape: [d] },
      ...(k > 0
        ? [
            { name: 'prior.directions', shape: [k, d] },
            { name: 'prior.variances', shape: [k] },
          ]
        : []),
      { name: 'prior.rest', shape: [1] },
    ]
  },

  make: ({ first, second }) => [
    { name: 'prior.first', shape: [first.length], data: first },
    { name: 'prior.second', shape: [second.length], data: second },
  ],

  checkPresence: (header, plan) => checkAsked(priorRow, header, plan),
  checkValues: (update, { prior }) =>
    checkMoments(
      needPart(update, 'prior.first'),
      needPart(update, 'prior.second'),
      1,
      MOMENT_FACTOR * prior.initialVariance,
    ),
  checkTotal: (total, { features, prior }) => {
    checkOnce('prior', total)
    const d = featureCount(features)
    const { vector, count } = total
    const limit = MOMENT_FACTOR * prior.initialVariance
    checkMoments(vector.subarray(0, d), vector.subarray(d), count, limit)
  },
  largestAddend: ({ prior }) => prior.initialVariance * MOMENT_FACTOR,

  masked: {
    segments: ({ features, prior }) => {
      const d = featureCount(features)
      const { first, second } = maskedNorms(d, prior)
      return [
        { kind: 'rotated', size: d, norm: first },
        { kind: 'rotated', size: triangleSize(d), norm: second },
      ]
    },
    largestWeight: () => 1,
    // The head itself is shortened, so that both moments are still those of one head.
    shorten: (addend, { features, prior }) => {
      const d = featureCount(features)
      const most = maskedNorms(d, prior)
      const first = norm(addend.subarray(0, d))
      const second = norm(addend.subarray(d))
      const share = Math.min(1, most.first / first, Math.sqrt(most.second / second))
      for (let i = 0; i < addend.length; i++) addend[i]! *= i < d ? share : share * share
    },
  },

  // Every device counts once.
  weight: () => 1,
  units: ({ features }) => {
    const d = featureCount(features)
    return [d, triangleSize(d)]
  },
  reference: ({ features, prior }, { release }) => {
    const d = featureCount(features)
    return momentsOf(decodePrior((name) => findPart(release, name), d, prior))
  },

  finish: (total, { features, prior }, { release }) => {
    // Before a scale is released each device measures in its own, and their moments have no common
    // unit.
    if (!hasSegment(release.header, 'statistics.scale')) return null
    const d = featureCount(features)
    const sum = total.sum()
    const moments = { first: sum.subarray(0, d), second: sum.subarray(d) }
    const last = decodePrior((name) => findPart(release, name), d, prior)
    return { parts: encodePrior(priorMStep(last, { ...moments, devices: total.count() }, prior)) }
  },
  checkReleased: (release) => {
    const part = (name: string) => findPart(release, `prior.${name}`) ?? new Float32Array()
    checkEach('prior.mean', part('mean'), -LARGEST_MEAN, LARGEST_MEAN)
    checkEach('prior.variances', part('variances'), VARIANCES.least, VARIANCES.most)
    checkEach('prior.rest', part('rest'), VARIANCES.least, VARIANCES.most)
    checkOrthonormal(part('directions'), featureCount(release.header.features))
  },
}

/** The prior of a release, or the first one where the release has none. */
export const releasedPrior = (release: Release, initialVariance: number): Prior =>
  decodePrior((name) => findPart(release, name), featureCount(release.header.features), {
    initialVariance,
  })

/**
 * Parts of a release, in its order: prior.mean, then prior.directions and prior.variances unless k
 * = 0, then prior.rest.
 */
export const encodePrior = ({ mean, directions, variances, rest }: Prior): Part[] => {
  const k = variances.length
  const parts: Part[] = [{ name: 'prior.mean', shape: [mean.length], data: mean }]
  if (k > 0) {
    parts.push({ name: 'prior.directions', shape: [k, mean.length], data: directions })
    parts.push({ name: 'prior.variances', shape: [k], data: variances })
  }
  parts.push({ name: 'prior.rest', shape: [1], data: [rest] })
  return parts
}

/**
 * The prior in a release whose parts `find` looks up (findPart), or the plan's first prior when it
 * has none.
 * size: D.  E_SHAPE when parts are missing or of another size, E_CONTAINER when a variance is not
 * positive.
 */
export const decodePrior = (
  find: (name: string) => Float32Array | undefined,
  size: number,
  plan: Pick<PriorPlan, 'initialVariance'>,
): Prior => {
  const mean = find('prior.mean')
  if (!mean) return initialPrior(size, plan.initialVariance)
  const variances = find('prior.variances') ?? new Float32Array()
  const directions = find('prior.directions') ?? new Float32Array()
  const rest = find('prior.rest') ?? new Float32Array()
  checkSize('prior.mean', size, mean.length)
  checkSize('prior.directions', variances.length * size, directions.length)
  checkSize('prior.rest', 1, rest.length)
  if (![...variances, rest[0]!].every((v) => v > 0))
    throw new FedError('E_CONTAINER', 'prior: every variance must be positive')
  return {
    mean: Float64Array.from(mean),
    directions: Float64Array.from(directions),
    variances: Float64Array.from(variances),
    rest: rest[0]!,
  }
}

const directionsIn = ({ segments }: ReleaseHeader): number =>
  segments.find(({ name }) => name === 'prior.directions')?.shape[0] ?? 0

/** directions: [k, d]. */
const checkOrthonormal = (directions: Float32Array, d: number): void => {
  const k = directions.length / Math.max(1, d)
  for (let i = 0; i < k; i++)
    for (let j = 0; j <= i; j++) {
      let product = 0
      for (let c = 0; c < d; c++) product += directions[i * d + c]! * directions[j * d + c]!
      if (!(Math.abs(product - (i === j ? 1 : 0)) <= ORTHONORMAL_TOLERANCE))
        throw new FedError('E_NORM', `release: prior.directions ${j} and ${i} are not orthonormal`)
    }
}

/**
 * Of so many heads together. E[wwᵀ] of any has a diagonal of at least E[w]², and no entry above what its
 * diagonal allows; both hold for sums too (Cauchy-Schwarz). limit: of one head. Fails with E_NORM.
 */
const checkMoments = (
  first: ArrayLike<number>,
  second: ArrayLike<number>,
  heads: number,
  limit: number,
): void => {
  const d = first.length
  const diagonal = Float64Array.from(first, (_, i) => second[rowStart(i, d)]!)
  const within = (product: number) => Math.sqrt(product * (1 + 1e-3)) + 1e-3 * heads
  for (let i = 0; i < d; i++) {
    const square = diagonal[i]!
    if (square < 0 || square > heads * limit || Math.abs(first[i]!) > within(heads * square))
      throw new FedError('E_NORM', `prior: moments of feature ${i} are out of bounds`)
  }
  for (let i = 0, at = 0; i < d; i++)
    for (let j = i; j < d; j++, at++)
      if (Math.abs(second[at]!) > within(diagonal[i]! * diagonal[j]!))
        throw new FedError('E_NORM', `prior: the moment of features ${i} and ${j} is out of bounds`)
}

/**
 * How long a head's moments may be in a masked round, where nobody can look at them: a head four times
 * as long as one of the first prior's.
 */
const maskedNorms = (d: number, { initialVariance }: PriorPlan) => ({
  first: 4 * Math.sqrt(initialVariance * d),
  second: 16 * initialVariance * d,
})

/** Where row i of an upper triangle starts: its diagonal element. */
const rowStart = (i: number, d: number): number => i * d - (i * (i - 1)) / 2

const checkSize = (what: string, expected: number, got: number): void => {
  if (expected !== got)
    throw new FedError('E_SHAPE', `${what}: expected ${expected} numbers, got ${got}`)
}
