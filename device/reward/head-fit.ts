/**
 * Fits the user's head to the features of their choices, and derives what training needs from it.
 */
import type { Prior } from '../../adapters/aggregate/prior.ts'
import { scaleFromStatistics } from '../../adapters/aggregate/statistics.ts'
import { type FeatureSpace, featureCount } from '../../adapters/wire/primitives.ts'
import type { RewardPair } from '../engine/engine.ts'
import type { ChoiceFeatures } from './choice-features.ts'
import { featureStatistics, standardize } from './feature-space.ts'
import { fitHead, type HeadFit, pairRows, pairsOf } from './head.ts'

/** scale: [D], multiplies raw features. fit: over the scaled features. */
export type FittedHead = { readonly fit: HeadFit; readonly scale: Float64Array }

/** The MAP head of these choices under a prior. */
export const fitHeadToChoices = (
  features: readonly ChoiceFeatures[],
  prior: Prior,
  scale: Float64Array,
): FittedHead => ({
  scale,
  fit: fitHead(
    features.flatMap((f) =>
      pairRows(
        f.raw.map((x) => standardize(x, scale)),
        f,
        f.weight,
      ),
    ),
    prior,
  ),
})

/** The scale of the device's own choices; all zero without any. */
export const featureScale = (
  features: readonly ChoiceFeatures[],
  space: FeatureSpace,
): Float64Array =>
  features.length === 0
    ? new Float64Array(featureCount(space))
    : scaleFromStatistics(featureStatistics(features.map((f) => f.raw)), space)

/** Weights of the head over raw pooled states: w ∘ scale, the first `pooled` of D. */
export const pooledHead = ({ fit, scale }: FittedHead, pooled: number): Float32Array =>
  Float32Array.from({ length: pooled }, (_, i) => fit.w[i]! * scale[i]!)

/**
 * Pairs for the engine. The part of a reward difference that comes from the text alone does not
 * change with the adapter, so it is the pair's offset.
 */
export const rewardPairs = (
  features: readonly ChoiceFeatures[],
  pooled: number,
  { fit, scale }: FittedHead,
): RewardPair[] =>
  features.flatMap((choice) =>
    pairsOf(choice, choice.weight).map(({ chosen, rejected, weight }) => {
      const [c, r] = [choice.raw[chosen]!, choice.raw[rejected]!]
      let offset = 0
      for (let i = pooled; i < c.length; i++) offset += fit.w[i]! * scale[i]! * (c[i]! - r[i]!)
      return {
        chosen: choice.answers[chosen]!.input,
        rejected: choice.answers[rejected]!.input,
        offset,
        weight,
      }
    }),
  )

/**
 * Share of the most recent choices that margins and adapters are judged on, and the smallest useful
 * number.
 */
const HELD_BACK = 0.2
const MIN_HELD_BACK = 4

/** How many of these are held back; 0 if that would be too few. */
export const heldBackCount = (length: number): number => {
  const count = Math.floor(length * HELD_BACK)
  return count < MIN_HELD_BACK ? 0 : count
}
