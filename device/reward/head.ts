/**
 * The user's head: MAP logistic regression of choices under the released prior, with its Laplace
 * posterior. It is fitted in the dual, since rows ≪ dimensions: Rasmussen & Williams 2006,
 * Algorithm 3.1, kernel K = XΣXᵀ.
 */
import { initialPrior, type Prior } from '../../adapters/aggregate/prior.ts'
import { coordinatesWithin, type HeadWithin } from '../../adapters/aggregate/prior-directions.ts'
import { FedError } from '../../adapters/errors.ts'
import { cholesky, choleskySolve } from '../../adapters/math/cholesky.ts'
import { softplus } from '../../adapters/math/logistic.ts'
import { matrix } from '../../adapters/math/matrix.ts'
import { axpy, dot, isFiniteVector } from '../../adapters/math/vector.ts'
import { solveLower } from './dense.ts'
import {
  applyCovariance,
  type DualFit,
  directionsOf,
  type Factor,
  kernelOf,
  posteriorFactor,
  scaledKernel,
  solveDual,
} from './dual.ts'

/**
 * One comparison. difference: [D], standardized features of the chosen answer minus those of the
 * rejected one.
 */
export type PairRow = { readonly difference: Float64Array; readonly weight: number }

/**
 * w: [D], the MAP. logLikelihood: Σ weight·log σ(w·x) at w. variance(x): xᵀSx, S the Laplace
 * covariance. moments(): E[w] = w, [D], and the upper triangle, row by row, of E[wwᵀ] = wwᵀ + S,
 * [D(D+1)/2]. within(): the same in the prior's directions, without the D(D+1)/2 numbers.
 */
export type HeadFit = {
  readonly w: Float64Array
  readonly logLikelihood: number
  variance(x: Float64Array): number
  moments(): { first: Float64Array; second: Float64Array }
  within(): HeadWithin
  /**
   * Cavity predictions [left]: w·x of these rows (counting only rows of positive weight) under a
   * fit without them.
   */
  unseen(left: readonly number[]): Float64Array
  /** Log evidence ratio: ln p(rows | prior) − ln p(rows | all choices at random), by Laplace. */
  evidence(): number
  /** For the next fit's warm start. */
  readonly dual: DualFit
}

/**
 * The chosen answer against each other one that was shown. Each row weighs weight·2/shown, so a
 * choice between two weighs 1.
 */
export const pairsOf = (
  choice: { readonly shown: readonly number[]; readonly chosen: number },
  weight = 1,
): { chosen: number; rejected: number; weight: number }[] =>
  choice.shown
    .filter((i) => i !== choice.chosen)
    .map((rejected) => ({
      chosen: choice.chosen,
      rejected,
      weight: (2 * weight) / choice.shown.length,
    }))

/** The same pairs as rows. features: [D] of every candidate, standardized. */
export const pairRows = (
  features: readonly Float64Array[],
  choice: { readonly shown: readonly number[]; readonly chosen: number },
  weight = 1,
): PairRow[] =>
  pairsOf(choice, weight).map((pair) => {
    const chosen = features[pair.chosen]
    const rejected = features[pair.rejected]
    if (!chosen || !rejected)
      throw new FedError('E_SHAPE', `a choice names a candidate past the ${features.length} given`)
    return { difference: chosen.map((v, j) => v - rejected[j]!), weight: pair.weight }
  })

/**
 * argmin over w of Σ weight·softplus(−w·x) + ½(w−μ)ᵀΣ⁻¹(w−μ). Without rows it is the prior.
 * Separable rows are fine. last: an earlier fit for a warm start, whose rows and prior are
 * recognized by identity; it changes the result by less than 1e-8. Fails with E_SHAPE on a row of
 * another length, E_NOT_FINITE on NaN or infinity.
 */
