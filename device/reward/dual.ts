/**
 * The dual of the head's fit: min over α of ½αᵀKα + Σ weight·softplus(−z), z = offset + Kα, K =
 * XΣXᵀ (Rasmussen & Williams 2006, section 3.4). A warm start reuses the earlier fit: known rows
 * keep their part of K, and its Cholesky factor preconditions the conjugate gradients. One more
 * choice then costs a few matrix-vector products.
 */
import type { Prior } from '../../adapters/aggregate/prior.ts'
import { sigmoid, softplus } from '../../adapters/math/logistic.ts'
import { axpy, dot } from '../../adapters/math/vector.ts'
import { choleskyRow, dotEach, multiplySquare, solveCholesky } from './dense.ts'

/**
 * m rows. X: differences [D], recognized by identity. XS: XΣ. K: [m, m], flat and symmetric.
 * offset: Xμ.
 */
export type Kernel = {
  readonly prior: Prior
  readonly X: readonly Float64Array[]
  readonly XS: readonly Float64Array[]
  readonly K: Float64Array
  readonly offset: Float64Array
}

/** L: [m, m], lower, LLᵀ = B = I + W^½KW^½. root: W^½. X: the rows of the factor. */
export type Factor = {
  readonly X: readonly Float64Array[]
  readonly L: Float64Array
  readonly root: Float64Array
}

/** factor: a factor of these or nearly these rows, for the next warm start. */
export type DualFit = {
  readonly kernel: Kernel
  readonly alpha: Float64Array
  readonly z: Float64Array
  readonly factor: Factor
}

/** Below this many rows a factor costs no more than a few products. */
const MIN_ROWS_FOR_FACTOR = 96
/** Convergence: the largest residual, relative to its row's weight. */
const TOLERANCE = 1e-10
/** Relative residual that a Newton step may leave. */
const FORCING = 1e-3
/** If conjugate gradients take more products than this, the factor is computed afresh. */
const MAX_PRODUCTS = 24

/** The kernel of these rows. Entries that `last` has under the same prior are copied. */
export const kernelOf = (X: readonly Float64Array[], prior: Prior, last?: Kernel): Kernel => {
  const m = X.length
  const known = last?.prior === prior ? placesOf(last.X) : new Map<Float64Array, number>()
  const from = X.map((x) => known.get(x) ?? -1)
  const XS = X.map((x, i) => (from[i]! < 0 ? applyCovariance(prior, x) : last!.XS[from[i]!]!))
  const offset = Float64Array.from(X, (x, i) =>
    from[i]! < 0 ? dot(x, prior.mean) : last!.offset[from[i]!]!,
  )
  const K = new Float64Array(m * m)
  const runs = runsOf(from)
  for (let i = 0; i < m; i++) {
    if (from[i]! < 0) {
      const js = X.flatMap((_, j) => (from[j]! >= 0 || j <= i ? [j] : []))
      dotEach(K, i * m, X[i]!, XS, js)
      for (const j of js) K[j * m + i] = K[i * m + j]!
    } else {
      const row = from[i]! * last!.X.length
      for (const { at, start, end } of runs)
        K.set(last!.K.subarray(row + start, row + end), i * m + at)
    }
  }
  return { prior, X, XS, K, offset }
}

/** The same rows under a prior whose covariance is `by` times as large. */
export const scaledKernel = (kernel: Kernel, prior: Prior, by: number): Kernel => ({
  ...kernel,
  prior,
  XS: kernel.XS.map((xs) => xs.map((v) => by * v)),
  K: kernel.K.map((v) => by * v),
})

/** Runs of consecutive known rows: rows from `at` on are the last kernel's from start to end. */
const runsOf = (from: readonly number[]): { at: number; start: number; end: number }[] => {
  const runs: { at: number; start: number; end: number }[] = []
  for (const [at, place] of from.entries()) {
    const run = runs.at(-1)
    if (place < 0) continue
    if (run && at > 0 && from[at - 1] === place - 1 && run.end === place) run.end++
    else runs.push({ at, start: place, end: place + 1 })
  }
  return runs
}

