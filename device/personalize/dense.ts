/** Small dense kernels of the head: rows are Float64Arrays, L is lower triangular. */

/** Σ aᵢbᵢ over a's length. */
export const dot = (a: Float64Array, b: Float64Array): number => {
  let s0 = 0
  let s1 = 0
  let i = 0
  for (; i + 1 < a.length; i += 2) {
    s0 += a[i]! * b[i]!
    s1 += a[i + 1]! * b[i + 1]!
  }
  return i < a.length ? s0 + s1 + a[i]! * b[i]! : s0 + s1
}

/** y += by·x, in place. */
export const addScaled = (y: Float64Array, by: number, x: Float64Array): void => {
  for (let i = 0; i < y.length; i++) y[i] = y[i]! + by * x[i]!
}

/** 1 / (1 + e^−x), without overflow. */
export const sigmoid = (x: number): number =>
  x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x))

/** log(1 + e^x), without overflow. */
export const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))

/** Φ(x), the standard normal distribution function; absolute error below 8e-8 (Abramowitz & Stegun 26.2.17). */
export const normalCdf = (x: number): number => {
  const t = 1 / (1 + 0.2316419 * Math.abs(x))
  const poly =
    t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))))
  const tail = (poly * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI)
  return x >= 0 ? 1 - tail : tail
}

/** Replaces a symmetric positive definite B by L with LLᵀ = B; what lies above the diagonal is left as it was. */
export const choleskyInPlace = (B: Float64Array[]): void => {
  for (let i = 0; i < B.length; i++) {
    const bi = B[i]!
    for (let j = 0; j <= i; j++) {
      const bj = B[j]!
      let sum = bi[j]!
      for (let k = 0; k < j; k++) sum -= bi[k]! * bj[k]!
      bi[j] = i === j ? Math.sqrt(sum) : sum / bj[j]!
    }
  }
}

/** x ← L⁻¹x, in place. */
export const solveLower = (L: readonly Float64Array[], x: Float64Array): void => {
  for (let i = 0; i < x.length; i++) {
    const row = L[i]!
    let sum = x[i]!
    for (let k = 0; k < i; k++) sum -= row[k]! * x[k]!
    x[i] = sum / row[i]!
  }
}

/** x ← L⁻ᵀx, in place. */
export const solveUpper = (L: readonly Float64Array[], x: Float64Array): void => {
  for (let i = x.length - 1; i >= 0; i--) {
    let sum = x[i]!
    for (let k = i + 1; k < x.length; k++) sum -= L[k]![i]! * x[k]!
    x[i] = sum / L[i]![i]!
  }
}
