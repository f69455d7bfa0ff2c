import fc from 'fast-check'
import { expect, test } from 'vitest'
import { truncateProduct } from '../../../adapters/math/low-rank.ts'
import { add, matrix, multiply } from '../../../adapters/math/matrix.ts'
import { thinSvd } from '../../../adapters/math/svd.ts'
import { norm } from '../../../adapters/math/vector.ts'
import { seededRng } from '../../../adapters/random.ts'
import { rowsError } from '../../support/numbers.ts'

const draw = (rows: number, cols: number, seed: string) => {
  const rng = seededRng(seed)
  return matrix(
    rows,
    cols,
    Float64Array.from({ length: rows * cols }, () => rng.normal()),
  )
}

test('a product is cut to the best of its rank, and tells what it leaves out, in every shape', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 1, max: 15 }),
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 1, max: 6 }),
      (m, k, n, rank) => {
        const [left, right] = [draw(m, k, 'left'), draw(k, n, 'right')]
        const product = multiply(left, right)
        const { a, b, squares } = truncateProduct(left, right, rank)
        expect([b.rows, b.cols, a.rows, a.cols]).toEqual([m, rank, rank, n])
        // The oracle: the singular values of the product itself.
        const tall = m >= n ? product : multiply(matrix(n, n, identity(n)), transposed(product))
        const { s } = thinSvd(tall)
        const left2 = s.slice(rank).reduce((sum, x) => sum + x * x, 0)
        const error = norm(add(product, multiply(b, a), -1).data) ** 2
        expect(Math.abs(error - left2)).toBeLessThan(1e-9 * (1 + norm(product.data) ** 2))
        const told = squares.slice(rank).reduce((sum, x) => sum + x, 0)
        expect(Math.abs(told - left2)).toBeLessThan(1e-9 * (1 + norm(product.data) ** 2))
      },
    ),
    { numRuns: 60 },
  )
})

const identity = (n: number) =>
  Float64Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : 0))

const transposed = (a: ReturnType<typeof matrix>) => {
  const out = matrix(a.cols, a.rows)
  for (let i = 0; i < a.rows; i++)
    for (let j = 0; j < a.cols; j++) out.data[j * a.rows + i] = a.data[i * a.cols + j]!
  return out
}

test('directions without any strength are still orthonormal in a, with columns of zero in b', () => {
  const left = draw(9, 4, 'left')
  for (let i = 0; i < 9; i++) for (const j of [1, 3]) left.data[i * 4 + j] = 0
  const { a, b } = truncateProduct(left, draw(4, 7, 'right'), 4)
  expect(rowsError(a)).toBeLessThan(1e-10)
  for (let i = 0; i < 9; i++)
    for (const j of [2, 3]) expect(Math.abs(b.data[i * 4 + j]!)).toBeLessThan(1e-10)
})
