/** The reward model: pooled states and named features, standardized, times the user's head. */
import { FedError } from '../../adapters/errors.ts'
import { centred, standardize } from './feature-space.ts'
import { FEATURE_NAMES, NAMED_FEATURES } from './features.ts'

export type Contribution = { readonly name: string; readonly contribution: number }

/**
 * One candidate. features: [D], standardized and centred on the request; reward = w·features, in log-odds, is the sum of
 * pooledContribution and the named contributions, and has mean 0 over the candidates.
 */
export type Score = {
  readonly reward: number
  readonly named: readonly Contribution[]
  readonly pooledContribution: number
  readonly features: Float64Array
}

/** raw: [D] of each candidate of one request; scale, w: [D]. Fails with E_SHAPE where sizes do not fit. */
export const scoreFeatures = (
  raw: readonly Float64Array[],
  scale: Float64Array,
  w: Float64Array,
): Score[] =>
  centred(raw.map((r) => standardize(r, scale))).map((features) => {
    if (w.length !== features.length)
      throw new FedError(
        'E_SHAPE',
        `a head of ${w.length} numbers does not fit ${features.length} features`,
      )
    const parts = features.map((v, j) => v * w[j]!)
    const pooledSize = parts.length - FEATURE_NAMES.length
    const named = FEATURE_NAMES.map((name, j) => ({ name, contribution: parts[pooledSize + j]! }))
    const pooledContribution = parts.subarray(0, pooledSize).reduce((a, b) => a + b, 0)
    const reward = named.reduce((sum, c) => sum + c.contribution, pooledContribution)
    return { reward, named, pooledContribution, features }
  })

/** What speaks for and against a candidate, in words: the largest contributions that are more than a trace. */
export const explain = (score: Score, limit = 3): string => {
  const pooledSize = score.features.length - NAMED_FEATURES.length
  const reasons = score.named
    .map(({ contribution }, j) => {
      const { less, more } = NAMED_FEATURES[j]!
      return { contribution, words: score.features[pooledSize + j]! < 0 ? less : more }
    })
    .concat({ contribution: score.pooledContribution, words: 'its overall wording' })
    .filter((r) => Math.abs(r.contribution) >= 0.05)
    .sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution))
    .slice(0, limit)
  const side = (sign: number) =>
    reasons
      .filter((r) => r.contribution * sign > 0)
      .map((r) => r.words)
      .join(', ')
  const parts = [
    { label: 'for it', words: side(1) },
    { label: 'against it', words: side(-1) },
  ].filter((p) => p.words !== '')
  return parts.length === 0
    ? 'nothing in it stands out'
    : parts.map((p) => `${p.label}: ${p.words}`).join('; ')
}

/** A probability in words. */
export const likelihoodWords = (probability: number): string =>
  probability >= 0.9
    ? 'very likely'
    : probability >= 0.75
      ? 'likely'
      : probability >= 0.6
        ? 'somewhat more likely than not'
        : 'about even'
