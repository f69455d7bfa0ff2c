/**
 * The leading eigenvectors of a symmetric matrix: Householder tridiagonalization, bisection, inverse iteration
 * (Golub & Van Loan, sections 8.3.1, 8.4.1 and 8.2.2). Own code because all eigenvectors of a 607×607 matrix cost several times as much.
 */
import { seededRng } from '../random.ts'
import { type Matrix, matrix, row } from './matrix.ts'
import { fixSign } from './svd.ts'
import { axpy, dot, norm, scaleBy } from './vector.ts'

/**
 * values: the k largest eigenvalues, falling.  vectors: [k, n] orthonormal rows, in each the entry of largest magnitude positive.
 * a: [n, n]; its upper triangle is read. Within a repeated eigenvalue the basis is arbitrary but always the same.
 * RangeError unless a is square and 0 ≤ k ≤ n.
 */
export const leadingEigen = (a: Matrix, k: number): { values: Float64Array; vectors: Matrix } => {
  const n = a.rows
  if (a.cols !== n || !(k >= 0 && k <= n))
    throw new RangeError(`expected a square matrix and k ≤ its size, got ${n}×${a.cols} and ${k}`)
  const reduced = tridiagonalize(a)
  const values = Float64Array.from({ length: k }, (_, i) => eigenvalue(reduced, n - i))
  const vectors = matrix(k, n)
  const rng = seededRng('eigen')
  for (let i = 0; i < k; i++) {
    const vector = row(vectors, i)
    for (let j = 0; j < n; j++) vector[j] = rng.uniform() - 0.5
    inverseIteration(reduced, values[i]!, vector, vectors, i)
  }
  for (let i = 0; i < k; i++) {
    backTransform(reduced, row(vectors, i))
    fixSign(row(vectors, i))
  }
  return { values, vectors }
}

/** a = H·T·Hᵀ, T tridiagonal: diagonal [n], off [n − 1]. reflectors: row j holds, from column j + 1, the unit vector of Hⱼ = I − 2vvᵀ. */
type Tridiagonal = {
  readonly diagonal: Float64Array
  readonly off: Float64Array
  readonly reflectors: Matrix
  /** A bound on the magnitude of every eigenvalue (Gershgorin); 1 for the zero matrix. */
  readonly radius: number
}

const tridiagonalize = (a: Matrix): Tridiagonal => {
  const n = a.rows
  const work = matrix(n, n, a.data)
  const diagonal = new Float64Array(n)
  const off = new Float64Array(Math.max(0, n - 1))
  for (let j = 0; j < n; j++) {
    diagonal[j] = work.data[j * n + j]!
    if (j === n - 1) break
    const v = row(work, j).subarray(j + 1)
    const length = norm(v)
    const image = v[0]! > 0 ? -length : length
    off[j] = image
    // A zero row needs no reflection, and a zero v is none.
    if (length === 0) continue
    v[0]! -= image
    scaleBy(v, 1 / norm(v))
    reflect(work, j + 1, v)
  }
  let radius = 0
  for (let i = 0; i < n; i++)
    radius = Math.max(
      radius,
      Math.abs(diagonal[i]!) + Math.abs(off[i - 1] ?? 0) + Math.abs(off[i] ?? 0),
    )
  return { diagonal, off, reflectors: work, radius: radius || 1 }
}

/** B ← HBH on the trailing block from `start`, H = I − 2vvᵀ, upper triangle only: B − vwᵀ − wvᵀ, w = 2Bv − 2(vᵀBv)v. */
const reflect = (work: Matrix, start: number, v: Float64Array): void => {
  const n = work.rows
  const size = n - start
  const w = new Float64Array(size)
  for (let i = 0; i < size; i++) {
    const base = (start + i) * n + start
    const vi = v[i]!
    let sum = work.data[base + i]! * vi
    for (let j = i + 1; j < size; j++) {
      const x = work.data[base + j]!
      sum += x * v[j]!
      w[j]! += x * vi
    }
    w[i]! += sum
  }
  axpy(w, -dot(v, w), v)
  scaleBy(w, 2)
  for (let i = 0; i < size; i++) {
    const base = (start + i) * n + start
    const vi = v[i]!
    const wi = w[i]!
    for (let j = i; j < size; j++) work.data[base + j]! -= vi * w[j]! + wi * v[j]!
  }
}

