/** Random matrices and closeness for numeric tests. */
import { expect } from 'vitest'
import { type Matrix, matrix, row } from '../../adapters/math/matrix.ts'
import { dot } from '../../adapters/math/vector.ts'
import type { Rng } from '../../adapters/random.ts'

export const randomMatrix = (rng: Rng, rows: number, cols: number): Matrix =>
  matrix(
    rows,
    cols,
    Array.from({ length: rows * cols }, () => rng.normal()),
  )

export const randomVector = (rng: Rng, size: number, scale = 1): Float32Array =>
  Float32Array.from({ length: size }, () => scale * rng.normal())

/** Largest absolute difference; the sizes must be one. */
export const largestDifference = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  expect(a.length).toBe(b.length)
  let worst = 0
  for (let i = 0; i < a.length; i++) {
    // Math.max keeps a NaN, which then fails every comparison.
    worst = Math.max(worst, Math.abs(a[i]! - b[i]!))
  }
  return worst
}

/** Largest |(a·aᵀ − I)ᵢⱼ|: 0 for orthonormal rows. */
export const rowsError = (a: Matrix): number => {
  let worst = 0
  for (let i = 0; i < a.rows; i++)
    for (let j = 0; j <= i; j++)
      worst = Math.max(worst, Math.abs(dot(row(a, i), row(a, j)) - (i === j ? 1 : 0)))
  return worst
}
