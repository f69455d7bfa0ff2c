import { Matrix, solve } from 'ml-matrix'
import { expect, test } from 'vitest'
import { seededRng } from '../../../adapters/random.ts'
import {
  choleskyRow,
  dotEach,
  multiplySquare,
  solveCholesky,
  solveLower,
} from '../../../device/reward/dense.ts'

const largestGap = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Math.max(0, ...Array.from(a, (v, i) => Math.abs(v - b[i]!)))

/** B = I + XXᵀ of m rows. */
const made = (m: number) => {
  const rng = seededRng(`dense/${m}`)
  const X = new Matrix(
    Array.from({ length: m }, () => Array.from({ length: m + 2 }, () => rng.normal())),
  )
  return {
    B: Matrix.eye(m).add(X.mmul(X.transpose())),
    x: Float64Array.from({ length: m }, () => rng.normal()),
  }
}

// Around the four rows that are done at once.
test.each([1, 2, 3, 4, 5, 7, 8, 9, 31, 64])('agrees with plain matrices of %i rows', (m) => {
  const { B, x } = made(m)
  const flat = Float64Array.from(B.to1DArray())
  const column = Matrix.columnVector([...x])
  expect(largestGap(multiplySquare(flat, x), B.mmul(column).to1DArray())).toBeLessThan(1e-11)
  const L = new Float64Array(m * m)
  for (let i = 0; i < m; i++) choleskyRow(L, m, i, (j) => B.get(i, j) - (i === j ? 1 : 0))
  const lower = new Matrix(Array.from({ length: m }, (_, i) => [...L.subarray(i * m, (i + 1) * m)]))
  expect(largestGap(lower.mmul(lower.transpose()).to1DArray(), flat)).toBeLessThan(1e-11)
  expect(largestGap(solveCholesky(L, x), solve(B, column).to1DArray())).toBeLessThan(1e-10)
  expect(
    largestGap(lower.mmul(Matrix.columnVector([...solveLower(L, x)])).to1DArray(), x),
  ).toBeLessThan(1e-11)
  const rows = Array.from({ length: m }, (_, i) => flat.slice(i * m, (i + 1) * m))
  const out = new Float64Array(m + 1)
  const some = rows.flatMap((_, i) => (i % 5 === 3 ? [] : [i]))
  dotEach(out, 1, x, rows, some)
  const product = multiplySquare(flat, x)
  for (let i = 0; i < m; i++) expect(out[i + 1]).toBeCloseTo(some.includes(i) ? product[i]! : 0, 10)
})