/** The index-th smallest eigenvalue (from 1), by bisection to the last bits. */
const eigenvalue = (t: Tridiagonal, index: number): number => {
  let low = -t.radius * (1 + 1e-12)
  let high = t.radius * (1 + 1e-12)
  for (;;) {
    const middle = (low + high) / 2
    if (!(middle > low && middle < high) || high - low < Number.EPSILON * t.radius) return middle
    if (countBelow(t, middle) >= index) high = middle
    else low = middle
  }
}

/** How many eigenvalues lie below x: the negative pivots of T − xI (Sturm). */
const countBelow = ({ diagonal, off, radius }: Tridiagonal, x: number): number => {
  const tiny = Number.EPSILON * Number.EPSILON * radius
  let count = 0
  let pivot = 1
  for (let i = 0; i < diagonal.length; i++) {
    const coupling = i > 0 ? off[i - 1]! : 0
    pivot = diagonal[i]! - x - (coupling * coupling) / pivot
    if (Math.abs(pivot) < tiny) pivot = -tiny
    if (pivot < 0) count++
  }
  return count
}

/** Turns a start vector into an eigenvector of T, orthogonal to the first `found` rows of `others`. */
const inverseIteration = (
  t: Tridiagonal,
  value: number,
  vector: Float64Array,
  others: Matrix,
  found: number,
): void => {
  for (let step = 0; step < 4; step++) {
    solveShifted(t, value, vector)
    for (let pass = 0; pass < 2; pass++) {
      scaleBy(vector, 1 / norm(vector))
      for (let i = 0; i < found; i++) axpy(vector, -dot(vector, row(others, i)), row(others, i))
    }
    scaleBy(vector, 1 / norm(vector))
  }
}

/** b ← (T − shift·I)⁻¹·b by Gaussian elimination with row exchanges; a vanishing pivot is replaced by a tiny one. */
const solveShifted = (t: Tridiagonal, shift: number, b: Float64Array): void => {
  const n = b.length
  const tiny = Number.EPSILON * t.radius
  const main = t.diagonal.map((d) => d - shift)
  const upper = Float64Array.from(t.off)
  const second = new Float64Array(n)
  for (let i = 0; i < n - 1; i++) {
    const lower = t.off[i]!
    const next = main[i + 1]!
    if (Math.abs(main[i]!) >= Math.abs(lower)) {
      const factor = lower / (main[i]! || tiny)
      main[i + 1] = next - factor * upper[i]!
      b[i + 1]! -= factor * b[i]!
      continue
    }
    const factor = main[i]! / lower
    const above = upper[i]!
    const beyond = upper[i + 1] ?? 0
    const held = b[i]!
    main[i] = lower
    upper[i] = next
    second[i] = beyond
    main[i + 1] = above - factor * next
    if (i + 1 < n - 1) upper[i + 1] = -factor * beyond
    b[i] = b[i + 1]!
    b[i + 1] = held - factor * b[i]!
  }
  for (let i = n - 1; i >= 0; i--) {
    const known = (upper[i] ?? 0) * (b[i + 1] ?? 0) + second[i]! * (b[i + 2] ?? 0)
    const pivot = Math.abs(main[i]!) < tiny ? tiny : main[i]!
    b[i] = (b[i]! - known) / pivot
  }
}

/** An eigenvector of T becomes one of a. */
const backTransform = ({ reflectors, diagonal }: Tridiagonal, vector: Float64Array): void => {
  for (let j = diagonal.length - 2; j >= 0; j--) {
    const v = row(reflectors, j).subarray(j + 1)
    const tail = vector.subarray(j + 1)
    axpy(tail, -2 * dot(v, tail), v)
  }
}
