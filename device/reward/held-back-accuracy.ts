/**
 * What a private adapter gained on choices that neither it nor the moment at which its training
 * stopped has seen: a paired test of two readings of the same choices.
 */
import type { Prior } from '../../adapters/aggregate/prior.ts'
import { softplus } from '../../adapters/math/logistic.ts'
import type { ChoiceFeatures } from './choice-features.ts'
import { pairsOf } from './head.ts'
import { fitHeadToChoices } from './head-fit.ts'
import { scoreFeatures } from './reward.ts'

/** right: pairs of a chosen and a rejected answer in the right order. */
export type HeldBackPairs = { readonly right: number; readonly pairs: number }

/** The same choices, read in one way: with or without an adapter. Most recent first. */
type Reading = {
  readonly features: readonly ChoiceFeatures[]
  readonly scale: Float64Array
}

/** isBetter: whether the second reading is better with 95 % confidence. */
export type PairedGain = {
  readonly before: HeldBackPairs
  readonly after: HeldBackPairs
  readonly isBetter: boolean
}

/**
 * Judges by the `count` most recent choices; the heads are fitted to the others. A one-sided paired
 * t-test on the log-likelihood of each choice, which says more than right or wrong. null if there
 * are fewer than two choices to judge by.
 */
export const pairedGain = (
  before: Reading,
  after: Reading,
  prior: Prior,
  count: number,
): PairedGain | null => {
  if (count < 2) return null
  const [a, b] = [judgeHeldBack(before, prior, count), judgeHeldBack(after, prior, count)]
  const differences = b.map(({ logLikelihood }, i) => logLikelihood - a[i]!.logLikelihood)
  const mean = differences.reduce((sum, d) => sum + d, 0) / count
  const variance = differences.reduce((sum, d) => sum + (d - mean) ** 2, 0) / (count - 1)
  return {
    before: total(a),
    after: total(b),
    isBetter: mean > studentQuantile(count - 1) * Math.sqrt(variance / count),
  }
}

/** logLikelihood: of the choice, in nats. */
export type Judged = HeldBackPairs & { readonly logLikelihood: number }

/** The `count` most recent choices, each by a head that is fitted to the older ones. */
export const judgeHeldBack = (
  { features, scale }: Reading,
  prior: Prior,
  count: number,
): Judged[] => {
  const { w } = fitHeadToChoices(features.slice(count), prior, scale).fit
  return features.slice(0, count).map((choice) => {
    const rewards = scoreFeatures(choice.raw, scale, w).map(({ reward }) => reward)
    const leads = pairsOf(choice, choice.weight).map(({ chosen, rejected, weight }) => ({
      lead: rewards[chosen]! - rewards[rejected]!,
      weight,
    }))
    return {
      right: leads.filter(({ lead }) => lead > 0).length,
      pairs: leads.length,
      logLikelihood: leads.reduce((sum, { lead, weight }) => sum - weight * softplus(-lead), 0),
    }
  })
}

const total = (judged: readonly Judged[]): HeldBackPairs => ({
  right: judged.reduce((sum, { right }) => sum + right, 0),
  pairs: judged.reduce((sum, { pairs }) => sum + pairs, 0),
})

/** 95 % quantile of Student's t (Abramowitz & Stegun 26.7.5, two terms): within 2 % from 3 on. */
const studentQuantile = (freedom: number): number => {
  const z = 1.6448536269514722
  const first = (z ** 3 + z) / 4
  const second = (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96
  return z + first / freedom + second / freedom ** 2
}

/** Percentage points gained; null if the two do not count the same pairs. */
export const pointsGained = (
  before: HeldBackPairs | null,
  after: HeldBackPairs | null,
): number | null =>
  !before || !after || before.pairs !== after.pairs || after.pairs === 0
    ? null
    : (100 * (after.right - before.right)) / after.pairs
