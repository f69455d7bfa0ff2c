/** The arms: each picks a candidate of an unseen prompt for a user, with or without their past. */
import { initialPrior, type Prior } from '../../adapters/aggregate/prior.ts'
import type { ChoiceLine } from '../../adapters/formats/choice-log.ts'
import type { Rng } from '../../adapters/random.ts'
import { type FeatureSpace, featureCount } from '../../adapters/wire/primitives.ts'
import type { LoraFeed } from '../../device/engine/engine.ts'
import { DeviceSettings } from '../../device/home/settings.ts'
import {
  type ChoiceFeatures,
  type FeatureDeps,
  featurizeChoices,
  usefulChoices,
} from '../../device/reward/choice-features.ts'
import { featureScale } from '../../device/reward/head-fit.ts'
import type { Released } from '../../device/reward/read-release.ts'
import { scoreFeatures } from '../../device/reward/reward.ts'
import {
  fitServedHead,
  type ServedHead,
  tuneHyperparameters,
} from '../../device/reward/served-head.ts'
import type { UserLog } from '../inputs/user-log.ts'
import type { Pick } from '../measure/metrics.ts'

/** What a learning arm starts from: nothing released, or parts of a release. */
type StartingPoint = {
  readonly adapters: readonly LoraFeed[]
  readonly prior: Prior | null
  readonly scale: Float64Array | null
}

export type Arm = {
  readonly name: string
  /** null: own choices make no difference to it. */
  readonly budgets: readonly number[] | null
  /** Judged on the first so many people. */
  readonly people: number
  /** What it starts from: the hash of a release, and settings; empty where there is nothing. */
  readonly from: string
  readonly pick: Picker
}

export type Picker = (log: UserLog, budget: number) => Promise<Pick[]>

/** A score for every candidate of every test line: the highest wins, the earlier of two equals. */
export type Scorer = (log: UserLog, budget: number) => Promise<number[][]>

const pickHighest =
  (scorer: Scorer): Picker =>
  async (log, budget) => {
    const scores = await scorer(log, budget)
    return log.test.map((line, i) => pickOf(line, orderOf(scores[i]!)))
  }

/** Indices, the highest score first. */
export const orderOf = (scores: readonly number[]): number[] =>
  scores.map((_, i) => i).sort((a, b) => scores[b]! - scores[a]! || a - b)

/** order: of all candidates, the picked one first. */
export const pickOf = (line: ChoiceLine, order: readonly number[]): Pick => ({
  utilities: utilitiesOf(line),
  picked: order[0]!,
  order,
})

/** Without utilities the answer that was chosen is worth 1, the others 0. */
export const utilitiesOf = (line: ChoiceLine): readonly number[] =>
  line.utilities ?? line.candidates.map((_, i) => (i === line.chosen ? 1 : 0))

const byLine =
  (score: (line: ChoiceLine) => readonly number[]): Scorer =>
  async ({ test }) =>
    test.map((line) => [...score(line)])

export const firstArm: Picker = pickHighest(byLine((line) => line.candidates.map((_, i) => -i)))

export const longestArm: Picker = pickHighest(
  byLine((line) => line.candidates.map((c) => c.length)),
)

/** What could be won at best. */
export const oracleArm: Picker = pickHighest(byLine(utilitiesOf))

export const randomArm = (rng: Rng): Picker =>
  pickHighest(byLine((line) => rng.shuffle(line.candidates.map((_, i) => i))))

/** What a head may not see: it counts as the same in every answer. */
export type Mask = 'states' | 'named'

const { initialVariance } = DeviceSettings.parse({})

/** What a release brings; without one the device is on its own. */
export const startOf = (read: Released | null): StartingPoint => ({
  adapters: read?.active ?? [],
  prior: read?.prior(initialVariance) ?? null,
  scale: read?.scale ?? null,
})

/**
 * The head that a device serves after the first `budget` training choices, its width and half-life
 * tuned as the device tunes them, ordering all candidates by reward: what the person's choices have
 * taught, without the product's caution (its own arm).
 */
export const headArm = (deps: FeatureDeps, start: StartingPoint, mask?: Mask): Picker => {
  const read = forLast(async ({ train, test }: UserLog) => ({
    seen: await featurizeChoices(deps, train, start.adapters),
    unseen: await featurizeChoices(deps, test.map(withAllShown), start.adapters),
  }))
  return pickHighest(async (log, budget) => {
    const { seen, unseen } = await read(log)
    const learned = seen.slice(0, usefulChoices(log.train.slice(0, budget)).length).toReversed()
    const head = serveHead(deps, start, learned, mask)
    return unseen.map(({ raw }) =>
      scoreFeatures(raw, head.scale, head.fit.w).map((score) => score.reward),
    )
  })
}

/** As a device fits it from nothing. learned: the most recent first. */
const serveHead = (
  { space }: FeatureDeps,
  start: StartingPoint,
  learned: readonly ChoiceFeatures[],
  mask: Mask | undefined,
): ServedHead => {
  const prior = start.prior ?? initialPrior(featureCount(space), initialVariance)
  const isReleased = prior.mean.some((m) => m !== 0)
  const scale = masked(start.scale ?? featureScale(learned, space), space, mask)
  const { hyperparameters, fit } = tuneHyperparameters(learned, prior, scale, isReleased)
  return fitServedHead(learned, hyperparameters, { fit })
}

/** What is made of a person. Arms go from one to the next, so that the last one's is enough. */
export const forLast = <T>(make: (log: UserLog) => Promise<T>) => {
  let last: { readonly log: UserLog; readonly made: Promise<T> } | undefined
  return (log: UserLog): Promise<T> => {
    if (last?.log !== log) last = { log, made: make(log) }
    return last.made
  }
}

/** A feature without scale is 0 in every answer. */
const masked = (scale: Float64Array, space: FeatureSpace, mask: Mask | undefined): Float64Array => {
  const text = scale.length - space.named.length
  const isSeen = { states: (i: number) => i >= text, named: (i: number) => i < space.pooled }
  return mask ? scale.map((s, i) => (isSeen[mask](i) ? s : 0)) : scale
}

/** By scores that have nothing to do with the person. */
export const scoredArm = (score: (line: ChoiceLine) => Promise<number[]>): Picker =>
  pickHighest(async ({ test }) => {
    const scores: number[][] = []
    for (const line of test) scores.push(await score(line))
    return scores
  })

/** What all arms but the first are judged on: every candidate of an unseen prompt. */
const withAllShown = ({ shown: _, ...line }: ChoiceLine): ChoiceLine => line
