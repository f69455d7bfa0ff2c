/** The normal distribution, far into its tails. */

/** Where the series is as fast as the continued fraction. */
const SERIES_BELOW = 2.5

/**
 * Of N(mean, deviation²): the mass up to the first edge, between each two, and above the last. edges:
 * [n], rising, infinite ones among them -> [n + 1]. Small masses are as exact as large ones.
 */
export const normalCells = (
  edges: ArrayLike<number>,
  mean: number,
  deviation: number,
): Float64Array => {
  const cells = new Float64Array(edges.length + 1)
  let [below, above] = [0, 1]
  for (let i = 0; i <= edges.length; i++) {
    const x = i < edges.length ? (edges[i]! - mean) / deviation : Number.POSITIVE_INFINITY
    const small = erfc(Math.abs(x) * Math.SQRT1_2) / 2
    const [nextBelow, nextAbove] = x < 0 ? [small, 1 - small] : [1 - small, small]
    // From the side on which both numbers are small.
    cells[i] = Math.max(0, x < 0 ? nextBelow - below : above - nextAbove)
    below = nextBelow
    above = nextAbove
  }
  return cells
}

/** x ≥ 0. Relative error: 1e-12. */
export const erfc = (x: number): number =>
  x < SERIES_BELOW ? 1 - erfSeries(x) : Math.exp(-x * x) * scaledTail(x)

/** e^{x²}·erfc(x), which never vanishes. x ≥ 0. Relative error: 1e-12. */
export const erfcx = (x: number): number =>
  x < SERIES_BELOW ? Math.exp(x * x) * (1 - erfSeries(x)) : scaledTail(x)

/** 2/√π e^{−x²} Σ 2ⁿ x²ⁿ⁺¹ / (2n+1)!! (Abramowitz & Stegun 7.1.6): no term has another sign. */
const erfSeries = (x: number): number => {
  let term = x
  let sum = x
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1)
    sum += term
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum
}

/** e^{x²}·erfc(x) for x ≥ 2.5: the continued fraction 7.1.14, from its end. */
const scaledTail = (x: number): number => {
  let f = x
  for (let k = 10 + Math.ceil(300 / (x * x)); k >= 1; k--) f = x + k / 2 / f
  return 1 / (f * Math.sqrt(Math.PI))
}