/** weights: [m], at least 0. `last` only saves work: the optimum does not depend on it. */
export const solveDual = (
  kernel: Kernel,
  weights: Float64Array,
  last?: Pick<DualFit, 'kernel' | 'alpha' | 'factor'>,
): DualFit => {
  const { K, offset, X } = kernel
  const m = X.length
  let alpha = startFrom(kernel, last)
  let Ka = multiplySquare(K, alpha)
  let factor = last && m > MIN_ROWS_FOR_FACTOR ? last.factor : undefined
  let z = add(offset, Ka)
  let value = objective(alpha, Ka, z, weights)
  let residual = residualOf(alpha, z, weights)
  for (let iteration = 0; iteration < 100 && residual.worst > TOLERANCE; iteration++) {
    // With r = weight·σ(−z) − α, Newton's step is (I + WK)⁻¹r = r − W^½B⁻¹W^½Kr.
    const root = rootOf(z, weights)
    const right = times(root, multiplySquare(K, residual.r))
    if (factor && iteration === 0) factor = extended(factor, kernel, root)
    let solved =
      factor && m > MIN_ROWS_FOR_FACTOR ? conjugateGradients(K, root, right, X, factor) : null
    if (!solved) {
      factor = factorOf(kernel, root)
      solved = solveCholesky(factor.L, right)
    }
    const step = combine(residual.r, -1, times(root, solved))
    const Kstep = multiplySquare(K, step)
    const next = lineSearch(value, (t) => {
      const moved = { alpha: combine(alpha, t, step), Ka: combine(Ka, t, Kstep) }
      const movedZ = add(offset, moved.Ka)
      const at = objective(moved.alpha, moved.Ka, movedZ, weights)
      return { ...moved, z: movedZ, value: at }
    })
    const nextResidual = residualOf(next.alpha, next.z, weights)
    // At the limit of precision only a falling residual is progress.
    if (!(next.value < value || nextResidual.worst < residual.worst)) break
    ;({ alpha, Ka, z, value } = next)
    residual = nextResidual
  }
  return { kernel, alpha, z, factor: factor ?? factorOf(kernel, rootOf(z, weights)) }
}

/** Halves the step until the value does not rise by more than rounding. */
const lineSearch = <T extends { readonly value: number }>(
  value: number,
  at: (t: number) => T,
): T => {
  const most = value + 1e-13 * (1 + Math.abs(value))
  for (let t = 1; ; t /= 2) {
    const next = at(t)
    if (next.value <= most || t < 1e-9) return next
  }
}

/** The exact factor at a fit, for the Laplace posterior. */
export const posteriorFactor = ({ kernel, z }: DualFit, weights: Float64Array): Factor =>
  factorOf(kernel, rootOf(z, weights))

/** Σx = ρx + Φᵀ((λ − ρ) ∘ Φx).  x: [D] -> [D]. */
export const applyCovariance = (prior: Prior, x: Float64Array): Float64Array => {
  const y = x.map((v) => prior.rest * v)
  for (const [j, direction] of directionsOf(prior).entries())
    axpy(y, (prior.variances[j]! - prior.rest) * dot(direction, x), direction)
  return y
}

/** Rows of Φ. */
export const directionsOf = (prior: Prior): Float64Array[] => {
  const size = prior.mean.length
  return Array.from(prior.variances, (_, j) => prior.directions.subarray(j * size, (j + 1) * size))
}

const placesOf = (X: readonly Float64Array[]) => new Map(X.map((x, i) => [x, i]))

/** α of the last fit for the rows that it had, 0 for the others. */
const startFrom = (
  { X }: Kernel,
  last: Pick<DualFit, 'kernel' | 'alpha'> | undefined,
): Float64Array => {
  if (!last) return new Float64Array(X.length)
  const known = placesOf(last.kernel.X)
  return Float64Array.from(X, (x) => last.alpha[known.get(x) ?? -1] ?? 0)
}

const rootOf = (z: Float64Array, weights: Float64Array): Float64Array =>
  z.map((v, i) => Math.sqrt(weights[i]! * sigmoid(v) * sigmoid(-v)))

/** r = weight·σ(−z) − α, and its largest element relative to the row's weight. */
const residualOf = (alpha: Float64Array, z: Float64Array, weights: Float64Array) => {
  let worst = 0
  const r = alpha.map((a, i) => {
    const gap = weights[i]! * sigmoid(-z[i]!) - a
    worst = Math.max(worst, weights[i]! > 0 ? Math.abs(gap) / weights[i]! : Math.abs(gap))
    return gap
  })
  return { r, worst }
}

