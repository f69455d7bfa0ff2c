/** The scalar functions of choice models, and their sums in the log domain. */

/** 1 / (1 + e^−x), without overflow. */
export const sigmoid = (x: number): number =>
  x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x))

/** log(1 + e^x), without overflow. */
export const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))

/**
 * Φ(x), the standard normal distribution function; absolute error below 8e-8 (Abramowitz & Stegun
 * 26.2.17).
 */
export const normalCdf = (x: number): number => {
  const t = 1 / (1 + 0.2316419 * Math.abs(x))
  const poly =
    t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))))
  const tail = (poly * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI)
  return x >= 0 ? 1 - tail : tail
}

/** exp(xᵢ) / Σ exp(xⱼ), without overflow. */
export const softmax = (values: readonly number[]): number[] => {
  const most = Math.max(...values)
  const exponentials = values.map((x) => Math.exp(x - most))
  const sum = exponentials.reduce((a, b) => a + b, 0)
  return exponentials.map((e) => e / sum)
}

/** log of the mean of exp(xᵢ), without overflow. */
export const logMeanExp = (values: readonly number[]): number => {
  const most = Math.max(...values)
  return most + Math.log(values.reduce((sum, x) => sum + Math.exp(x - most), 0) / values.length)
}
