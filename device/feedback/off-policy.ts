/**
 * Off-policy estimate of whether reranking was right, from feedback on answers that were drawn with
 * known propensities (Swaminathan & Joachims 2015).
 */

/**
 * A decision with feedback whose reranked answer was not Claude's first. propensity: of the served
 * one.
 */
export type JudgedDecision = {
  readonly served: 'preferred' | 'first'
  readonly propensity: number
  readonly liked: boolean
}

/**
 * difference: share of liked answers under reranking minus the share under Claude's first, with a
 * 95 % interval.
 */
export type RightShare = {
  readonly difference: number
  readonly low: number
  readonly high: number
  readonly decisions: number
}

/** Least number of each kind; explored ones are rare. */
const MIN_DECISIONS = 5

/** Self-normalized inverse-propensity estimates of both, treated as independent. null: too few. */
export const rightShare = (judged: readonly JudgedDecision[]): RightShare | null => {
  const [preferred, first] = (['preferred', 'first'] as const).map((kind) =>
    judged.filter((d) => d.served === kind),
  ) as [JudgedDecision[], JudgedDecision[]]
  if (Math.min(preferred.length, first.length) < MIN_DECISIONS) return null
  const [a, b] = [estimate(preferred), estimate(first)]
  const difference = a.mean - b.mean
  const halfWidth = 1.96 * Math.sqrt(a.variance + b.variance)
  return {
    difference,
    low: difference - halfWidth,
    high: difference + halfWidth,
    decisions: judged.length,
  }
}

/**
 * Mean weighted by 1/propensity. Adds one like and one dislike (Agresti & Coull 1998), since five
 * of five are not certainty.
 */
const estimate = (judged: readonly JudgedDecision[]): { mean: number; variance: number } => {
  const weights = judged.map((d) => 1 / d.propensity)
  const usual = weights.reduce((a, b) => a + b, 0) / weights.length
  const all = [
    ...judged.map((d, i) => ({ weight: weights[i]!, r: d.liked ? 1 : 0 })),
    { weight: usual, r: 1 },
    { weight: usual, r: 0 },
  ]
  const total = all.reduce((sum, d) => sum + d.weight, 0)
  const mean = all.reduce((sum, d) => sum + d.weight * d.r, 0) / total
  const variance = all.reduce((sum, d) => sum + (d.weight * (d.r - mean)) ** 2, 0) / total ** 2
  return { mean, variance }
}
