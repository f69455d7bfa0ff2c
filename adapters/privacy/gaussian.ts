/**
 * Gaussian mechanisms in closed form: any number of them, each chosen after the outcome of those before, are
 * one with μ² = Σ 1/z² (Dong, Roth & Su 2022, corollary 2). Exact, and quick enough for a device; it knows
 * nothing of the grid of pld.ts, so that each checks the other.
 */
import { erfc, erfcx } from '../math/normal.ts'

/** noise: each multiplier, and how often it was used. -> μ; 0 of none. */
export const composedMu = (charges: Iterable<readonly [noise: number, times: number]>): number => {
  let sum = 0
  for (const [noise, times] of charges) sum += times / (noise * noise)
  return Math.sqrt(sum)
}

/**
 * Smallest ε for this δ, in (0, 1): Balle & Wang 2018, theorem 8. mu: 1 over the noise multiplier. Infinity
 * above ε = 10⁴.
 */
export const gaussianEpsilon = (mu: number, delta: number): number => {
  if (mu === 0 || deltaAt(mu, 0) <= delta) return 0
  let [low, high] = [0, LARGEST]
  if (deltaAt(mu, high) > delta) return Number.POSITIVE_INFINITY
  for (let i = 0; i < 100 && high - low > 1e-12 * high; i++) {
    const middle = (low + high) / 2
    if (deltaAt(mu, middle) > delta) low = middle
    else high = middle
  }
  return high
}

const LARGEST = 1e4

/** Φ(μ/2 − ε/μ) − e^ε·Φ(−μ/2 − ε/μ); with a = ε/μ − μ/2, e^ε·e^(−(a+μ)²/2) = e^(−a²/2). */
const deltaAt = (mu: number, epsilon: number): number => {
  const a = epsilon / mu - mu / 2
  const above = a > 0 ? erfc(a * Math.SQRT1_2) / 2 : 1 - erfc(-a * Math.SQRT1_2) / 2
  return above - (Math.exp((-a * a) / 2) * erfcx((a + mu) * Math.SQRT1_2)) / 2
}