export const fitHead = (
  rows: readonly PairRow[],
  prior: Prior,
  last?: Pick<HeadFit, 'dual'>,
): HeadFit => {
  const size = prior.mean.length
  checkRows(rows, size)
  const used = rows.filter((r) => r.weight > 0)
  const weights = Float64Array.from(used, (r) => r.weight)
  const kernel = kernelOf(
    used.map((r) => r.difference),
    prior,
    last?.dual.kernel,
  )
  const dual = solveDual(kernel, weights, last?.dual)
  const { alpha, z } = dual
  const { XS } = kernel
  // w = μ + ΣXᵀα
  const w = Float64Array.from(prior.mean)
  for (const [i, xs] of XS.entries()) axpy(w, alpha[i]!, xs)
  const logLikelihood = z.reduce((sum, v, i) => sum - weights[i]! * softplus(-v), 0)

  // S = Σ − VᵀV with V = L⁻¹W^½XΣ, LLᵀ = I + W^½KW^½, W = weight·σ(z)σ(−z)
  let factor: Factor | undefined
  const posterior = () => {
    factor ??= posteriorFactor(dual, weights)
    return factor
  }
  let reduced: Float64Array[] | undefined
  const reducedOnce = () => {
    reduced ??= reducedRows(posterior(), XS)
    return reduced
  }
  return {
    w,
    logLikelihood,
    get dual() {
      return factor ? { ...dual, factor } : dual
    },
    variance: (x) => {
      if (x.length !== size) throw wrongLength(x.length, size)
      const { L, root } = posterior()
      const v = solveLower(
        L,
        Float64Array.from(XS, (xs, i) => root[i]! * dot(xs, x)),
      )
      return Math.max(0, dot(x, applyCovariance(prior, x)) - dot(v, v))
    },
    moments: () => ({
      first: Float64Array.from(w),
      second: secondMoment(w, prior, reducedOnce()),
    }),
    within: () => {
      const phi = directionsOf(prior)
      const seen = reducedOnce().map((v) =>
        Float64Array.from(phi, (direction) => dot(direction, v)),
      )
      // ΦSΦᵀ − diag(λ) = −ΦVᵀVΦᵀ
      const nothing = initialPrior(phi.length, 0)
      return { v: coordinatesWithin(prior, w), change: secondMoment(nothing.mean, nothing, seen) }
    },
    unseen: (left) => leaveOut(dual, posterior(), left),
    evidence: () => {
      const { L } = posterior()
      const m = alpha.length
      let half = 0.5 * alpha.reduce((sum, a, i) => sum + a * (z[i]! - kernel.offset[i]!), 0)
      for (let i = 0; i < m; i++) half += Math.log(L[i * m + i]!)
      return logLikelihood - half + Math.LN2 * weights.reduce((a, b) => a + b, 0)
    },
  }
}

/**
 * The fit to these rows under the prior with scaled covariance, warm-started from the fit under the
 * unscaled prior.
 */
export const fitScaled = (
  rows: readonly PairRow[],
  { dual }: Pick<HeadFit, 'dual'>,
  by: number,
): { readonly fit: HeadFit; readonly prior: Prior } => {
  const { kernel } = dual
  const prior = {
    ...kernel.prior,
    variances: kernel.prior.variances.map((v) => v * by),
    rest: kernel.prior.rest * by,
  }
  return {
    prior,
    fit: fitHead(rows, prior, { dual: { ...dual, kernel: scaledKernel(kernel, prior, by) } }),
  }
}

/**
 * z of the rows `left` under the posterior without them: the cavity of Laplace's approximation
 * (Rasmussen & Williams 2006, section 5.4.2). All are removed at once, since the rows of a choice
 * share its chosen answer. V: posterior covariance of their z. Returns z − V(I − WV)⁻¹α, where (I −
 * WV)⁻¹ = I + W^½(I − W^½VW^½)⁻¹W^½V.
 */
