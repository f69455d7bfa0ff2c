/** Figures of an evaluation: the share of the reachable utility, and intervals over users. */
import type { Rng } from '../adapters/random.ts'

/** One prompt: the utilities of its candidates, and which one an arm picked. */
export type Pick = { readonly utilities: readonly number[]; readonly picked: number }

export type Interval = readonly [low: number, high: number]

/**
 * Σ (u(picked) − mean u) / Σ (max u − mean u) over prompts: 0 is a random pick, 1 the oracle's, below 0 is worse than random.
 * 0 where nothing is to be won.
 */
export const reachableUtility = (picks: readonly Pick[]): number => {
  let won = 0
  let reachable = 0
  for (const { utilities, picked } of picks) {
    const mean = meanOf(utilities)
    won += utilities[picked]! - mean
    reachable += Math.max(...utilities) - mean
  }
  return reachable > 0 ? won / reachable : 0
}

export const meanOf = (values: readonly number[]): number =>
  values.reduce((a, b) => a + b, 0) / Math.max(1, values.length)

/** 95 % percentile bootstrap of a statistic over resampled items (users, or one user's prompts). */
export const bootstrapInterval = <T>(
  items: readonly T[],
  statistic: (sampled: readonly T[]) => number,
  rng: Rng,
  draws = 2000,
): Interval => {
  const values = Array.from({ length: draws }, () =>
    statistic(items.map(() => items[rng.int(items.length)]!)),
  ).sort((a, b) => a - b)
  return [values[Math.floor(draws * 0.025)]!, values[Math.ceil(draws * 0.975) - 1]!]
}

/** Mean of the paired differences a − b, with its interval over pairs (users). */
export const pairedDifference = (
  a: readonly number[],
  b: readonly number[],
  rng: Rng,
): { readonly value: number; readonly interval: Interval; readonly n: number } => {
  if (a.length !== b.length)
    throw new RangeError(`paired lists differ in length: ${a.length}, ${b.length}`)
  const differences = a.map((x, i) => x - b[i]!)
  return {
    value: meanOf(differences),
    interval: bootstrapInterval(differences, meanOf, rng),
    n: a.length,
  }
}

export const medianOf = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
