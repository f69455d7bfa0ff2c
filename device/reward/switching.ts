/**
 * The margin of rerank: how much better another answer must look before it replaces Claude's first,
 * so that no harm is expected.
 *
 * Model. The gain of a switch, in log-odds of the user's preferring the new answer to Claude's
 * first, is slope·lead − loss. lead: the head's prediction. slope: how much of that is real; 0 for a
 * head that says nothing about this user. loss ≥ 0: what Claude's first answer has that the head
 * does not see. Both are unknown, on a grid with the prior below. Under evidence E the expected gain
 * of a switch is E[slope | E]·lead − E[loss | E], so it is at least 0 exactly if
 *
 *     lead ≥ margin = E[loss | E] / E[slope | E].
 *
 * Without evidence that is the prior's MEAN_LOSS / mean slope: doing nothing is what the margin
 * shrinks to. Where the user may have no preferences at all, the slope is real only with that
 * certainty, so rerank compares certainty·lead with the margin.
 *
 * Evidence of the loss are only answers that were compared with Claude's first by a head that had
 * not seen the outcome: choices of which it is known which candidate was Claude's first, and
 * decisions that served another answer, or the first instead of it, at a known propensity. Edits and
 * regenerated answers prefer whatever replaced an answer, so they say nothing about switching; but
 * how well the head predicts them is evidence of the slope, as that of all other choices is. A head
 * under a prior that is too wide for this user predicts with too much confidence, and has a slope
 * well below 1.
 */
import { logMeanExp, softmax, softplus } from '../../adapters/math/logistic.ts'

/**
 * A user compared Claude's first answer with the head's leader and chose one of them. lead: of the
 * leader, above 0, by a head without this choice.
 */
export type ComparedSwitch = {
  readonly lead: number
  readonly isBetter: boolean
  readonly weight: number
}

/**
 * Feedback on the only answer that a user saw, when reranking preferred another one to Claude's
 * first. id: of the decision. lead: of the preferred one at that time. propensity: of the served one.
 */
export type JudgedSwitch = {
  readonly id: string
  readonly lead: number
  readonly served: 'preferred' | 'first'
  readonly propensity: number
  readonly liked: boolean
}

/**
 * A pair of answers that says nothing about Claude's first one, but how far the head can be trusted.
 * lead: of the answer that the user preferred, negative if the head would have chosen the other one;
 * by a head without this choice.
 */
export type PredictedPair = { readonly lead: number; readonly weight: number }

/**
 * slope: how much of a predicted lead is expected to be real, 0 … 1. evidence: the number of
 * comparisons and decisions that the margin is based on.
 */
type Margin = { readonly margin: number; readonly slope: number; readonly evidence: number }

/** Prior: most heads are right by what they say, some by half of it, and some say nothing. */
const SLOPES = [
  { slope: 0, chance: 0.15 },
  { slope: 0.5, chance: 0.2 },
  { slope: 1, chance: 0.65 },
] as const
/** Prior: exponential with this mean, on a grid. */
const MEAN_LOSS = 0.05
const LOSSES = [0, 0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2] as const
/** Log-odds of approving of an answer that is halfway between the two; equally likely. */
const BASES = [-3, -2, -1, 0, 1, 2, 3] as const
/** A head that only ever misled switches nothing. */
const MAX_MARGIN = 100

type Hypothesis = { readonly slope: number; readonly loss: number; readonly logPrior: number }

/** The density of an exponential times the distance between the midpoints around each loss. */
const HYPOTHESES: readonly Hypothesis[] = SLOPES.flatMap(({ slope, chance }) =>
  LOSSES.map((loss, i) => {
    const below = i === 0 ? 0 : (LOSSES[i - 1]! + loss) / 2
    const above = i === LOSSES.length - 1 ? Infinity : (loss + LOSSES[i + 1]!) / 2
    const mass = Math.exp(-below / MEAN_LOSS) - Math.exp(-above / MEAN_LOSS)
    return { slope, loss, logPrior: Math.log(chance * mass) }
  }),
)

/** The smallest lead at which a switch is not expected to do harm. */
export const calibrateMargin = (
  compared: readonly ComparedSwitch[],
  judged: readonly JudgedSwitch[],
  predicted: readonly PredictedPair[] = [],
): Margin => {
  const weights = effectiveWeights(judged)
  const bySlope = new Map<number, number>(
    SLOPES.map(({ slope }) => [slope, predictedLikelihood(slope, predicted)]),
  )
  const chances = softmax(
    HYPOTHESES.map(
      (h) =>
        h.logPrior +
        bySlope.get(h.slope)! +
        comparedLikelihood(h, compared) +
        judgedLikelihood(h, judged, weights),
    ),
  )
  const expected = (of: 'slope' | 'loss') =>
    HYPOTHESES.reduce((sum, h, i) => sum + chances[i]! * h[of], 0)
  const slope = expected('slope')
  return {
    margin: Math.min(MAX_MARGIN, expected('loss') / Math.max(slope, 1e-12)),
    slope,
    evidence: compared.length + judged.length,
  }
}

const predictedLikelihood = (slope: number, predicted: readonly PredictedPair[]): number =>
  predicted.reduce((sum, { lead, weight }) => sum + weight * logSigmoid(slope * lead), 0)

const comparedLikelihood = (
  { slope, loss }: Hypothesis,
  compared: readonly ComparedSwitch[],
): number =>
  compared.reduce((sum, { lead, isBetter, weight }) => {
    const gain = slope * lead - loss
    return sum + weight * logSigmoid(isBetter ? gain : -gain)
  }, 0)

/**
 * An answer is approved of with the log-odds base ± half the gain, so that the two answers differ by
 * all of it. The base is averaged over.
 */
const judgedLikelihood = (
  { slope, loss }: Hypothesis,
  judged: readonly JudgedSwitch[],
  weights: readonly number[],
): number => {
  if (judged.length === 0) return 0
  return logMeanExp(
    BASES.map((base) =>
      judged.reduce((sum, { lead, served, liked }, i) => {
        const half = (slope * lead - loss) / 2
        const logOdds = base + (served === 'preferred' ? half : -half)
        return sum + weights[i]! * logSigmoid(liked ? logOdds : -logOdds)
      }, 0),
    ),
  )
}

/**
 * 1/propensity, so that those who got the first answer stand for all to whom it could have been
 * given, scaled in each arm to its effective number (Σw)²/Σw² (Kish 1965).
 */
const effectiveWeights = (judged: readonly JudgedSwitch[]): number[] => {
  const sums = { preferred: { one: 0, two: 0 }, first: { one: 0, two: 0 } }
  for (const { served, propensity } of judged) {
    sums[served].one += 1 / propensity
    sums[served].two += 1 / propensity ** 2
  }
  return judged.map(({ served, propensity }) => sums[served].one / sums[served].two / propensity)
}

const logSigmoid = (x: number): number => -softplus(-x)
