/**
 * The leading eigenvectors of a symmetric matrix, with signs fixed so that equal inputs give equal
 * bytes.
 */
import { EigenvalueDecomposition, Matrix as MlMatrix } from 'ml-matrix'
import { type Matrix, matrix, row } from './matrix.ts'
import { fixSign } from './svd.ts'

/**
 * values: the k largest eigenvalues, falling.  vectors: [k, n] orthonormal rows, in each the entry
 * of largest magnitude positive.
 * a: [n, n]; its upper triangle is read. Within a repeated eigenvalue the basis is arbitrary but
 * always the same. RangeError unless a is square and 0 ≤ k ≤ n.
 */
export const leadingEigen = (a: Matrix, k: number): { values: Float64Array; vectors: Matrix } => {
  const n = a.rows
  if (a.cols !== n || !(k >= 0 && k <= n))
    throw new RangeError(`expected a square matrix and k ≤ its size, got ${n}×${a.cols} and ${k}`)
  const vectors = matrix(k, n)
  if (k === 0) return { values: new Float64Array(), vectors }
  const whole = new MlMatrix(n, n)
  for (let i = 0; i < n; i++)
    for (let j = i; j < n; j++) {
      whole.set(i, j, a.data[i * n + j]!)
      whole.set(j, i, a.data[i * n + j]!)
    }
  // In rising order, one eigenvector a column.
  const all = new EigenvalueDecomposition(whole, { assumeSymmetric: true })
  const columns = all.eigenvectorMatrix
  for (let i = 0; i < k; i++) {
    const vector = row(vectors, i)
    for (let j = 0; j < n; j++) vector[j] = columns.get(j, n - 1 - i)
    fixSign(vector)
  }
  return { values: Float64Array.from(all.realEigenvalues).reverse().subarray(0, k), vectors }
}
