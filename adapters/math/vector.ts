/** Element loops over flat vectors. Sums are accumulated in float64 whatever the elements are; sizes must agree (RangeError). */

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

/** a + b, rounded to float32. */
export const sum32 = (a: Vector, b: Vector): Float32Array => {
  sameSize(a, b)
  const out = new Float32Array(a.length)
  for (let i = 0; i < out.length; i++) out[i] = a[i]! + b[i]!
  return out
}

/** a − b, rounded to float32. */
export const difference32 = (a: Vector, b: Vector): Float32Array => {
  sameSize(a, b)
  const out = new Float32Array(a.length)
  for (let i = 0; i < out.length; i++) out[i] = a[i]! - b[i]!
  return out
}

/** A copy scaled down to the norm `limit` where it is longer. Rounds towards the inside, so the result's norm is ≤ limit. */
export const clipNorm32 = (a: Float32Array, limit: number): Float32Array => {
  const length = norm(a)
  if (length <= limit) return a.slice()
  let factor = limit / length
  let clipped = a.map((x) => x * factor)
  while (norm(clipped) > limit) {
    factor *= 1 - 2 ** -24
    clipped = a.map((x) => x * factor)
  }
  return clipped
}

export const isFiniteVector = (a: Vector): boolean => {
  for (let i = 0; i < a.length; i++) if (!Number.isFinite(a[i]!)) return false
  return true
}

const sameSize = (a: Vector, b: Vector): void => {
  if (a.length !== b.length)
    throw new RangeError(`vectors must have one size, got ${a.length} and ${b.length}`)
}
