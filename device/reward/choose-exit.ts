/**
 * Chooses the layer after which answers are read, by cross-validation on the device's own choices.
 */
import { initialPrior, type Prior } from '../../adapters/aggregate/prior.ts'
import { FedError } from '../../adapters/errors.ts'
import { softplus } from '../../adapters/math/logistic.ts'
import { type FeatureSpace, featureCount } from '../../adapters/wire/primitives.ts'
import type { LoraFeed } from '../engine/engine.ts'
import type { StoredChoice } from '../store/choices.ts'
import { serveRelease } from '../store/private-adapter.ts'
import {
  type ChoiceFeatures,
  encodeChoice,
  type FeatureDeps,
  featurizeChoices,
  usefulChoices,
} from './choice-features.ts'
import { keepExit } from './exit-layer.ts'
import { featureScale, fitHeadToChoices } from './head-fit.ts'
import type { ServingDeps } from './ranking-state.ts'
import { scoreFeatures } from './reward.ts'
import { keptRelease, type Serving } from './serving.ts'

/**
 * accuracy: share of pairs of unseen choices in the right order. logLikelihood: their mean over
 * choices. behind: how far the mean is below the best layer's; 0 for the best layer. standardError:
 * that of `behind`, over choices.
 */
type ExitScore = {
  readonly layer: number
  readonly accuracy: number
  readonly logLikelihood: number
  readonly behind: number
  readonly standardError: number
}

/** layer: the shallowest that is within one standard error of the best. */
export type ExitChoice = {
  readonly layer: number
  readonly choices: number
  readonly scores: readonly ExitScore[]
}

export type ExitDeps = Omit<FeatureDeps, 'exitLayer' | 'keepFrom'> & {
  /** The model's number of layers. */
  readonly layers: number
  /** The prior of the heads. */
  readonly prior: Prior
}

/** Each choice is judged once, by a head fitted without its fold. */
const FOLDS = 5
/** Only the most recent choices are used. More would take long and change little. */
const MAX_CHOICES = 200
const MIN_CHOICES = 20

/**
 * The layer that the device's own choices favour, under the release that it follows. Changes
 * nothing.
 */
export const ownExitChoice = (
  deps: ServingDeps,
  serving: Pick<Serving, 'releaseHash'>,
  onPooled?: (done: number, of: number) => void,
): Promise<ExitChoice> => {
  const { store, settings, model } = deps
  const hash = serving.releaseHash()
  const release = hash === null ? null : keptRelease(deps, hash)
  const space = release?.header.features ?? deps.space
  const prior =
    release?.prior(settings.initialVariance) ??
    initialPrior(featureCount(space), settings.initialVariance)
  return chooseExit(
    {
      ...deps,
      space,
      tokenizer: model.tokenizer,
      maxTokens: settings.maxTokens,
      layers: model.base.shape.layers,
      prior,
    },
    store.choices(settings.maxChoices),
    release?.active ?? [],
    onPooled,
  )
}

/**
 * layer: the layer in force. choice: null unless layers were compared. note: a remark for the user.
 */
export type ExitReport = {
  readonly layer: number
  readonly choice: ExitChoice | null
  readonly note: string | null
}

/**
 * Reads answers after the wanted layer from now on. A private adapter that was trained for another
 * layer is set aside. A device that follows a release keeps the release's layer: `auto` then only
 * reports. Fails with E_CONFLICT for another layer, E_USAGE, E_DATA.
 */
export const settleExit = async (
  deps: ServingDeps,
  serving: Pick<Serving, 'releaseHash' | 'exitLayer' | 'hasPrivate'>,
  wanted: number | 'auto',
  onPooled?: (done: number, of: number) => void,
): Promise<ExitReport> => {
  const choice = wanted === 'auto' ? await ownExitChoice(deps, serving, onPooled) : null
  const before = serving.exitLayer()
  const layer = choice?.layer ?? (wanted as number)
  if (serving.releaseHash() !== null && layer !== before) {
    const why = `the release that this device follows is for exit layer ${before}`
    if (!choice) throw new FedError('E_CONFLICT', `${why}; got ${layer}`)
    return { layer: before, choice, note: `${why}, which stays` }
  }
  const staysServed = layer === before || !serving.hasPrivate()
  await deps.store.durably((tx) => {
    keepExit(tx, deps.model, layer)
    if (!staysServed) serveRelease(tx, null)
  })
  if (staysServed) return { layer, choice, note: null }
  const note =
    `the private adapter was trained for exit layer ${before} and is no longer ` +
    'used; train it again with --adapter'
  return { layer, choice, note }
}