const leaveOut = (
  { kernel: { K, X }, alpha, z }: DualFit,
  { L, root }: Factor,
  left: readonly number[],
): Float64Array => {
  const m = X.length
  const q = left.length
  const reduced = left.map((i) =>
    solveLower(
      L,
      K.subarray(i * m, (i + 1) * m).map((k, j) => root[j]! * k),
    ),
  )
  const V = left.map((i, a) => left.map((j, b) => K[i * m + j]! - dot(reduced[a]!, reduced[b]!)))
  const inner = matrix(q, q)
  for (const [a, i] of left.entries())
    for (const [b, j] of left.entries())
      inner.data[a * q + b] = (a === b ? 1 : 0) - root[i]! * V[a]![b]! * root[j]!
  const times = (x: readonly number[]) => V.map((v) => v.reduce((sum, y, b) => sum + y * x[b]!, 0))
  const direct = times(left.map((i) => alpha[i]!))
  const back = choleskySolve(
    cholesky(inner),
    direct.map((v, a) => root[left[a]!]! * v),
  )
  const indirect = times([...back].map((v, a) => root[left[a]!]! * v))
  return Float64Array.from(left, (i, a) => z[i]! - direct[a]! - indirect[a]!)
}

/** V = L⁻¹W^½XΣ: [m, D], row by row. */
const reducedRows = ({ L, root }: Factor, XS: readonly Float64Array[]): Float64Array[] => {
  const m = XS.length
  const V: Float64Array[] = []
  for (const [i, xs] of XS.entries()) {
    const v = xs.map((x) => x * root[i]!)
    for (let j = 0; j < i; j++) axpy(v, -L[i * m + j]!, V[j]!)
    V.push(v.map((x) => x / L[i * m + i]!))
  }
  return V
}

/** Upper triangle of wwᵀ + ρI + Φᵀdiag(λ − ρ)Φ − VᵀV, as one weighted sum of outer products. */
const secondMoment = (w: Float64Array, prior: Prior, V: readonly Float64Array[]): Float64Array => {
  const size = w.length
  const out = new Float64Array((size * (size + 1)) / 2)
  const terms = [
    { by: 1, row: w },
    ...directionsOf(prior).map((row, j) => ({ by: prior.variances[j]! - prior.rest, row })),
    ...V.map((row) => ({ by: -1, row })),
  ]
  const zero = new Float64Array(size)
  // Four terms a pass: the loop is bound by the memory traffic of the triangle (1.4 MB at D = 600).
  for (let t = 0; t < terms.length; t += 4) {
    const [a, b, c, d] = [0, 1, 2, 3].map((k) => terms[t + k] ?? { by: 0, row: zero })
    addOuter4(out, size, a!.row, a!.by, b!.row, b!.by, c!.row, c!.by, d!.row, d!.by)
  }
  for (let i = 0, at = 0; i < size; at += size - i, i++) out[at]! += prior.rest
  return out
}

const addOuter4 = (
  out: Float64Array,
  size: number,
  a: Float64Array,
  byA: number,
  b: Float64Array,
  byB: number,
  c: Float64Array,
  byC: number,
  d: Float64Array,
  byD: number,
): void => {
  for (let i = 0, at = 0; i < size; i++) {
    const ai = byA * a[i]!
    const bi = byB * b[i]!
    const ci = byC * c[i]!
    const di = byD * d[i]!
    for (let j = i; j < size; j++, at++)
      out[at] = out[at]! + ai * a[j]! + bi * b[j]! + ci * c[j]! + di * d[j]!
  }
}

const wrongLength = (got: number, expected: number) =>
  new FedError('E_SHAPE', `a feature vector must have ${expected} numbers, got ${got}`)

const checkRows = (rows: readonly PairRow[], size: number): void => {
  for (const { difference, weight } of rows) {
    if (difference.length !== size) throw wrongLength(difference.length, size)
    if (!(weight >= 0 && weight < Infinity) || !isFiniteVector(difference))
      throw new FedError(
        'E_NOT_FINITE',
        'a row must hold finite numbers and a weight of at least 0',
      )
  }
}
