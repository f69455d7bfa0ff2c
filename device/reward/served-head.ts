/**
 * The head that serves this user. It is refitted after each feedback from a warm start, under a
 * prior as wide as the choices support.
 */
import type { Prior } from '../../adapters/aggregate/prior.ts'
import { sigmoid } from '../../adapters/math/logistic.ts'
import { FEATURE_NAMES } from '../text/named-features.ts'
import type { ChoiceFeatures } from './choice-features.ts'
import { chooseHalfLife, decayOf } from './decay.ts'
import { standardize } from './feature-space.ts'
import { fitHead, fitScaled, type HeadFit, type PairRow, pairRows } from './head.ts'
import { type FittedHead, heldBackCount } from './head-fit.ts'
import { calibrateMargin } from './rerank.ts'
import { scoreFeatures } from './reward.ts'

/**
 * What changes slowly and is set anew when the choices have grown by a tenth: the scale, the width
 * of the prior, the half-life and the margin of rerank. rows: of a choice under the scale, always
 * the same objects.
 */
export type Hyperparameters = {
  readonly scale: Float64Array
  readonly prior: Prior
  readonly halfLifeDays: number | null
  readonly margin: number
  readonly heldBack: number
  /** Number of choices at that time. */
  readonly choices: number
  rows(choice: ChoiceFeatures): PairRow[]
}

/**
 * certainty: probability that the user has preferences which these features show. spread: standard
 * deviation of predicted rewards within a request.
 */
export type ServedHead = FittedHead & {
  readonly certainty: () => number
  readonly spread: () => number
}

/** Prior probability that a user chooses at random, or by what no feature shows. */
const P_INDIFFERENT = 1 / 3
/**
 * Shares of the initial prior's variance that are compared by evidence if no prior was released.
 */
const WIDTHS = [1, 1 / 4, 1 / 16, 1 / 64] as const
const GROWTH = 0.1

/** Whether hyperparameters must be set anew for this number of choices. */
export const isOutgrown = ({ choices }: Hyperparameters, now: number): boolean =>
  now < choices || now >= choices + Math.max(1, Math.floor(GROWTH * choices))

/**
 * features: most recent first. A released prior keeps its width. fit: the fit under that prior, for
 * the first served head's warm start.
 */
export const tuneHyperparameters = (
  features: readonly ChoiceFeatures[],
  released: Prior,
  scale: Float64Array,
  isReleased: boolean,
): { readonly hyperparameters: Hyperparameters; readonly fit: HeadFit } => {
  const known = new WeakMap<ChoiceFeatures, PairRow[]>()
  const rows = (choice: ChoiceFeatures): PairRow[] => {
    const cached = known.get(choice)
    if (cached) return cached
    const standardized = choice.raw.map((x) => standardize(x, scale))
    const made = pairRows(standardized, choice, choice.weight)
    known.set(choice, made)
    return made
  }
  const all = features.flatMap(rows)
  const wide = fitHead(all, released)
  const { prior, fit } = isReleased ? { prior: released, fit: wide } : scaledByEvidence(all, wide)
  const dated = features.map((f) => ({ rows: rows(f), at: f.at })).toReversed()
  const { halfLifeDays } = chooseHalfLife(dated, prior, fit)
  const heldBack = heldBackCount(features.length)
  const seen = fitHead(features.slice(heldBack).flatMap(rows), prior, fit)
  const judged = features.slice(0, heldBack).map(({ raw, chosen }) => ({
    rewards: scoreFeatures(raw, scale, seen.w).map((s) => s.reward),
    chosen,
  }))
  const { margin } = calibrateMargin(judged)
  const choices = features.length
  return { hyperparameters: { scale, prior, halfLifeDays, margin, heldBack, choices, rows }, fit }
}

/**
 * Scales the prior's variance to the mean width, on a log scale, weighted by evidence (MacKay
 * 1992).
 */
const scaledByEvidence = (rows: readonly PairRow[], wide: HeadFit) => {
  const evidences = WIDTHS.map((width) => fitScaled(rows, wide, width).fit.evidence())
  const most = Math.max(...evidences)
  const weights = evidences.map((evidence) => Math.exp(evidence - most))
  const total = weights.reduce((a, b) => a + b, 0)
  const mean = weights.reduce((sum, weight, i) => sum + weight * Math.log(WIDTHS[i]!), 0) / total
  return fitScaled(rows, wide, Math.exp(mean))
}

/**
 * Fits the head that serves. Choices decay up to the time of the newest one. last: for a warm
 * start.
 */
export const fitServedHead = (
  features: readonly ChoiceFeatures[],
  hyperparameters: Hyperparameters,
  last?: Pick<FittedHead, 'fit'>,
): ServedHead => {
  const { prior, scale, halfLifeDays } = hyperparameters
  const now = features.find((f) => f.at !== undefined)?.at ?? 0
  const groups = features.map((f) => {
    const decay = decayOf(f.at, now, halfLifeDays)
    const rows = hyperparameters.rows(f)
    return decay === 1 ? rows : rows.map((row) => ({ ...row, weight: row.weight * decay }))
  })
  const fit = fitHead(groups.flat(), prior, last?.fit)
  return {
    scale,
    fit,
    certainty: lazy(() => sigmoid(fit.evidence() + Math.log((1 - P_INDIFFERENT) / P_INDIFFERENT))),
    spread: lazy(() => predictedSpread(fit, groups, prior)),
  }
}

/** The most recent choices that the spread of rewards is estimated on, and their least number. */
const SPREAD_CHOICES = 60
const MIN_SPREAD_CHOICES = 5

/**
 * Standard deviation of predicted rewards within a request, each choice predicted without itself:
 * half the mean square of differences.
 */
const predictedSpread = (
  fit: HeadFit,
  groups: readonly (readonly PairRow[])[],
  prior: Prior,
): number => {
  // Without enough choices: the spread under the population's mean head, whose features are
  // standardized in two groups.
  if (groups.length < MIN_SPREAD_CHOICES) return spreadOfMean(prior)
  const differences: number[] = []
  let at = 0
  for (const group of groups.slice(0, SPREAD_CHOICES)) {
    const counted = group.filter((row) => row.weight > 0).length
    differences.push(...fit.unseen(Array.from({ length: counted }, (_, i) => at + i)))
    at += counted
  }
  const squares = differences.reduce((sum, z) => sum + z * z, 0)
  return Math.sqrt(squares / (2 * Math.max(1, differences.length)))
}

const spreadOfMean = ({ mean }: Prior): number => {
  const pooled = mean.length - FEATURE_NAMES.length
  const share = (part: Float64Array) =>
    part.reduce((sum, m) => sum + m * m, 0) / Math.max(1, part.length)
  return Math.sqrt(share(mean.subarray(0, pooled)) + share(mean.subarray(pooled)))
}

const lazy = (make: () => number): (() => number) => {
  let made: number | undefined
  return () => {
    made ??= make()
    return made
  }
}
