/** Thin SVD of the small factors, with signs fixed so that equal inputs give equal bytes. */
import { Matrix as MlMatrix, SingularValueDecomposition } from 'ml-matrix'
import { type Matrix, matrix, row, transpose } from './matrix.ts'

/**
 * a = u·diag(s)·vᵀ for a tall a: [m, n], m ≥ n.  u: [m, n] orthonormal columns (also where a has a
 * lower rank), s falling,
 * v: [n, n]. In each column of u the entry of largest magnitude is positive.  RangeError when m <
 * n.
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
 * Negates the vector in place when its first entry of largest magnitude is negative; tells whether
 * it did.
 */
export const fixSign = (vector: Float64Array): boolean => {
  let largest = 0
  for (const x of vector) if (Math.abs(x) > Math.abs(largest)) largest = x
  if (largest >= 0) return false
  negate(vector)
  return true
}

const negate = (vector: Float64Array): void => {
  for (let i = 0; i < vector.length; i++) vector[i] = -vector[i]!
}

export const toMl = (a: Matrix): MlMatrix => {
  const out = new MlMatrix(a.rows, a.cols)
  for (let i = 0; i < a.rows; i++) out.setRow(i, row(a, i))
  return out
}

export const fromMl = (a: MlMatrix): Matrix => matrix(a.rows, a.columns, a.to1DArray())
