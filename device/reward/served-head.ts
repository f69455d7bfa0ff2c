/**
 * The head that serves this user. It is refitted after each feedback from a warm start, under a
 * prior as wide as the choices support.
 */
import type { Prior } from '../../adapters/aggregate/prior.ts'
import { logMeanExp, sigmoid, softmax } from '../../adapters/math/logistic.ts'
import { FEATURE_NAMES } from '../text/named-features.ts'
import type { ChoiceFeatures } from './choice-features.ts'
import { chooseHalfLife, decayOf } from './decay.ts'
import { standardize } from './feature-space.ts'
import { fitHead, fitScaled, type HeadFit, type PairRow, pairRows, pairsOf } from './head.ts'
import type { FittedHead } from './head-fit.ts'
import {
  type ComparedSwitch,
  calibrateMargin,
  type JudgedSwitch,
  type PredictedPair,
} from './switching.ts'

/**
 * A choice of this device. id: of the decision or the line that it came from. first: which of the
 * shown answers was Claude's first, where that is known.
 */
export type OwnChoice = ChoiceFeatures & {
  readonly id?: string | undefined
  readonly first?: number | undefined
}

/**
 * What changes slowly and is set anew when the choices have grown by a tenth: the scale, the width
 * of the prior, the half-life, the certainty of preferences, the margin of rerank and the slope of
 * predictions (calibrateMargin). rows: of a choice under the scale, always the same objects.
 * evidence: what the margin is based on.
 */
export type Hyperparameters = {
  readonly scale: Float64Array
  readonly prior: Prior
  readonly halfLifeDays: number | null
  readonly certainty: number
  readonly margin: number
  readonly slope: number
  readonly evidence: number
  /** Number of choices at that time. */
  readonly choices: number
  rows(choice: ChoiceFeatures): PairRow[]
}

/**
 * certainty: probability that the user has preferences which these features show. spread: standard
 * deviation within a request of rewards, of what is real of the predicted ones (their slope).
 */
export type ServedHead = FittedHead & {
  readonly certainty: () => number
  readonly spread: () => number
}

/** Prior probability that a user chooses at random, or by what no feature shows. */
const P_INDIFFERENT = 1 / 3
/** Shares of the prior's variance that are compared by evidence. */
const WIDTHS = [1, 1 / 4, 1 / 16, 1 / 64] as const
/**
 * Standard deviation of rewards, in log-odds, under a width that counts as a preference. By a
 * smaller one a user would take the better of two answers in less than 62 % of cases: it is too
 * near to none to be told from it, and not worth serving.
 */
const MIN_SPREAD = 0.5
const GROWTH = 0.1

/**
 * Whether hyperparameters must be set anew for this number of choices. added: how many have come
 * since; that is more than their growth once the oldest are left out.
 */
export const isOutgrown = (
  { choices }: Hyperparameters,
  now: number,
  added = now - choices,
): boolean => now < choices || added >= Math.max(1, Math.floor(GROWTH * choices))

/**
 * features: most recent first. A released prior keeps its width: narrower ones have more evidence for
 * most people, but their heads order answers worse. judged: see calibrateMargin. fit: the fit under
 * that prior, for the first served head's warm start.
 */
export const tuneHyperparameters = (
  features: readonly OwnChoice[],
  released: Prior,
  scale: Float64Array,
  isReleased: boolean,
  judged: readonly JudgedSwitch[] = [],
): { readonly hyperparameters: Hyperparameters; readonly fit: HeadFit } => {
  const rows = rowsUnder(scale)
  const all = features.flatMap(rows)
  const wide = fitHead(all, released)
  const fits = WIDTHS.map((width) => ({
    width,
    ...(width === 1 ? { prior: released, fit: wide } : fitScaled(all, wide, width)),
  }))
  const { prior, fit } = isReleased
    ? { prior: released, fit: wide }
    : scaledByEvidence(all, wide, fits)
  const dated = features.map((f) => ({ rows: rows(f), at: f.at })).toReversed()
  const { halfLifeDays } = chooseHalfLife(dated, prior, fit)
  const decayed =
    halfLifeDays === null
      ? fits
      : fits.map(({ prior }) => ({
          prior,
          fit: fitHead(decayedRows(features, rows, halfLifeDays).flat(), prior, fit),
        }))
  const isJudged = new Set(judged.map(({ id }) => id))
  const { compared, predicted } = unseenChoices(features, rows, fit, (id) => isJudged.has(id))
  const { margin, slope, evidence } = calibrateMargin(compared, judged, predicted)
  return {
    hyperparameters: {
      scale,
      prior,
      halfLifeDays,
      certainty: certaintyOf(decayed),
      margin,
      slope,
      evidence,
      choices: features.length,
      rows,
    },
    fit,
  }
}

/**
 * The same for the same choices as a private adapter reads them. What an adapter was trained on
 * looks certain under it, noise as well, so certainty, width and margin stay those found without it.
 */
export const underScale = (
  hyperparameters: Hyperparameters,
  scale: Float64Array,
): Hyperparameters => ({ ...hyperparameters, scale, rows: rowsUnder(scale) })

