import { describe, expect, test } from 'vitest'
import { leadingEigen } from '../../../adapters/math/eigen.ts'
import { type Matrix, matrix, multiply, row, transpose } from '../../../adapters/math/matrix.ts'
import { thinSvd } from '../../../adapters/math/svd.ts'
import { dot } from '../../../adapters/math/vector.ts'
import { seededRng } from '../../../adapters/random.ts'
import { largestDifference, randomMatrix, rowsError } from '../../support/numbers.ts'

const symmetric = (n: number, seed: number): Matrix => {
  const g = randomMatrix(seededRng(seed), n, n)
  return multiply(g, transpose(g))
}

const diagonal = (values: readonly number[]): Matrix =>
  matrix(
    values.length,
    values.length,
    values.flatMap((v, i) => values.map((_, j) => (i === j ? v : 0))),
  )

/** Low rank plus a multiple of the identity: what the head prior looks like. */
const spiked = (): Matrix => {
  const g = randomMatrix(seededRng(9), 30, 5)
  const out = multiply(g, transpose(g))
  for (let i = 0; i < 30; i++) out.data[i * 31]! += 2
  return out
}

const residual = (a: Matrix, { values, vectors }: ReturnType<typeof leadingEigen>): number => {
  const image = multiply(vectors, a)
  const expected = vectors.data.map((x, i) => x * values[Math.floor(i / a.rows)]!)
  return largestDifference(image.data, expected)
}

describe('leadingEigen', () => {
  test.each([
    ['of one number', diagonal([3]), 1],
    ['two by two', symmetric(2, 1), 2],
    ['of random numbers, every vector', symmetric(25, 2), 25],
    ['of random numbers, the first five', symmetric(60, 3), 5],
    ['with one repeated value', diagonal([2, 2, 2, 2, 2]), 4],
    ['with a repeated leading value', diagonal([1, 7, 7, 3]), 3],
    ['of zeros', matrix(6, 6), 3],
    ['of a spiked covariance, past its spikes', spiked(), 12],
    ['with negative values', diagonal([-1, -5, 2]), 3],
    [
      'of tiny numbers',
      matrix(
        10,
        10,
        symmetric(10, 4).data.map((x) => x * 1e-12),
      ),
      3,
    ],
  ])('of a matrix %s gives orthonormal vectors that the matrix only scales', (_, a, k) => {
    const found = leadingEigen(a, k)
    expect(rowsError(found.vectors)).toBeLessThan(1e-13)
    const size = Math.max(...a.data.map(Math.abs)) || 1
    expect(residual(a, found)).toBeLessThanOrEqual(1e-13 * size * a.rows)
    expect([...found.values]).toEqual([...found.values].sort((x, y) => y - x))
  })

  test('agrees with the singular vectors of a positive definite matrix to 1e-11', () => {
    const a = symmetric(40, 5)
    const { u, s } = thinSvd(a)
    const { values, vectors } = leadingEigen(a, 6)
    expect(largestDifference(values, s.slice(0, 6))).toBeLessThan(1e-11)
    const columns = transpose(u)
    for (let i = 0; i < 6; i++) {
      const overlap = dot(row(columns, i), row(vectors, i))
      expect(Math.abs(Math.abs(overlap) - 1)).toBeLessThan(1e-11)
    }
  })

  test('equal input gives equal bytes, and the largest entry of each vector is positive', () => {
    const a = spiked()
    const { vectors } = leadingEigen(a, 8)
    expect(leadingEigen(a, 8).vectors).toEqual(vectors)
    for (let i = 0; i < 8; i++) {
      const vector = [...vectors.data.subarray(i * 30, (i + 1) * 30)]
      expect(vector.reduce((m, x) => (Math.abs(x) > Math.abs(m) ? x : m), 0)).toBeGreaterThan(0)
    }
  })

  test('only the upper triangle is read', () => {
    const a = symmetric(8, 6)
    const upper = matrix(
      8,
      8,
      a.data.map((x, i) => (i % 8 < Math.floor(i / 8) ? 99 : x)),
    )
    expect(leadingEigen(upper, 3)).toEqual(leadingEigen(a, 3))
  })

  test('no vectors at all is allowed, more than there are is not', () => {
    expect(leadingEigen(matrix(3, 3), 0).values).toHaveLength(0)
    expect(() => leadingEigen(matrix(3, 3), 4)).toThrow(RangeError)
    expect(() => leadingEigen(matrix(3, 2), 1)).toThrow(RangeError)
  })
})
