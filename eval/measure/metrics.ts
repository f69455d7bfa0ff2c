/** What picks are worth, prompt by prompt, and intervals over one kind of items. */
import type { Rng } from '../../adapters/random.ts'

/**
 * One prompt: the utilities of its candidates, and which one an arm picked. order: of all
 * candidates, best first, where it has one. asked: of how many answers it picked, where it asked
 * for fewer than there are. value: the utility of what it returned, where that is none of the
 * candidates; `picked` then only says which variant it was. blockTokens: of the preference block that
 * every answer was asked for under.
 */
export type Pick = {
  readonly utilities: readonly number[]
  readonly picked: number
  readonly order?: readonly number[]
  readonly asked?: number
  readonly value?: number
  readonly blockTokens?: number
}

export const worthOf = ({ utilities, picked, value = utilities[picked]! }: Pick): number => value

export type Interval = readonly [low: number, high: number]

/**
 * Σ (u(picked) − mean u) / Σ (max u − mean u) over prompts: 0 is a random pick, 1 the oracle's,
 * below 0 is worse than random. 0 where nothing is to be won.
 */
export const reachableUtility = (picks: readonly Pick[]): number => {
  const won = meanOf(picks.map((pick) => worthOf(pick) - meanOf(pick.utilities)))
  const reachable = reachableOf(picks)
  return reachable > 0 ? won / reachable : 0
}

/** Share of prompts whose pick is as good as the best candidate. */
export const topOne = (picks: readonly Pick[]): number =>
  meanOf(picks.map((pick) => Number(worthOf(pick) >= Math.max(...pick.utilities))))

/** Mean of max u − u(picked), in units of utility. */
export const meanRegret = (picks: readonly Pick[]): number =>
  meanOf(picks.map((pick) => Math.max(...pick.utilities) - worthOf(pick)))

/**
 * Mean over prompts of Σ g/log₂(1 + place) over the order, relative to the best order (Järvelin &
 * Kekäläinen 2002); g = u − min u. 1 where all candidates are worth the same. RangeError for a pick
 * without an order.
 */
export const meanNdcg = (picks: readonly Pick[]): number =>
  meanOf(
    picks.map(({ utilities, order }) => {
      if (!order) throw new RangeError('NDCG needs the whole order')
      const least = Math.min(...utilities)
      const gains = utilities.map((u) => u - least)
      const best = discounted(gains.toSorted((a, b) => b - a))
      return best > 0 ? discounted(order.map((i) => gains[i]!)) / best : 1
    }),
  )

const discounted = (gains: readonly number[]): number =>
  gains.reduce((sum, g, place) => sum + g / Math.log2(place + 2), 0)

/** Mean of max u − mean u: what there is to win in a prompt, in units of utility. */
export const reachableOf = (picks: readonly Pick[]): number =>
  meanOf(picks.map(({ utilities }) => Math.max(...utilities) - meanOf(utilities)))

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
