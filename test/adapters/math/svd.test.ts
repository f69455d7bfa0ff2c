import { describe, expect, test } from 'vitest'
import {
  type Matrix,
  matrix,
  multiply,
  scaleColumns,
  transpose,
} from '../../../adapters/math/matrix.ts'
import { thinSvd } from '../../../adapters/math/svd.ts'
import { seededRng } from '../../../adapters/random.ts'
import { largestDifference, randomMatrix, rowsError } from '../../support/numbers.ts'

const ofRank = (rank: number): Matrix => {
  const rng = seededRng(`rank/${rank}`)
  return multiply(randomMatrix(rng, 24, rank), randomMatrix(rng, rank, 4))
}

describe('thinSvd', () => {
  test.each([
    ['full rank', ofRank(4)],
    ['rank 2', ofRank(2)],
    ['rank 1', ofRank(1)],
    ['zero', matrix(24, 4)],
    ['square', randomMatrix(seededRng(5), 4, 4)],
    ['one column', randomMatrix(seededRng(6), 9, 1)],
    ['tiny numbers', scaleColumns(ofRank(4), [1e-20, 1e-20, 1e-20, 1e-20])],
    ['columns of very different size', scaleColumns(ofRank(4), [1e6, 1, 1e-6, 0])],
  ])('a matrix of %s is the product of its parts, which are orthonormal', (_, a) => {
    const { u, s, v } = thinSvd(a)
    const largest = Math.max(...s)
    const product = multiply(scaleColumns(u, s), transpose(v))
    expect(largestDifference(product.data, a.data)).toBeLessThanOrEqual(1e-14 * largest)
    expect(rowsError(transpose(u))).toBeLessThan(1e-13)
    expect(rowsError(transpose(v))).toBeLessThan(1e-13)
    expect([...s]).toEqual([...s].sort((x, y) => y - x))
    expect(Math.min(...s)).toBeGreaterThanOrEqual(0)
  })

  test('the largest entry of each left vector is positive, whatever the signs of the input', () => {
    const a = ofRank(4)
    const negated = matrix(
      a.rows,
      a.cols,
      a.data.map((x) => -x),
    )
    for (const { u } of [thinSvd(a), thinSvd(negated)])
      for (let j = 0; j < 4; j++) {
        const column = Array.from({ length: 24 }, (_, i) => u.data[i * 4 + j]!)
        const largest = column.reduce((m, x) => (Math.abs(x) > Math.abs(m) ? x : m), 0)
        expect(largest).toBeGreaterThan(0)
      }
    expect(largestDifference(thinSvd(a).u.data, thinSvd(negated).u.data)).toBeLessThan(1e-12)
  })

  test('the values of a known matrix come out', () => {
    // [[3, 0], [4, 5]] has singular values √45 and √5.
    const { s } = thinSvd(matrix(2, 2, [3, 0, 4, 5]))
    expect(s[0]).toBeCloseTo(Math.sqrt(45), 12)
    expect(s[1]).toBeCloseTo(Math.sqrt(5), 12)
  })

  test('a wide matrix is refused', () => {
    expect(() => thinSvd(matrix(2, 3))).toThrow(RangeError)
  })
})
