/**
 * The prior of the heads: a device sends the moments of its own head (E-step), the server fits the
 * prior to them (M-step).
 */
import { initialPrior, momentsOf, type Prior, priorMStep } from '../aggregate/prior.ts'
import {
  type HeadWithin,
  headClipFor,
  momentsWithin,
  priorMStepWithin,
} from '../aggregate/prior-directions.ts'
import { findPart, type Part } from '../container/container.ts'
import { FedError } from '../errors.ts'
import { triangleSize } from '../math/matrix.ts'
import { norm, scaleBy } from '../math/vector.ts'
import type { ReleaseHeader } from '../wire/containers.ts'
import type { PriorPlan } from '../wire/jobs.ts'
import { featureCount } from '../wire/primitives.ts'
import {
  type ContributionRow,
  checkAsked,
  checkEach,
  checkOnce,
  type Frame,
  hasSegment,
  needPart,
  type Release,
  type RoundPlan,
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

export const priorRow: ContributionRow<HeadMoments | HeadWithin> = {
  name: 'prior',

  segments: (frame) => {
    const size = dimensionsOf(frame)
    return [
      { name: 'prior.first', shape: [size] },
      { name: 'prior.second', shape: [triangleSize(size)] },
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

  make: (made, { prior }) => {
    const { first, second } = 'v' in made ? momentsWithin(made, headClip(prior)) : made
    return [
      { name: 'prior.first', shape: [first.length], data: first },
      { name: 'prior.second', shape: [second.length], data: second },
    ]
  },

  checkPresence: (header, plan) => {
    checkAsked(priorRow, header, plan)
    if (priorRow.isIn(header) && dimensionsOf(header) !== dimensionsOf(plan))
      throw new FedError(
        'E_SHAPE',
        `prior: expected moments in ${dimensionsOf(plan)} dimensions, got ${dimensionsOf(header)}`,
      )
  },
  checkValues: (update, { prior }) =>
    checkHeads(needPart(update, 'prior.first'), needPart(update, 'prior.second'), 1, prior),
  checkTotal: (total, plan) => {
    checkOnce('prior', total)
    const { first, second } = momentsIn(total.vector, plan)
    checkHeads(first, second, total.count, plan.prior)
  },
  largestAddend: ({ prior }) =>
    isWithin(prior) ? headClip(prior) : prior.initialVariance * MOMENT_FACTOR,

  masked: {
    segments: (plan) => {
      const size = dimensionsOf(plan)
      const { first, second } = maskedNorms(plan)
      return [
        { kind: 'rotated', size, norm: first },
        { kind: 'rotated', size: triangleSize(size), norm: second },
      ]
    },
    largestWeight: () => 1,
    // The head itself is shortened, so that both moments are still those of one head. In directions it
    // has been, by its device.
    shorten: (addend, plan) => {
      if (isWithin(plan.prior)) return
      const most = maskedNorms(plan)
      const { first, second } = momentsIn(addend, plan)
      const share = Math.min(1, most.first / norm(first), Math.sqrt(most.second / norm(second)))
      scaleBy(first, share)
      scaleBy(second, share * share)
    },
  },

  // Every device counts once.
  weight: () => 1,
  units: (frame) => {
    const size = dimensionsOf(frame)
    return [size, triangleSize(size)]
  },
  reference: (plan, { release }) => {
    const size = dimensionsOf(plan)
    // Moments in directions are differences from the last prior already.
    if (isWithin(plan.prior)) return new Float64Array(size + triangleSize(size))
    return momentsOf(decodePrior((name) => findPart(release, name), size, plan.prior))
  },

  finish: (total, plan, { release }) => {
    const { features, prior } = plan
    if (!canUseMoments(release, prior)) return null
    const sums = { ...momentsIn(total.sum(), plan), devices: total.count() }
    const last = decodePrior((name) => findPart(release, name), featureCount(features), prior)
    const next = isWithin(prior)
      ? priorMStepWithin(last, sums, prior, headClip(prior))
      : priorMStep(last, sums, prior)
    return { parts: encodePrior(next) }
  },
  checkReleased: (release) => {
    const part = (name: string) => findPart(release, `prior.${name}`) ?? new Float32Array()
    checkEach('prior.mean', part('mean'), -LARGEST_MEAN, LARGEST_MEAN)
    checkEach('prior.variances', part('variances'), VARIANCES.least, VARIANCES.most)
    checkEach('prior.rest', part('rest'), VARIANCES.least, VARIANCES.most)
    checkOrthonormal(part('directions'), featureCount(release.header.features))
  },
}

/** Whether devices are asked for moments in the released directions. */
export const isWithin = ({ moments }: Pick<PriorPlan, 'moments'>): boolean =>
  moments === 'directions'

/** How long a head in directions may be, and its moments, each of the two. */
const headClip = ({ clip, initialVariance }: PriorPlan): number =>
  clip === undefined ? Math.sqrt(MOMENT_FACTOR * initialVariance) : headClipFor(clip)

/**
 * Whether moments of a round that begins from this release have a common unit: before a scale is released each
 * device measures in its own; and directions must be as many as the job's.
 */
export const canUseMoments = ({ header }: Pick<Release, 'header'>, plan: PriorPlan): boolean =>
  hasSegment(header, 'statistics.scale') &&
  (!isWithin(plan) ||
    directionsIn(header) === Math.min(plan.directions, featureCount(header.features)))

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

/** How many dimensions the moments are in. */
const dimensionsOf = ({ features, prior, directions }: Frame): number => {
  const asked = prior && isWithin(prior) ? prior.directions : directions
  const most = featureCount(features)
  return Math.min(most, asked ?? most)
}

/** A row's vector as its two parts. */
const momentsIn = (vector: Float64Array, frame: Frame) => {
  const size = dimensionsOf(frame)
  return { first: vector.subarray(0, size), second: vector.subarray(size) }
}

/** Of so many heads together. Fails with E_NORM. */
const checkHeads = (
  first: Float32Array | Float64Array,
  second: Float32Array | Float64Array,
  heads: number,
  prior: PriorPlan,
): void => {
  if (!isWithin(prior)) {
    checkMoments(first, second, heads, MOMENT_FACTOR * prior.initialVariance)
    return
  }
  const most = heads * headClip(prior) * (1 + 1e-3)
  for (const [name, moments] of Object.entries({ first, second }))
    if (!(norm(moments) <= most))
      throw new FedError('E_NORM', `prior.${name} is ${norm(moments)} long, at most ${most}`)
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
const maskedNorms = ({ features, prior }: Pick<RoundPlan, 'features' | 'prior'>) => {
  if (isWithin(prior)) return { first: headClip(prior), second: headClip(prior) }
  const d = featureCount(features)
  return {
    first: 4 * Math.sqrt(prior.initialVariance * d),
    second: 16 * prior.initialVariance * d,
  }
}

/** Where row i of an upper triangle starts: its diagonal element. */
const rowStart = (i: number, d: number): number => i * d - (i * (i - 1)) / 2

const checkSize = (what: string, expected: number, got: number): void => {
  if (expected !== got)
    throw new FedError('E_SHAPE', `${what}: expected ${expected} numbers, got ${got}`)
}
