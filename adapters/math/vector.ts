/**
 * Element loops over flat vectors. Sums are accumulated in float64 whatever the elements are; sizes
 * must agree (RangeError).
 */

export type Vector = Float32Array | Float64Array

/** Σ aᵢ·bᵢ */
export const dot = (a: Vector, b: Vector): number => {
  sameSize(a, b)
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}

/** Euclidean norm, without overflow guards: elements beyond 1e150 are not ours. */
export const norm = (a: Vector): number => Math.sqrt(dot(a, a))

/** y += factor·x, in place. */
export const axpy = (y: Vector, factor: number, x: Vector): void => {
  sameSize(y, x)
  for (let i = 0; i < y.length; i++) y[i]! += factor * x[i]!
}

/** a *= factor, in place. */
export const scaleBy = (a: Vector, factor: number): void => {
  for (let i = 0; i < a.length; i++) a[i]! *= factor
}

export const isFiniteVector = (a: Vector): boolean => {
  for (let i = 0; i < a.length; i++) if (!Number.isFinite(a[i]!)) return false
  return true
}

const sameSize = (a: Vector, b: Vector): void => {
  if (a.length !== b.length)
    throw new RangeError(`vectors must have one size, got ${a.length} and ${b.length}`)
}
