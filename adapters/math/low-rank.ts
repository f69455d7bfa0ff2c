/** Products of two thin factors, cut to a lower rank without being formed (Golub & Van Loan, section 5.4.2). */
import { QrDecomposition } from 'ml-matrix'
import { columns, type Matrix, multiply, scaleColumns, transpose } from './matrix.ts'
import { fromMl, thinSvd, toMl } from './svd.ts'

/**
 * The best product of a rank (Eckart & Young): left·right ≈ b·a with orthonormal rows of a, the
 * directions with the largest singular values first. squares: all singular values, squared.
 * left: [m, k], right: [k, n] -> b: [m, rank], a: [rank, n]; zeros where the rank exceeds m, n or k.
 */
export const truncateProduct = (
  left: Matrix,
  right: Matrix,
  rank: number,
): { readonly b: Matrix; readonly a: Matrix; readonly squares: Float64Array } => {
  const { u, s, v } = productSvd(left, right)
  const kept = Float64Array.from({ length: rank }, (_, i) => s[i] ?? 0)
  return {
    b: scaleColumns(columns(u, 0, rank), kept),
    a: transpose(columns(v, 0, rank)),
    squares: s.map((x) => x * x),
  }
}

const productSvd = (left: Matrix, right: Matrix): ReturnType<typeof thinSvd> => {
  if (left.cols < Math.min(left.rows, right.cols)) {
    const [l, r] = [qr(left), qr(transpose(right))]
    const { u, s, v } = thinSvd(multiply(l.r, transpose(r.r)))
    return { u: multiply(l.q, u), s, v: multiply(r.q, v) }
  }
  const product = multiply(left, right)
  if (product.rows >= product.cols) return thinSvd(product)
  const { u, s, v } = thinSvd(transpose(product))
  return { u: v, s, v: u }
}

const qr = (a: Matrix): { readonly q: Matrix; readonly r: Matrix } => {
  const made = new QrDecomposition(toMl(a))
  return { q: fromMl(made.orthogonalMatrix), r: fromMl(made.upperTriangularMatrix) }
}