const objective = (
  alpha: Float64Array,
  Ka: Float64Array,
  z: Float64Array,
  weights: Float64Array,
): number => {
  let value = 0.5 * dot(alpha, Ka)
  for (let i = 0; i < z.length; i++) value += weights[i]! * softplus(-z[i]!)
  return value
}

/**
 * Solves Bx = b, B = I + W^½KW^½, preconditioned by the factor of nearly the same rows (Golub & Van
 * Loan, 11.5.2). null: too slow.
 */
const conjugateGradients = (
  K: Float64Array,
  root: Float64Array,
  b: Float64Array,
  X: readonly Float64Array[],
  factor: Factor,
): Float64Array | null => {
  const precondition = preconditioner(X, factor)
  const goal = FORCING * Math.sqrt(dot(b, b))
  const x = new Float64Array(b.length)
  if (goal === 0) return x
  const r = Float64Array.from(b)
  let y = precondition(r)
  const p = Float64Array.from(y)
  let energy = dot(r, y)
  for (let n = 0; n < MAX_PRODUCTS; n++) {
    const Bp = combine(p, 1, times(root, multiplySquare(K, times(root, p))))
    const t = energy / dot(p, Bp)
    axpy(x, t, p)
    axpy(r, -t, Bp)
    if (Math.sqrt(dot(r, r)) <= goal) return x
    y = precondition(r)
    const next = dot(r, y)
    for (let i = 0; i < p.length; i++) p[i] = y[i]! + (next / energy) * p[i]!
    energy = next
  }
  return null
}

/**
 * Applies B₀⁻¹ of an extended factor, restricted to the rows that are still there: symmetric and
 * positive definite.
 */
const preconditioner = (
  X: readonly Float64Array[],
  { X: old, L }: Factor,
): ((r: Float64Array) => Float64Array) => {
  const places = placesOf(old)
  const from = Int32Array.from(X, (x) => places.get(x)!)
  return (r) => {
    const right = new Float64Array(old.length)
    for (let i = 0; i < from.length; i++) right[from[i]!] = r[i]!
    const solved = solveCholesky(L, right)
    return r.map((_, i) => solved[from[i]!]!)
  }
}

/**
 * The factor with the kernel's new rows appended. Entries between them and removed rows are taken
 * as 0.
 */
const extended = (factor: Factor, { X, K }: Kernel, root: Float64Array): Factor => {
  const places = placesOf(factor.X)
  const added = X.flatMap((x, i) => (places.has(x) ? [] : [i]))
  if (added.length === 0) return factor
  const before = factor.X.length
  const size = before + added.length
  const now = placesOf(X)
  const all = [...factor.X.map((x) => now.get(x) ?? -1), ...added]
  const L = new Float64Array(size * size)
  for (let i = 0; i < before; i++)
    L.set(factor.L.subarray(i * before, i * before + i + 1), i * size)
  const roots = Float64Array.from(all, (i, at) => (at < before ? factor.root[at]! : root[i]!))
  for (let row = before; row < size; row++) {
    const i = all[row]!
    choleskyRow(L, size, row, (k) =>
      all[k]! < 0 ? 0 : roots[row]! * K[i * X.length + all[k]!]! * roots[k]!,
    )
  }
  return { X: all.map((i, at) => (at < before ? factor.X[at]! : X[i]!)), L, root: roots }
}

const factorOf = ({ K, X }: Kernel, root: Float64Array): Factor => {
  const m = X.length
  const L = new Float64Array(m * m)
  for (let i = 0; i < m; i++) choleskyRow(L, m, i, (j) => root[i]! * K[i * m + j]! * root[j]!)
  return { X, L, root }
}

const add = (a: Float64Array, b: Float64Array): Float64Array => a.map((v, i) => v + b[i]!)
const times = (a: Float64Array, b: Float64Array): Float64Array => a.map((v, i) => v * b[i]!)
const combine = (a: Float64Array, t: number, b: Float64Array): Float64Array =>
  a.map((v, i) => v + t * b[i]!)
