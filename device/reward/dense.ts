/**
 * Kernels over flat, row-major square matrices [m, m] for fitting the head. They compute four sums
 * at once, since a single sum waits for each addition.
 */
import { dot } from '../../adapters/math/vector.ts'

/** K·x, K: [m, m]. */
export const multiplySquare = (K: Float64Array, x: Float64Array): Float64Array => {
  const m = x.length
  const y = new Float64Array(m)
  let i = 0
  for (; i + 3 < m; i += 4) dot4(K, i * m, m, x, 0, m, y, i)
  for (; i < m; i++) y[i] = partDot(K, i * m, x, 0, m)
  return y
}

/**
 * Row i of L with LLᵀ = B, in place, the rows above it being there; element(j): of B − I, which is
 * positive semidefinite.
 */
export const choleskyRow = (
  L: Float64Array,
  m: number,
  i: number,
  element: (j: number) => number,
): void => {
  const at = i * m
  for (let j = 0; j < i; j += 4) {
    if (j + 4 <= i) dot4(L, j * m, m, L, at, j, L, at + j)
    const last = Math.min(j + 4, i)
    for (let c = j; c < last; c++) {
      const done =
        j + 4 <= i
          ? L[at + c]! + partDot(L, at + j, L, c * m + j, c - j)
          : partDot(L, at, L, c * m, c)
      L[at + c] = (element(c) - done) / L[c * m + c]!
    }
  }
  // B's eigenvalues are at least 1, and with them the square of each diagonal element.
  L[at + i] = Math.sqrt(Math.max(1, 1 + element(i) - partDot(L, at, L, at, i)))
}

/** L⁻¹x. */
export const solveLower = (L: Float64Array, x: Float64Array): Float64Array => {
  const m = x.length
  const y = Float64Array.from(x)
  const sums = new Float64Array(4)
  for (let i = 0; i < m; i += 4) {
    const last = Math.min(i + 4, m)
    if (last - i === 4) dot4(L, i * m, m, y, 0, i, sums, 0)
    else for (let r = i; r < last; r++) sums[r - i] = partDot(L, r * m, y, 0, i)
    for (let r = i; r < last; r++)
      y[r] = (y[r]! - sums[r - i]! - partDot(L, r * m + i, y, i, r - i)) / L[r * m + r]!
  }
  return y
}

/** L⁻ᵀL⁻¹b. */
export const solveCholesky = (L: Float64Array, b: Float64Array): Float64Array => {
  const m = b.length
  const x = solveLower(L, b)
  // Rows of L are columns of Lᵀ: what is solved is taken from all above it, four rows in one pass.
  for (let end = m; end > 0; end -= 4) {
    const from = Math.max(0, end - 4)
    for (let i = end - 1; i >= from; i--) {
      x[i] = x[i]! / L[i * m + i]!
      for (let k = from; k < i; k++) x[k]! -= L[i * m + k]! * x[i]!
    }
    if (end - from < 4) break
    const [p, q, r, s] = [x[from]!, x[from + 1]!, x[from + 2]!, x[from + 3]!]
    const [a, c, d, e] = [from * m, (from + 1) * m, (from + 2) * m, (from + 3) * m]
    for (let k = 0; k < from; k++)
      x[k]! -= p * L[a + k]! + q * L[c + k]! + (r * L[d + k]! + s * L[e + k]!)
  }
  return x
}

/** a[at …]·b over `length` numbers. */
const partDot = (a: Float64Array, at: number, b: Float64Array, from: number, length: number) => {
  let p = 0
  let q = 0
  let r = 0
  let s = 0
  let k = 0
  for (; k + 3 < length; k += 4) {
    p += a[at + k]! * b[from + k]!
    q += a[at + k + 1]! * b[from + k + 1]!
    r += a[at + k + 2]! * b[from + k + 2]!
    s += a[at + k + 3]! * b[from + k + 3]!
  }
  for (; k < length; k++) p += a[at + k]! * b[from + k]!
  return p + q + (r + s)
}

/**
 * out[outAt + n] = row n of four rows of M (the first at rowAt, `stride` apart) · x[xAt …], over
 * `length` numbers.
 */
const dot4 = (
  M: Float64Array,
  rowAt: number,
  stride: number,
  x: Float64Array,
  xAt: number,
  length: number,
  out: Float64Array,
  outAt: number,
): void => {
  const [b, c, d] = [rowAt + stride, rowAt + 2 * stride, rowAt + 3 * stride]
  let p = 0
  let q = 0
  let r = 0
  let s = 0
  for (let k = 0; k < length; k++) {
    const v = x[xAt + k]!
    p += v * M[rowAt + k]!
    q += v * M[b + k]!
    r += v * M[c + k]!
    s += v * M[d + k]!
  }
  out[outAt] = p
  out[outAt + 1] = q
  out[outAt + 2] = r
  out[outAt + 3] = s
}

/** out[at + j] = x·rows[j] for each j. */
export const dotEach = (
  out: Float64Array,
  at: number,
  x: Float64Array,
  rows: readonly Float64Array[],
  js: readonly number[],
): void => {
  let n = 0
  for (; n + 3 < js.length; n += 4) {
    const [a, b, c, d] = [rows[js[n]!]!, rows[js[n + 1]!]!, rows[js[n + 2]!]!, rows[js[n + 3]!]!]
    let p = 0
    let q = 0
    let r = 0
    let s = 0
    for (let k = 0; k < x.length; k++) {
      const v = x[k]!
      p += v * a[k]!
      q += v * b[k]!
      r += v * c[k]!
      s += v * d[k]!
    }
    out[at + js[n]!] = p
    out[at + js[n + 1]!] = q
    out[at + js[n + 2]!] = r
    out[at + js[n + 3]!] = s
  }
  for (; n < js.length; n++) out[at + js[n]!] = dot(x, rows[js[n]!]!)
}
