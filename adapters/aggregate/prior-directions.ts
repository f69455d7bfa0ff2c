/**
 * The prior in its own directions: v = Φ(w − μ), [k]. Once directions have settled, moments of v are
 * enough: k(k+3)/2 numbers of a device, where moments of w are D(D+3)/2. They are told as a difference from
 * the prior, so that a device that knows nothing adds zero, and in units of a clip norm C, so that what a
 * device can add has a known length, which differential privacy needs.
 */
import { FedError } from '../errors.ts'
import { matrix, multiply, orthonormalizeRows, triangleSize } from '../math/matrix.ts'
import { dot, norm } from '../math/vector.ts'
import type { PriorPlan } from '../wire/jobs.ts'
import { type Prior, type PriorSums, priorMStep } from './prior.ts'

/**
 * A head in the directions of its prior. v: [k]. change: [k(k+1)/2], the upper triangle, row by row, of
 * ΦSΦᵀ − diag(λ), where S is the covariance of the head's posterior.
 */
export type HeadWithin = { readonly v: Float64Array; readonly change: Float64Array }

/**
 * v: [k], at most C long. second: [k(k+1)/2], the upper triangle of M = (E[vvᵀ] − diag(λ)) / C, what is off its
 * diagonal times √2: its length is ‖M‖, Frobenius, and at most C.
 */
type MomentsWithin = { readonly first: Float64Array; readonly second: Float64Array }

/** The C with which the two parts together are at most so long: each is at most C. */
export const headClipFor = (length: number): number => length / Math.SQRT2

/**
 * The moments of a head that is first shortened to C: its own square is then within C², and the
 * covariance with it.
 */
export const momentsWithin = ({ v, change }: HeadWithin, clip: number): MomentsWithin => {
  const first = shortened(v, clip)
  const second = new Float64Array(change.length)
  for (let i = 0, at = 0; i < v.length; i++)
    for (let j = i; j < v.length; j++, at++)
      second[at] = ((first[i]! * first[j]! + change[at]!) / clip) * packing(i, j)
  return { first, second: shortened(second, clip) }
}

/** w: [D] -> v: [k]. E_SHAPE when sizes disagree. */
export const coordinatesWithin = ({ mean, directions, variances }: Prior, w: Float64Array) => {
  const size = mean.length
  if (w.length !== size)
    throw new FedError('E_SHAPE', `a head must have ${size} numbers, got ${w.length}`)
  const fromMean = w.map((x, i) => x - mean[i]!)
  return variances.map((_, k) => dot(directions.subarray(k * size, (k + 1) * size), fromMean))
}

/** A prior as it is in its own coordinates: N(0, diag(λ)). */
const priorWithin = ({ variances, rest }: Prior): Prior => {
  const k = variances.length
  const directions = new Float64Array(k * k)
  for (let i = 0; i < k; i++) directions[i * k + i] = 1
  return { mean: new Float64Array(k), directions, variances, rest }
}

/**
 * The M-step of prior.ts within the directions. They turn among themselves, the mean moves in them, and the
 * rest stays. A variance is at least the rest's: a direction of less would be none. sums: of
 * MomentsWithin at this clip. E_SHAPE when sizes disagree.
 */
export const priorMStepWithin = (
  last: Prior,
  sums: PriorSums,
  plan: PriorPlan,
  clip: number,
): Prior => {
  const k = last.variances.length
  if (sums.second.length !== triangleSize(k))
    throw new FedError(
      'E_SHAPE',
      `prior.second: expected ${triangleSize(k)} numbers, got ${sums.second.length}`,
    )
  const second = new Float64Array(triangleSize(k))
  for (let i = 0, at = 0; i < k; i++)
    for (let j = i; j < k; j++, at++)
      second[at] =
        (sums.second[at]! * clip) / packing(i, j) +
        (i === j ? sums.devices * last.variances[i]! : 0)
  const next = priorMStep(priorWithin(last), { ...sums, second }, { ...plan, directions: k })
  return { ...outside(last, next), rest: last.rest }
}

/** A prior over v as one over w. */
const outside = (last: Prior, within: Prior): Omit<Prior, 'rest'> => {
  const size = last.mean.length
  const k = last.variances.length
  const basis = matrix(k, size, last.directions)
  const turned = multiply(matrix(k, k, within.directions), basis)
  // float32 in the release, or float16, would add up over rounds.
  orthonormalizeRows(turned)
  const shift = multiply(matrix(1, k, within.mean), basis).data
  return {
    mean: last.mean.map((m, i) => m + shift[i]!),
    directions: turned.data,
    variances: within.variances.map((v) => Math.max(v, last.rest)),
  }
}

const packing = (i: number, j: number): number => (i === j ? 1 : Math.SQRT2)

const shortened = (vector: Float64Array, most: number): Float64Array => {
  const length = norm(vector)
  return length <= most ? vector : vector.map((x) => (x * most) / length)
}
