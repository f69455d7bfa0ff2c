/**
 * Cholesky factor and solves for symmetric positive definite matrices (Golub & Van Loan, section
 * 4.2).
 */
import { type Matrix, matrix, row } from './matrix.ts'

/**
 * Lower l with l·lᵀ = a; reads the lower triangle only. RangeError when a is not positive definite
 * to working precision.
 */
export const cholesky = (a: Matrix): Matrix => {
  const n = a.rows
  if (a.cols !== n) throw new RangeError(`expected a square matrix, got ${n}×${a.cols}`)
  const l = matrix(n, n)
  for (let i = 0; i < n; i++) {
    const li = row(l, i)
    for (let j = 0; j <= i; j++) {
      const lj = row(l, j)
      let rest = a.data[i * n + j]!
      for (let k = 0; k < j; k++) rest -= li[k]! * lj[k]!
      if (i !== j) li[j] = rest / lj[j]!
      else if (rest > 0) li[i] = Math.sqrt(rest)
      else throw new RangeError(`matrix is not positive definite at row ${i}`)
    }
  }
  return l
}

/** x with l·lᵀ·x = b; l from cholesky, b: [n]. */
export const choleskySolve = (l: Matrix, b: ArrayLike<number>): Float64Array => {
  const n = l.rows
  if (b.length !== n) throw new RangeError(`expected ${n} numbers, got ${b.length}`)
  const x = Float64Array.from(b)
  for (let i = 0; i < n; i++) {
    const li = row(l, i)
    let rest = x[i]!
    for (let k = 0; k < i; k++) rest -= li[k]! * x[k]!
    x[i] = rest / li[i]!
  }
  for (let i = n - 1; i >= 0; i--) {
    const value = x[i]! / l.data[i * n + i]!
    x[i] = value
    const li = row(l, i)
    for (let k = 0; k < i; k++) x[k]! -= li[k]! * value
  }
  return x
}
