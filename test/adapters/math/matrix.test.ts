import { describe, expect, test } from 'vitest'
import {
  type Matrix,
  matrix,
  multiply,
  orthonormalizeRows,
  row,
  scaleColumns,
  transpose,
} from '../../../adapters/math/matrix.ts'
import { seededRng } from '../../../adapters/random.ts'
import { largestDifference, randomMatrix, rowsError } from '../../support/numbers.ts'

/** The definition, index by index. */
const slowMultiply = (a: Matrix, b: Matrix): number[] => {
  const out: number[] = []
  for (let i = 0; i < a.rows; i++)
    for (let j = 0; j < b.cols; j++) {
      let sum = 0
      for (let k = 0; k < a.cols; k++) sum += a.data[i * a.cols + k]! * b.data[k * b.cols + j]!
      out.push(sum)
    }
  return out
}

describe('matrices', () => {
  test('a product agrees with its definition to 1e-14', () => {
    const rng = seededRng(1)
    const a = randomMatrix(rng, 5, 7)
    const b = randomMatrix(rng, 7, 3)
    expect(largestDifference(multiply(a, b).data, slowMultiply(a, b))).toBeLessThan(1e-14)
  })

  test('transposing twice changes nothing, and turns products around', () => {
    const rng = seededRng(2)
    const a = randomMatrix(rng, 4, 6)
    const b = randomMatrix(rng, 6, 2)
    expect(transpose(transpose(a))).toEqual(a)
    const turned = multiply(transpose(b), transpose(a))
    expect(largestDifference(turned.data, transpose(multiply(a, b)).data)).toBeLessThan(1e-14)
  })

  test('scaleColumns multiplies by a diagonal from the right', () => {
    expect([...scaleColumns(matrix(2, 2, [1, 2, 3, 4]), [10, 100]).data]).toEqual([
      10, 200, 30, 400,
    ])
  })

  test('rows become orthonormal to 1e-15 and keep their span, even when nearly parallel', () => {
    const rng = seededRng(3)
    const a = randomMatrix(rng, 4, 9)
    for (let j = 0; j < 9; j++) row(a, 1)[j] = row(a, 0)[j]! + 1e-7 * rng.normal()
    const before = matrix(4, 9, a.data)
    orthonormalizeRows(a)
    expect(rowsError(a)).toBeLessThan(1e-15)
    // Projecting the old rows on the new ones loses nothing.
    const projected = multiply(multiply(before, transpose(a)), a)
    expect(largestDifference(projected.data, before.data)).toBeLessThan(1e-13)
  })

  test('dependent rows are refused', () => {
    expect(() => orthonormalizeRows(matrix(2, 2, [1, 2, 2, 4]))).toThrow(RangeError)
    expect(() => orthonormalizeRows(matrix(1, 2))).toThrow(RangeError)
  })

  test('sizes that do not fit are refused', () => {
    expect(() => matrix(2, 2, [1, 2, 3])).toThrow(RangeError)
    expect(() => multiply(matrix(2, 3), matrix(2, 3))).toThrow(RangeError)
  })
})
