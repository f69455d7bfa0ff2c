/**
 * The user's head: MAP logistic regression of choices under the released prior, with its Laplace posterior.
 * Fitted in the dual (rows ≪ dimensions): Rasmussen & Williams 2006, Algorithm 3.1, kernel K = XΣXᵀ.
 */
import type { Prior } from '../../adapters/aggregate/prior.ts'
import { FedError } from '../../adapters/errors.ts'
import { cholesky, choleskySolve } from '../../adapters/math/cholesky.ts'
import { type Matrix, matrix, row } from '../../adapters/math/matrix.ts'
import { axpy, dot, isFiniteVector } from '../../adapters/math/vector.ts'
import { sigmoid, softplus } from './logistic.ts'

/** One comparison. difference: [D], standardized features of the chosen answer minus those of the rejected one. */
export type PairRow = { readonly difference: Float64Array; readonly weight: number }

/**
 * w: [D], the MAP. logLikelihood: Σ weight·log σ(w·x) at w. variance(x): xᵀSx, S the Laplace covariance.
 * moments(): E[w] = w, [D], and the upper triangle, row by row, of E[wwᵀ] = wwᵀ + S, [D(D+1)/2].
 */
export type HeadFit = {
  readonly w: Float64Array
  readonly logLikelihood: number
  variance(x: Float64Array): number
  moments(): { first: Float64Array; second: Float64Array }
}

/** The chosen answer against every other that was shown; each row weighs weight·2/shown, so a choice among two weighs 1. */
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

/** The same as rows; features: [D] of every candidate, standardized. */
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
 * argmin over w of Σ weight·softplus(−w·x) + ½(w−μ)ᵀΣ⁻¹(w−μ). No rows: the prior itself. Separable rows are fine.
 * Fails with E_SHAPE on a row of another length, E_NOT_FINITE on NaN or infinity.
 */
export const fitHead = (rows: readonly PairRow[], prior: Prior): HeadFit => {
  const size = prior.mean.length
  checkRows(rows, size)
  const used = rows.filter((r) => r.weight > 0)
  const X = used.map((r) => r.difference)
  const weights = Float64Array.from(used, (r) => r.weight)
  const XS = X.map((x) => applyCovariance(prior, x))
  const K = gram(X, XS)
  const offset = Float64Array.from(X, (x) => dot(x, prior.mean))
  const alpha = solveDual(K, offset, weights)

  // w = μ + ΣXᵀα
  const w = Float64Array.from(prior.mean)
  for (const [i, xs] of XS.entries()) axpy(w, alpha[i]!, xs)
  const z = Float64Array.from(X, (x) => dot(x, w))

  // S = Σ − VᵀV with V = L⁻¹W^½XΣ, LLᵀ = I + W^½KW^½, W = weight·σ(z)σ(−z)
  const root = Float64Array.from(z, (v, i) => Math.sqrt(weights[i]! * sigmoid(v) * sigmoid(-v)))
  const L = choleskyOf(K, root)
  let reduced: Float64Array[] | undefined
  return {
    w,
    logLikelihood: z.reduce((sum, v, i) => sum - weights[i]! * softplus(-v), 0),
    variance: (x) => {
      if (x.length !== size) throw wrongLength(x.length, size)
      const v = solveLower(
        L,
        Float64Array.from(XS, (xs, i) => root[i]! * dot(xs, x)),
      )
      return Math.max(0, dot(x, applyCovariance(prior, x)) - dot(v, v))
    },
    moments: () => {
      reduced ??= reducedRows(L, root, XS)
      return { first: Float64Array.from(w), second: secondMoment(w, prior, reduced) }
    },
  }
}

