/** Thin SVD of the small factors and eigenvectors of symmetric matrices, with signs fixed so that equal inputs give equal bytes. */
import { EigenvalueDecomposition, Matrix as MlMatrix, SingularValueDecomposition } from 'ml-matrix'
import { type Matrix, matrix, row, transpose } from './matrix.ts'

/**
 * a = u·diag(s)·vᵀ for a tall a: [m, n], m ≥ n.  u: [m, n] orthonormal columns (also where a has a lower rank), s falling,
 * v: [n, n]. In each column of u the entry of largest magnitude is positive.  RangeError when m < n.
 */
export const thinSvd = (a: Matrix): { u: Matrix; s: Float64Array; v: Matrix } => {
  if (a.rows < a.cols) throw new RangeError(`thinSvd needs a tall matrix, got ${a.rows}×${a.cols}`)
  const svd = new SingularValueDecomposition(toMl(a))
  const ut = fromMl(svd.leftSingularVectors.transpose())
  const vt = fromMl(svd.rightSingularVectors.transpose())
  for (let i = 0; i < ut.rows; i++) if (fixSign(row(ut, i))) negate(row(vt, i))
  return { u: transpose(ut), s: Float64Array.from(svd.diagonal), v: transpose(vt) }
}

/**
 * Eigenvalues, falling, and the eigenvectors as rows [n, n] of a symmetric a: [n, n] (only its symmetry is used, not checked).
 * In each eigenvector the entry of largest magnitude is positive.
 */
export const symmetricEigen = (a: Matrix): { values: Float64Array; vectors: Matrix } => {
  const evd = new EigenvalueDecomposition(toMl(a), { assumeSymmetric: true })
  const n = a.rows
  const order = Array.from({ length: n }, (_, i) => n - 1 - i)
  const columns = evd.eigenvectorMatrix
  const vectors = matrix(n, n)
  for (const [to, from] of order.entries()) {
    const target = row(vectors, to)
    for (let i = 0; i < n; i++) target[i] = columns.get(i, from)
    fixSign(target)
  }
  return { values: Float64Array.from(order, (i) => evd.realEigenvalues[i]!), vectors }
}

/** Negates the vector in place when its first entry of largest magnitude is negative; tells whether it did. */
const fixSign = (vector: Float64Array): boolean => {
  let largest = 0
  for (const x of vector) if (Math.abs(x) > Math.abs(largest)) largest = x
  if (largest >= 0) return false
  negate(vector)
  return true
}

const negate = (vector: Float64Array): void => {
  for (let i = 0; i < vector.length; i++) vector[i] = -vector[i]!
}

const toMl = (a: Matrix): MlMatrix => {
  const out = new MlMatrix(a.rows, a.cols)
  for (let i = 0; i < a.rows; i++) out.setRow(i, row(a, i))
  return out
}

const fromMl = (a: MlMatrix): Matrix => matrix(a.rows, a.columns, a.to1DArray())

/** The k largest eigenvalues, falling, and their eigenvectors as rows [k, n]; otherwise as symmetricEigen. */
export const leadingEigen = (a: Matrix, k: number): { values: Float64Array; vectors: Matrix } => {
  const { values, vectors } = symmetricEigen(a)
  return {
    values: values.slice(0, k),
    vectors: matrix(k, a.rows, vectors.data.slice(0, k * a.rows)),
  }
}
