/** Accuracy of the head on choices that it has not seen, against which energy is weighed. */
import { pairsOf } from './head.ts'
import { fitHeadToChoices, heldBackCount } from './head-fit.ts'
import type { RankingState } from './ranking-state.ts'
import { scoreFeatures } from './reward.ts'

/** right: pairs of a chosen and a rejected answer in the right order. */
export type HeldBackPairs = { readonly right: number; readonly pairs: number }

/**
 * Accuracy on the most recent fifth of the choices, by a head fitted to the rest. null if there are
 * too few to hold back.
 */
export const heldBackPairs = ({
  features,
  prior,
  head: { scale },
}: Pick<RankingState, 'features' | 'prior' | 'head'>): HeldBackPairs | null => {
  const count = heldBackCount(features.length)
  if (count === 0) return null
  const { w } = fitHeadToChoices(features.slice(count), prior, scale).fit
  const isRight = features.slice(0, count).flatMap((choice) => {
    const rewards = scoreFeatures(choice.raw, scale, w).map(({ reward }) => reward)
    return pairsOf(choice, 1).map(({ chosen, rejected }) => rewards[chosen]! > rewards[rejected]!)
  })
  return { right: isRight.filter(Boolean).length, pairs: isRight.length }
}

/** Percentage points gained; null if the two do not count the same pairs. */
export const pointsGained = (
  before: HeldBackPairs | null,
  after: HeldBackPairs | null,
): number | null =>
  !before || !after || before.pairs !== after.pairs || after.pairs === 0
    ? null
    : (100 * (after.right - before.right)) / after.pairs