/** Newton on ψ(α) = ½αᵀKα + Σ weight·softplus(−z), z = offset + Kα; the step is halved until ψ does not rise. */
const solveDual = (
  K: readonly Float64Array[],
  offset: Float64Array,
  weights: Float64Array,
): Float64Array => {
  const at = (alpha: Float64Array) => {
    const Ka = Float64Array.from(K, (k) => dot(k, alpha))
    const z = Ka.map((v, i) => v + offset[i]!)
    const loss = z.reduce((sum, v, i) => sum + weights[i]! * softplus(-v), 0)
    return { alpha, z, Ka, value: 0.5 * dot(alpha, Ka) + loss }
  }
  let now = at(new Float64Array(K.length))
  for (let iteration = 0; iteration < 100; iteration++) {
    const { alpha, z, Ka } = now
    const gradient = z.map((v, i) => weights[i]! * sigmoid(-v))
    if (gradient.every((g, i) => Math.abs(g - alpha[i]!) <= 1e-12 * weights[i]!)) break
    const W = z.map((v, i) => weights[i]! * sigmoid(v) * sigmoid(-v))
    const root = W.map(Math.sqrt)
    const L = choleskyOf(K, root)
    // target = b − W^½B⁻¹W^½Kb with b = W(z − offset) + gradient
    const b = gradient.map((g, i) => g + W[i]! * Ka[i]!)
    const c = choleskySolve(
      L,
      Float64Array.from(K, (k, i) => root[i]! * dot(k, b)),
    )
    const step = b.map((v, i) => v - root[i]! * c[i]! - alpha[i]!)
    let next = at(alpha.map((a, i) => a + step[i]!))
    for (let t = 0.5; !(next.value <= now.value) && t > 1e-9; t /= 2)
      next = at(alpha.map((a, i) => a + t * step[i]!))
    if (!(next.value <= now.value)) break
    const moved = next.alpha.some((a, i) => Math.abs(a - alpha[i]!) > 1e-14 * weights[i]!)
    now = next
    if (!moved) break
  }
  return now.alpha
}

/** Σx = ρx + Φᵀ((λ − ρ) ∘ Φx).  x: [D] -> [D]. */
const applyCovariance = (prior: Prior, x: Float64Array): Float64Array => {
  const y = x.map((v) => prior.rest * v)
  for (const [j, direction] of directionsOf(prior).entries())
    axpy(y, (prior.variances[j]! - prior.rest) * dot(direction, x), direction)
  return y
}

const directionsOf = (prior: Prior): Float64Array[] => {
  const size = prior.mean.length
  return Array.from(prior.variances, (_, j) => prior.directions.subarray(j * size, (j + 1) * size))
}

/** K = X(XΣ)ᵀ: [m, m], symmetric. */
const gram = (X: readonly Float64Array[], XS: readonly Float64Array[]): Float64Array[] => {
  const K = X.map(() => new Float64Array(X.length))
  for (let i = 0; i < X.length; i++)
    for (let j = 0; j <= i; j++) K[i]![j] = K[j]![i] = dot(X[i]!, XS[j]!)
  return K
}

/** L of B = I + W^½KW^½. */
const choleskyOf = (K: readonly Float64Array[], root: Float64Array): Matrix => {
  const B = matrix(K.length, K.length)
  for (const [i, k] of K.entries())
    row(B, i).set(k.map((v, j) => root[i]! * v * root[j]! + (i === j ? 1 : 0)))
  return cholesky(B)
}

/** L⁻¹x. */
const solveLower = (L: Matrix, x: Float64Array): Float64Array => {
  const y = Float64Array.from(x)
  for (let i = 0; i < y.length; i++) {
    const l = row(L, i)
    let rest = y[i]!
    for (let k = 0; k < i; k++) rest -= l[k]! * y[k]!
    y[i] = rest / l[i]!
  }
  return y
}

/** V = L⁻¹W^½XΣ: [m, D], row by row. */
const reducedRows = (
  L: Matrix,
  root: Float64Array,
  XS: readonly Float64Array[],
): Float64Array[] => {
  const V: Float64Array[] = []
  for (const [i, xs] of XS.entries()) {
    const l = row(L, i)
    const v = xs.map((x) => x * root[i]!)
    for (let j = 0; j < i; j++) axpy(v, -l[j]!, V[j]!)
    V.push(v.map((x) => x / l[i]!))
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
  // Four terms a pass: the triangle (1.4 MB at D = 600) is what the loop waits for.
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
