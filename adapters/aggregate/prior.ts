/**
 * The population's prior over head weights, w ~ N(μ, Σ), Σ = Φᵀ·diag(λ)·Φ + ρ·(I − ΦᵀΦ): empirical
 * Bayes by EM. The E-step is each device's Laplace posterior; this is the M-step, which needs only
 * sums over devices.
 */
import { FedError } from '../errors.ts'
import { leadingEigen } from '../math/eigen.ts'
import { type Matrix, matrix, row, triangleSize } from '../math/matrix.ts'
import type { PriorPlan } from '../wire/jobs.ts'

/** D features, k directions (0 ≤ k ≤ D). */
export type Prior = {
  /** μ: [D]. */
  readonly mean: Float64Array
  /** Φ: [k, D], orthonormal rows. */
  readonly directions: Float64Array
  /** λ: [k], falling, positive. */
  readonly variances: Float64Array
  /** ρ > 0: variance in every direction outside Φ. */
  readonly rest: number
}

/** Σ over devices of E[w]: [D], and of the upper triangle of E[wwᵀ], row by row: [D(D+1)/2]. */
export type PriorSums = {
  readonly first: Float64Array
  readonly second: Float64Array
  readonly devices: number
}

/** Variances are kept at or above this share of the plan's first variance. */
const MIN_VARIANCE_SHARE = 1e-6

/** N(0, variance·I). */
export const initialPrior = (size: number, variance: number): Prior => ({
  mean: new Float64Array(size),
  directions: new Float64Array(),
  variances: new Float64Array(),
  rest: variance,
})

/**
 * The last prior counts as `plan.shrinkage` further devices with the moments μ and Σ + μμᵀ, so the
 * covariance holds the shift of the mean: with n devices of mean m and covariance C it is (nC +
 * νΣ)/(n+ν) + nν/(n+ν)²·(m−μ)(m−μ)ᵀ. Then the k leading eigenvectors are kept and ρ is the mean of
 * the other eigenvalues. Without devices the last prior comes back. With a relaxation η, mean and
 * covariance move η times as far (over-relaxed EM, Salakhutdinov & Roweis 2003, with η fixed).
 * E_SHAPE when sizes disagree.
 */
export const priorMStep = (last: Prior, sums: PriorSums, plan: PriorPlan): Prior => {
  const size = last.mean.length
  checkSize('prior.first', size, sums.first.length)
  checkSize('prior.second', triangleSize(size), sums.second.length)
  if (sums.devices === 0) return last
  const total = sums.devices + plan.shrinkage
  const { relaxation = 1 } = plan
  const relaxed = (from: number, to: number) =>
    relaxation === 1 ? to : from + relaxation * (to - from)
  const mean = last.mean.map((m, i) => (sums.first[i]! + plan.shrinkage * m) / total)
  const covariance = priorCovariance(last)
  for (let i = 0, at = 0; i < size; i++)
    for (let j = i; j < size; j++, at++) {
      const lastMoment = covariance.data[i * size + j]! + last.mean[i]! * last.mean[j]!
      const moment = (sums.second[at]! + plan.shrinkage * lastMoment) / total
      const value = relaxed(covariance.data[i * size + j]!, moment - mean[i]! * mean[j]!)
      covariance.data[i * size + j] = value
      covariance.data[j * size + i] = value
    }
  return {
    mean: mean.map((m, i) => relaxed(last.mean[i]!, m)),
    ...leadingPart(covariance, plan),
  }
}

/** E[w], then the upper triangle of E[wwᵀ] = Σ + μμᵀ, row by row. */
export const momentsOf = (prior: Prior): Float64Array => {
  const { mean } = prior
  const { data } = priorCovariance(prior)
  const size = mean.length
  const moments = new Float64Array(size + triangleSize(size))
  moments.set(mean)
  for (let i = 0, at = size; i < size; i++)
    for (let j = i; j < size; j++, at++) moments[at] = data[i * size + j]! + mean[i]! * mean[j]!
  return moments
}

/** Σ as a dense matrix [D, D]. */
export const priorCovariance = (prior: Prior): Matrix => {
  const size = prior.mean.length
  const out = matrix(size, size)
  for (let k = 0; k < prior.variances.length; k++) {
    const direction = prior.directions.subarray(k * size, (k + 1) * size)
    const excess = prior.variances[k]! - prior.rest
    for (let i = 0; i < size; i++) {
      const factor = excess * direction[i]!
      const target = row(out, i)
      for (let j = 0; j < size; j++) target[j]! += factor * direction[j]!
    }
  }
  for (let i = 0; i < size; i++) out.data[i * size + i]! += prior.rest
  return out
}

const leadingPart = (covariance: Matrix, plan: PriorPlan): Omit<Prior, 'mean'> => {
  const size = covariance.rows
  const k = Math.min(plan.directions, size)
  const floor = MIN_VARIANCE_SHARE * plan.initialVariance
  const { values, vectors } = leadingEigen(covariance, k)
  let remaining = 0
  for (let i = 0; i < size; i++) remaining += covariance.data[i * size + i]!
  for (const value of values) remaining -= value
  const variances = values.map((v) => Math.max(v, floor))
  const rest = k < size ? remaining / (size - k) : variances[k - 1]!
  return { directions: vectors.data, variances, rest: Math.max(rest, floor) }
}

const checkSize = (what: string, expected: number, got: number): void => {
  if (expected !== got)
    throw new FedError('E_SHAPE', `${what}: expected ${expected} numbers, got ${got}`)
}
