/**
 * Exploration: how likely each candidate is the best, and which two are worth showing to the user.
 */
import { cholesky } from '../../adapters/math/cholesky.ts'
import { sigmoid } from '../../adapters/math/logistic.ts'
import { matrix } from '../../adapters/math/matrix.ts'
import type { Rng } from '../../adapters/random.ts'
import { compare, type Score } from './reward.ts'

/** information: in nats, expected of the choice. */
export type Ask = {
  readonly candidates: readonly [number, number]
  readonly reason: string
  readonly information: number
}

/**
 * Least information, in nats, that the user's choice between two answers must be expected to give;
 * a fair coin toss gives 0.69.
 */
const MIN_INFORMATION = 0.06
/** More candidates than these are not compared pair by pair. */
const MAX_COMPARED = 4

/**
 * The two candidates whose comparison is expected to say most about the head (Houlsby et al. 2011),
 * if that is worth asking for.
 */
export const worthAsking = (
  scores: readonly Score[],
  variance: (difference: Float64Array) => number,
  certainty: number,
): Ask | null => {
  const best = scores
    .map((_, i) => i)
    .sort((a, b) => scores[b]!.reward - scores[a]!.reward || a - b)
    .slice(0, MAX_COMPARED)
    .sort((a, b) => a - b)
  let found: { i: number; j: number; information: number } | null = null
  for (const [n, i] of best.entries())
    for (const j of best.slice(n + 1)) {
      const [a, b] = [scores[i]!, scores[j]!]
      const information =
        certainty * choiceInformation(a.reward - b.reward, variance(differenceOf(a, b)))
      if (information > (found?.information ?? MIN_INFORMATION)) found = { i, j, information }
    }
  if (!found) return null
  const { i, j, information } = found
  return {
    candidates: [i, j],
    information,
    reason:
      'your choice between these two would say most about what you like (answer ' +
      `${j + 1} against answer ${i + 1}: ${compare(scores[j]!, scores[i]!)})`,
  }
}

/** Nodes and weights for the mean over N(0, 1) (Abramowitz & Stegun 25.4.46, seven points). */
const NODES = [0, 1.1544053947399682, 2.3667594107345415, 3.750439717725742] as const
const WEIGHTS = [
  0.4571428571428571, 0.2401231786050127, 0.0307571239675865, 0.0005482688559722,
] as const

/**
 * Mutual information, in nats, of a choice between two answers and the log-odds z ~ N(mean,
 * variance) between them.
 */
export const choiceInformation = (mean: number, variance: number): number => {
  const spread = Math.sqrt(variance)
  let chance = 0
  let entropy = 0
  for (const [k, node] of NODES.entries())
    for (const sign of k === 0 ? [1] : [1, -1]) {
      const p = sigmoid(mean + sign * spread * node)
      chance += WEIGHTS[k]! * p
      entropy += WEIGHTS[k]! * entropyOf(p)
    }
  return Math.max(0, entropyOf(chance) - entropy)
}

const entropyOf = (p: number): number =>
  p <= 0 || p >= 1 ? 0 : -p * Math.log(p) - (1 - p) * Math.log(1 - p)

const DRAWS = 200

/**
 * Probabilities to explore by: half Thompson's (how often a candidate is the best in draws from the
 * posterior), half equal, so that none is below 1/2n and estimates that divide by it stay bounded.
 * They are what is drawn from, so they are exact as propensities.
 */
export const exploreChances = (
  scores: readonly Pick<Score, 'reward' | 'features'>[],
  variance: (difference: Float64Array) => number,
  rng: Rng,
): number[] => {
  const n = scores.length
  const first = scores[0]!
  const differences = scores.slice(1).map((s) => differenceOf(s, first))
  const own = differences.map(variance)
  const covariance = matrix(n - 1, n - 1)
  for (let i = 0; i < n - 1; i++)
    for (let j = 0; j <= i; j++) {
      const sum = differences[i]!.map((v, k) => v + differences[j]![k]!)
      covariance.data[i * (n - 1) + j] =
        i === j ? own[i]! * (1 + 1e-9) + 1e-12 : (variance(sum) - own[i]! - own[j]!) / 2
    }
  const root = cholesky(covariance)
  const won = new Array<number>(n).fill(0)
  for (let draw = 0; draw < DRAWS; draw++) {
    const noise = differences.map(() => rng.normal())
    let best = 0
    let most = 0
    for (let i = 0; i < n - 1; i++) {
      let lead = scores[i + 1]!.reward - first.reward
      for (let j = 0; j <= i; j++) lead += root.data[i * (n - 1) + j]! * noise[j]!
      if (lead > most) [best, most] = [i + 1, lead]
    }
    won[best]!++
  }
  return won.map((w) => (0.5 * w) / DRAWS + 0.5 / n)
}

const differenceOf = (a: Pick<Score, 'features'>, b: Pick<Score, 'features'>): Float64Array =>
  a.features.map((v, k) => v - b.features[k]!)

/**
 * greedy: best first. With probability `explore` the leader is drawn from `chances` instead; the
 * others keep their order. propensity: probability of the resulting leader.
 */
export const exploreOrder = (
  greedy: readonly number[],
  explore: number,
  chances: () => readonly number[],
  rng: Rng,
): { order: number[]; propensity: number; explored: boolean } => {
  if (greedy.length < 2 || explore === 0)
    return { order: [...greedy], propensity: 1, explored: false }
  const by = chances()
  const explored = rng.uniform() < explore
  const leader = explored ? drawFrom(by, rng) : greedy[0]!
  return {
    order: [leader, ...greedy.filter((i) => i !== leader)],
    explored,
    propensity: explore * by[leader]! + (leader === greedy[0] ? 1 - explore : 0),
  }
}

const drawFrom = (chances: readonly number[], rng: Rng): number => {
  let left = rng.uniform()
  for (const [i, chance] of chances.entries()) {
    left -= chance
    if (left < 0) return i
  }
  return chances.length - 1
}
