/** The likelihood ratio of a sampled Gaussian, 1 − q + q·e^x, and back, without overflow. */

/** From here on e^x and e^x − 1 are the same number. */
export const LARGE = 40

/** ln(1 − q + q·e^x). q: above 0, at most 1. */
export const logMixed = (q: number, x: number): number => {
  if (q === 1) return x
  return x > LARGE ? Math.log(q) + x : Math.log1p(q * Math.expm1(x))
}

/** The x with ln(1 − q + q·e^x) = y; −Infinity up to ln(1 − q), where there is none. */
export const unmixed = (q: number, y: number): number => {
  if (q === 1) return y
  if (y > LARGE) return y - Math.log(q)
  const ratio = Math.expm1(y) / q
  return ratio > -1 ? Math.log1p(ratio) : Number.NEGATIVE_INFINITY
}
