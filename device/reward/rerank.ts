/**
 * Orders Claude's answers. Claude's own first answer stays first unless another leads by enough and
 * with enough certainty.
 */
import { normalCdf } from '../../adapters/math/logistic.ts'
import { likelihoodWords, type Score } from './reward.ts'

/** Least posterior probability that the winner beats the first answer. */
const MIN_CERTAINTY = 0.55

/**
 * order: indices, the winner first. probability: that the best-scored candidate beats the first.
 */
export type Reranking = {
  readonly order: number[]
  readonly winner: number
  readonly keptFirst: boolean
  readonly probability: number
  readonly reason: string
}

/**
 * scores: Claude's first answer first; RangeError if empty. variance: of w·x under the posterior
 * (HeadFit.variance). certainty: probability that the user has the preferences which the scores
 * show; without any, either answer is as good. margin: least expected lead, certainty·lead, in
 * log-odds (calibrateMargin).
 */
export const rerank = (
  scores: readonly Pick<Score, 'reward' | 'features'>[],
  variance: (difference: Float64Array) => number,
  margin: number,
  certainty = 1,
  minCertainty = MIN_CERTAINTY,
): Reranking => {
  const first = scores[0]
  if (!first) throw new RangeError('rerank needs at least one candidate')
  const byReward = scores
    .map((_, i) => i)
    .sort((a, b) => scores[b]!.reward - scores[a]!.reward || a - b)
  const best = byReward[0]!
  if (best === 0)
    return {
      order: byReward,
      winner: 0,
      keptFirst: true,
      probability: 0.5,
      reason: 'the first answer scores best',
    }
  const leader = scores[best]!
  const lead = leader.reward - first.reward
  const spread = Math.sqrt(variance(leader.features.map((v, j) => v - first.features[j]!)))
  const byTaste = spread > 0 ? normalCdf(lead / spread) : lead > 0 ? 1 : 0.5
  const probability = 0.5 + certainty * (byTaste - 0.5)
  const refusal =
    certainty * lead <= margin
      ? `the lead of ${(certainty * lead).toFixed(2)} is not above the margin of ${margin.toFixed(2)}`
      : probability < minCertainty
        ? `too uncertain (${(100 * probability).toFixed(0)} %) that another answer is better`
        : null
  if (refusal)
    return {
      order: [0, ...byReward.filter((i) => i !== 0)],
      winner: 0,
      keptFirst: true,
      probability,
      reason: refusal,
    }
  const likelihood = likelihoodWords(probability)
  const reason = `it is ${likelihood} that this answer suits you better than the first`
  return { order: byReward, winner: best, keptFirst: false, probability, reason }
}
