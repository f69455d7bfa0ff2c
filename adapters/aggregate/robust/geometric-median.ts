/**
 * The geometric median, argmin Σ‖z − xᵢ‖, by the smoothed Weiszfeld algorithm (Pillutla et al. 2022,
 * algorithm 2; here to convergence). Every iterate is a mean z = Σwᵢxᵢ with Σwᵢ = 1, so distances
 * between the updates are all it needs: ‖z − xᵢ‖² = Σⱼwⱼdᵢⱼ² − ½·Σⱼₖwⱼwₖdⱼₖ².
 */

/**
 * ν, what a distance counts for at least, as a share of the smallest one that is not zero: far updates
 * have no say in it.
 */
const SMOOTHING = 1e-6
const MAX_STEPS = 1000
/** Largest change of a weight at which it has converged. */
const TOLERANCE = 1e-10

/** distances: squared, [n, n]. -> w: [n], whose sum is 1. */
export const geometricMedianWeights = (distances: Float64Array, n: number): Float64Array => {
  let weights = new Float64Array(n).fill(1 / n)
  const closest = distances.reduce((least, d) => (d > 0 ? Math.min(least, d) : least), Infinity)
  if (closest === Infinity) return weights
  const least = SMOOTHING * Math.sqrt(closest)
  for (let step = 0; step < MAX_STEPS; step++) {
    const next = stepOf(distances, weights, least)
    const moved = next.reduce((most, w, i) => Math.max(most, Math.abs(w - weights[i]!)), 0)
    weights = next
    if (moved < TOLERANCE) break
  }
  return weights
}

const stepOf = (
  distances: Float64Array,
  weights: Float64Array,
  least: number,
): Float64Array<ArrayBuffer> => {
  const n = weights.length
  // Σⱼwⱼdᵢⱼ² for each i, and half of its mean.
  const toAll = new Float64Array(n)
  let half = 0
  for (let i = 0; i < n; i++) {
    let sum = 0
    for (let j = 0; j < n; j++) sum += weights[j]! * distances[i * n + j]!
    toAll[i] = sum
    half += 0.5 * weights[i]! * sum
  }
  const inverse = toAll.map((sum) => 1 / Math.max(least, Math.sqrt(Math.max(0, sum - half))))
  const total = inverse.reduce((sum, x) => sum + x, 0)
  return inverse.map((x) => x / total)
}
