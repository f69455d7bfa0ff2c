/** The arms: each picks a candidate of an unseen prompt for a user, with or without their past. */
import { initialPrior, type Prior } from '../../adapters/aggregate/prior.ts'
import type { ChoiceLine } from '../../adapters/formats/choice-log.ts'
import type { Rng } from '../../adapters/random.ts'
import { featureCount } from '../../adapters/wire/primitives.ts'
import type { LoraFeed } from '../../device/engine/engine.ts'
import {
  type ChoiceFeatures,
  type FeatureDeps,
  featurizeChoices,
} from '../../device/reward/choice-features.ts'
import { type FittedHead, featureScale, fitHeadToChoices } from '../../device/reward/head-fit.ts'
import { scoreFeatures } from '../../device/reward/reward.ts'
import type { UserLog } from '../inputs/user-log.ts'
import type { Pick } from '../measure/metrics.ts'

/** What a learning arm starts from: nothing released, or parts of a release. */
export type StartingPoint = {
  readonly adapters: readonly LoraFeed[]
  readonly prior: Prior | null
  readonly scale: Float64Array | null
}

export const ON_ITS_OWN: StartingPoint = { adapters: [], prior: null, scale: null }

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

/** A head fitted to the first `budget` training choices, ordering the candidates by reward. */
export const headArm = (
  deps: FeatureDeps,
  start: StartingPoint,
  initialVariance: number,
  mask?: Mask,
): Picker =>
  pickHighest(async (log, budget) => {
    const { head, unseen } = await fitPerson(deps, start, initialVariance, log, budget, mask)
    return unseen.map(({ raw }) =>
      scoreFeatures(raw, head.scale, head.fit.w).map((score) => score.reward),
    )
  })

type FittedPerson = {
  readonly head: FittedHead
  readonly prior: Prior
  /** The first `budget` training choices, the most recent first. */
  readonly learned: readonly ChoiceFeatures[]
  /** Every candidate of each test line. */
  readonly unseen: readonly ChoiceFeatures[]
}

/** What a device knows of somebody after so many choices. */
const fitPerson = async (
  deps: FeatureDeps,
  { adapters, prior: released, scale: given }: StartingPoint,
  initialVariance: number,
  { train, test }: UserLog,
  budget: number,
  mask?: Mask,
): Promise<FittedPerson> => {
  const learned = await featurizeChoices(deps, train.slice(0, budget).reverse(), adapters)
  const unseen = await featurizeChoices(deps, test.map(withAllShown), adapters)
  const prior = released ?? initialPrior(featureCount(deps.space), initialVariance)
  const scale = masked(given ?? featureScale(learned, deps.space), deps.space.pooled, mask)
  return { head: fitHeadToChoices(learned, prior, scale), prior, learned, unseen }
}

/** A feature without scale is 0 in every answer. */
const masked = (scale: Float64Array, pooled: number, mask: Mask | undefined): Float64Array =>
  mask ? scale.map((s, i) => (i < pooled === (mask === 'states') ? 0 : s)) : scale

/** By scores that have nothing to do with the person. */
export const scoredArm = (score: (line: ChoiceLine) => Promise<number[]>): Picker =>
  pickHighest(async ({ test }) => {
    const scores: number[][] = []
    for (const line of test) scores.push(await score(line))
    return scores
  })

/** What all arms but the first are judged on: every candidate of an unseen prompt. */
const withAllShown = ({ shown: _, ...line }: ChoiceLine): ChoiceLine => line