/**
 * choices: most recent first. Fails with E_DATA when there are fewer than 20 among two or more
 * answers.
 */
export const chooseExit = async (
  deps: ExitDeps,
  choices: readonly StoredChoice[],
  adapters: readonly LoraFeed[],
  onPooled?: (done: number, of: number) => void,
): Promise<ExitChoice> => {
  const used = usefulChoices(choices).slice(0, MAX_CHOICES)
  if (used.length < MIN_CHOICES)
    throw new FedError(
      'E_DATA',
      `choosing an exit layer needs ${MIN_CHOICES} choices among two or more answers, ` +
        `there are ${used.length}`,
    )
  const layers = candidateExits(deps.layers)
  // One pass through the layers fills the cache for all of them.
  await deps.engine.pooled(
    used.flatMap((choice) => encodeChoice(deps, choice).map(({ input }) => input)),
    {
      exitLayer: layers.at(-1)!,
      through: layers.slice(0, -1),
      adapters: [...adapters],
      ...(onPooled && { onProgress: onPooled }),
    },
  )
  const judged: Judged[] = []
  for (const layer of layers) {
    const features = await featurizeChoices({ ...deps, exitLayer: layer }, used, adapters)
    judged.push({ layer, ...judgeUnseen(features, deps.prior, deps.space) })
  }
  return { ...shallowestOfBest(judged), choices: used.length }
}

/** Layers at a fifth to four fifths of the depth. */
export const candidateExits = (layers: number): number[] => [
  ...new Set([1, 2, 3, 4].map((k) => Math.max(1, Math.round((k * layers) / 5)))),
]

/** One value per choice, in the same order for every layer. */
export type Judged = {
  readonly layer: number
  readonly logLikelihoods: readonly number[]
  readonly accuracies: readonly number[]
}

/**
 * judged: in order of layers. Applies the one-standard-error rule (Breiman et al. 1984, §3.4.3) to
 * the paired differences between layers.
 */
export const shallowestOfBest = (judged: readonly Judged[]): Omit<ExitChoice, 'choices'> => {
  const best = judged.reduce((a, b) => (mean(b.logLikelihoods) > mean(a.logLikelihoods) ? b : a))
  const scores = judged.map(({ layer, logLikelihoods, accuracies }) => {
    const differences = logLikelihoods.map((value, i) => best.logLikelihoods[i]! - value)
    const behind = mean(differences)
    return {
      layer,
      accuracy: mean(accuracies),
      logLikelihood: mean(logLikelihoods),
      behind,
      standardError: Math.sqrt(
        mean(differences.map((d) => (d - behind) ** 2)) / Math.max(1, differences.length - 1),
      ),
    }
  })
  const chosen = scores.find(({ behind, standardError }) => behind <= standardError)!
  return { layer: chosen.layer, scores }
}

/**
 * Judges each choice by a head that has not seen it: mean over its pairs of log σ(margin), and of
 * whether the margin is positive.
 */
const judgeUnseen = (
  features: readonly ChoiceFeatures[],
  prior: Prior,
  space: FeatureSpace,
): Omit<Judged, 'layer'> => {
  const logLikelihoods: number[] = []
  const accuracies: number[] = []
  for (let fold = 0; fold < FOLDS; fold++) {
    const seen = features.filter((_, i) => i % FOLDS !== fold)
    const { fit, scale } = fitHeadToChoices(seen, prior, featureScale(seen, space))
    for (let i = fold; i < features.length; i += FOLDS) {
      const { raw, chosen } = features[i]!
      const rewards = scoreFeatures(raw, scale, fit.w).map(({ reward }) => reward)
      const margins = rewards.flatMap((r, j) => (j === chosen ? [] : [rewards[chosen]! - r]))
      logLikelihoods[i] = mean(margins.map((m) => -softplus(-m)))
      accuracies[i] = mean(margins.map((m) => (m > 0 ? 1 : m < 0 ? 0 : 0.5)))
    }
  }
  return { logLikelihoods, accuracies }
}

const mean = (values: readonly number[]): number =>
  values.reduce((a, b) => a + b, 0) / Math.max(1, values.length)
