/** The head that serves this user: fitted again after each feedback from the last one, as wide as the choices speak for. */
import type { Prior } from '../../adapters/aggregate/prior.ts'
import { chooseHalfLife, decayOf } from '../personalize/decay.ts'
import { standardize } from '../personalize/feature-space.ts'
import { FEATURE_NAMES } from '../personalize/features.ts'
import { fitHead, type HeadFit, type PairRow, pairRows } from '../personalize/head.ts'
import { sigmoid } from '../personalize/logistic.ts'
import { calibrateMargin } from '../personalize/rerank.ts'
import { scoreFeatures } from '../personalize/reward.ts'
import type { ChoiceFeatures } from './choice-features.ts'
import { heldBackCount, type Taste } from './taste.ts'

/**
 * What changes slowly and is set anew when the choices have grown by a tenth: the scale, how wide the prior is for this user, how
 * fast taste drifts, and the lead that a rerank needs. rows: of a choice under the scale, the same objects each time.
 */
export type Tuning = {
  readonly scale: Float64Array
  readonly prior: Prior
  readonly halfLifeDays: number | null
  readonly margin: number
  readonly heldBack: number
  /** Choices that it was set on. */
  readonly choices: number
  rows(choice: ChoiceFeatures): PairRow[]
}

/** certainty: probability that the user has a taste at all that these features show. spread: of predicted rewards within a request. */
export type OwnTaste = Taste & { readonly certainty: () => number; readonly spread: () => number }

/** Probability, before any choice, that a user chooses at random or by what no feature shows. */
const NO_TASTE = 1 / 3
/** Shares of the first prior's variance that are weighed against each other where no prior was released. */
const WIDTHS = [1, 1 / 4, 1 / 16, 1 / 64] as const
const GROWTH = 1.1

/** Whether a tuning no longer fits as many choices. */
export const isOutgrown = ({ choices }: Tuning, now: number): boolean =>
  now < choices || now >= Math.max(choices + 1, GROWTH * choices)

/** features: most recent first. A released prior is taken as wide as it is. */
export const tuneTaste = (
  features: readonly ChoiceFeatures[],
  prior: Prior,
  scale: Float64Array,
  isReleased: boolean,
): Tuning => {
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
  const own = isReleased || features.length === 0 ? prior : widthOf(all, prior)
  const dated = features.map((f) => ({ rows: rows(f), at: f.at })).toReversed()
  const { halfLifeDays } = chooseHalfLife(dated, own)
  const heldBack = heldBackCount(features.length)
  const seen = fitHead(features.slice(heldBack).flatMap(rows), own)
  const judged = features.slice(0, heldBack).map(({ raw, chosen }) => ({
    rewards: scoreFeatures(raw, scale, seen.w).map((s) => s.reward),
    chosen,
  }))
  const { margin } = calibrateMargin(judged)
  return { scale, prior: own, halfLifeDays, margin, heldBack, choices: features.length, rows }
}

/** The prior with its variance scaled to the mean width, on a log scale, by the evidence of each (MacKay 1992). */
const widthOf = (rows: readonly PairRow[], prior: Prior): Prior => {
  const widths = WIDTHS.map((width) => {
    const scaled = scaledPrior(prior, width)
    return { width, evidence: fitHead(rows, scaled).evidence() }
  })
  const most = Math.max(...widths.map((w) => w.evidence))
  let total = 0
  let sum = 0
  for (const { width, evidence } of widths) {
    total += Math.exp(evidence - most)
    sum += Math.exp(evidence - most) * Math.log(width)
  }
  return scaledPrior(prior, Math.exp(sum / total))
}

const scaledPrior = (prior: Prior, by: number): Prior => ({
  ...prior,
  variances: prior.variances.map((v) => v * by),
  rest: prior.rest * by,
})

/** The head that serves: choices weigh what is left of them at the newest one's time. last: to start from. */
export const fitOwnTaste = (
  features: readonly ChoiceFeatures[],
  tuning: Tuning,
  last?: Taste,
): OwnTaste => {
  const { prior, scale, halfLifeDays } = tuning
  const now = features.find((f) => f.at !== undefined)?.at ?? 0
  const groups = features.map((f) => {
    const decay = decayOf(f.at, now, halfLifeDays)
    const rows = tuning.rows(f)
    return decay === 1 ? rows : rows.map((row) => ({ ...row, weight: row.weight * decay }))
  })
  const fit = fitHead(groups.flat(), prior, last?.fit)
  return {
    scale,
    fit,
    certainty: lazy(() => sigmoid(fit.evidence() + Math.log((1 - NO_TASTE) / NO_TASTE))),
    spread: lazy(() => predictedSpread(fit, groups, prior, features)),
  }
}

/** Choices, the most recent, that the spread of rewards is estimated on, and the fewest. */
const SPREAD_CHOICES = 60
const LEAST_SPREAD_CHOICES = 5

/** Standard deviation of predicted rewards within a request, each choice told without itself: half the mean square of differences. */
const predictedSpread = (
  fit: HeadFit,
  groups: readonly (readonly PairRow[])[],
  prior: Prior,
  features: readonly ChoiceFeatures[],
): number => {
  const differences: number[] = []
  let at = 0
  for (const group of groups.slice(0, SPREAD_CHOICES)) {
    const counted = group.filter((row) => row.weight > 0).length
    differences.push(...fit.unseen(Array.from({ length: counted }, (_, i) => at + i)))
    at += counted
  }
  // Before there are choices: what the population's mean taste would tell apart, features being standardized in two groups.
  if (features.length < LEAST_SPREAD_CHOICES) return spreadOfMean(prior)
  return Math.sqrt(differences.reduce((sum, z) => sum + z * z, 0) / (2 * differences.length))
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