/** Rows of choices under a scale; of the same scale and choice, the same rows. */
const rowsUnder = (scale: Float64Array): Hyperparameters['rows'] => {
  const known = rowsByScale.get(scale) ?? new WeakMap<ChoiceFeatures, PairRow[]>()
  rowsByScale.set(scale, known)
  return (choice) => {
    const cached = known.get(choice)
    if (cached) return cached
    const standardized = choice.raw.map((x) => standardize(x, scale))
    const made = pairRows(standardized, choice, choice.weight)
    known.set(choice, made)
    return made
  }
}
const rowsByScale = new WeakMap<Float64Array, WeakMap<ChoiceFeatures, PairRow[]>>()

type Width = { readonly width: number; readonly prior: Prior; readonly fit: HeadFit }

/**
 * Scales the prior's variance to the mean width, on a log scale, weighted by evidence (MacKay
 * 1992).
 */
const scaledByEvidence = (
  rows: readonly PairRow[],
  wide: HeadFit,
  widths: readonly Width[],
): Omit<Width, 'width'> => {
  const weights = softmax(widths.map(({ fit }) => fit.evidence()))
  const mean = weights.reduce((sum, w, i) => sum + w * Math.log(widths[i]!.width), 0)
  return fitScaled(rows, wide, Math.exp(mean))
}

/**
 * Posterior probability that the user has preferences which the features show. The null is a user
 * who chooses at random; the alternative is an equal mixture of the widths under which preferences
 * would matter. (A width near 0 predicts as the null does: choosing it by evidence and then taking
 * its evidence would compare the null with itself.) Laplace's evidence is a little low for the wide
 * ones where choices share no features, which errs towards the null.
 */
const certaintyOf = (widths: readonly Omit<Width, 'width'>[]): number => {
  const tastes = widths.filter(({ fit }) => !(expectedSpread(fit) < MIN_SPREAD))
  if (tastes.length === 0) return 0
  const evidence = logMeanExp(tastes.map(({ fit }) => fit.evidence()))
  return sigmoid(evidence + Math.log((1 - P_INDIFFERENT) / P_INDIFFERENT))
}

/** Standard deviation of rewards within a choice, under the prior of a fit; NaN without choices. */
const expectedSpread = ({ dual: { kernel } }: HeadFit): number => {
  const m = kernel.X.length
  let sum = 0
  for (let i = 0; i < m; i++) sum += kernel.K[i * m + i]! + kernel.offset[i]! ** 2
  return Math.sqrt(sum / (2 * m))
}

/**
 * What a head without it would have said of each choice. compared: those in which Claude's first
 * answer competed with the head's leader; one that was lost by both says nothing about them.
 * predicted: the pairs of all others. isJudged: decisions that count themselves.
 */
const unseenChoices = (
  features: readonly OwnChoice[],
  rows: Hyperparameters['rows'],
  fit: HeadFit,
  isJudged: (id: string) => boolean,
): { readonly compared: ComparedSwitch[]; readonly predicted: PredictedPair[] } => {
  const compared: ComparedSwitch[] = []
  const predicted: PredictedPair[] = []
  let at = 0
  for (const choice of features) {
    const pairs = pairsOf(choice, choice.weight)
    const counted = rows(choice).filter((row) => row.weight > 0).length
    const start = at
    at += counted
    if (counted < pairs.length || (choice.id !== undefined && isJudged(choice.id))) continue
    const leads = fit.unseen(Array.from(pairs, (_, i) => start + i))
    if (choice.first === undefined)
      predicted.push(...pairs.map(({ weight }, i) => ({ lead: leads[i]!, weight })))
    else compared.push(...comparedSwitch(choice, choice.first, pairs, leads))
  }
  return { compared, predicted }
}

/** leads: of the chosen answer over the rejected one of each pair. */
const comparedSwitch = (
  choice: OwnChoice,
  first: number,
  pairs: readonly { readonly rejected: number }[],
  leads: Float64Array,
): ComparedSwitch[] => {
  // Rewards relative to the chosen answer.
  const rewards = new Map([
    [choice.chosen, 0],
    ...pairs.map((p, i) => [p.rejected, -leads[i]!] as const),
  ])
  const ofFirst = rewards.get(first) ?? Number.NaN
  const lead = Math.max(...rewards.values()) - ofFirst
  const isBetter = rewards.get(choice.chosen)! - ofFirst === lead
  return lead > 0 && (isBetter || choice.chosen === first)
    ? [{ lead, isBetter, weight: choice.weight }]
    : []
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
  const { prior, scale, halfLifeDays, slope } = hyperparameters
  const groups = decayedRows(features, hyperparameters.rows, halfLifeDays)
  const fit = fitHead(groups.flat(), prior, last?.fit)
  return {
    scale,
    fit,
    certainty: () => hyperparameters.certainty,
    spread: lazy(() => slope * predictedSpread(fit, groups, prior)),
  }
}

/** The rows of each choice, weighed by its age. */
const decayedRows = (
  features: readonly ChoiceFeatures[],
  rows: Hyperparameters['rows'],
  halfLifeDays: number | null,
): PairRow[][] => {
  const now = features.find((f) => f.at !== undefined)?.at ?? 0
  return features.map((f) => {
    const decay = decayOf(f.at, now, halfLifeDays)
    return decay === 1 ? rows(f) : rows(f).map((row) => ({ ...row, weight: row.weight * decay }))
  })
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
