import { describe, expect, test } from 'vitest'
import { cholesky, choleskySolve } from '../../../adapters/math/cholesky.ts'
import { matrix, multiply, transpose } from '../../../adapters/math/matrix.ts'
import { seededRng } from '../../../adapters/random.ts'
import { largestDifference, randomMatrix } from '../../support/numbers.ts'

const positive = (n: number) => {
  const g = randomMatrix(seededRng(`cholesky/${n}`), n, n + 3)
  return multiply(g, transpose(g))
}

describe('cholesky', () => {
  test('a known factor comes out', () => {
    const l = cholesky(matrix(3, 3, [4, 12, -16, 12, 37, -43, -16, -43, 98]))
    expect([...l.data]).toEqual([2, 0, 0, 6, 1, 0, -8, 5, 3])
  })

  test.each([1, 2, 10, 40])('the factor of a %i-row matrix multiplies back, and solves', (n) => {
    const a = positive(n)
    const l = cholesky(a)
    expect(largestDifference(multiply(l, transpose(l)).data, a.data)).toBeLessThan(1e-12)
    const x = randomMatrix(seededRng(n), n, 1)
    const b = multiply(a, x).data
    expect(largestDifference(choleskySolve(l, b), x.data)).toBeLessThan(1e-8)
  })

  test.each([
    ['an indefinite matrix', matrix(2, 2, [1, 2, 2, 1])],
    ['a singular matrix', matrix(2, 2, [1, 1, 1, 1])],
    ['a matrix that holds NaN', matrix(1, 1, [Number.NaN])],
    ['a matrix that is not square', matrix(2, 3)],
  ])('%s is refused', (_, a) => {
    expect(() => cholesky(a)).toThrow(RangeError)
  })

  test('a right side of another size is refused', () => {
    expect(() => choleskySolve(cholesky(positive(2)), [1])).toThrow(RangeError)
  })
})
