/** The arms that are compared: each picks one candidate of an unseen prompt for a user whose earlier choices it may know. */
import { initialPrior, type Prior } from '../adapters/aggregate/prior.ts'
import { featureCount } from '../adapters/codec/segments.ts'
import type { Rng } from '../adapters/random.ts'
import type { ChoiceLine } from '../adapters/wire/choice-log.ts'
import { type FeatureDeps, featurizeChoices } from '../device/agent/choice-features.ts'
import { fitTaste, ownScale } from '../device/agent/taste.ts'
import type { LoraFeed } from '../device/engine/run/types.ts'
import { scoreFeatures } from '../device/personalize/reward.ts'
import type { Pick } from './metrics.ts'

/** One user's log: train lines in the order in which they were chosen, test lines with utilities. */
export type UserLog = {
  readonly user: string
  readonly train: readonly ChoiceLine[]
  readonly test: readonly ChoiceLine[]
}

/** What a learning arm starts from: nothing released (a device on its own), or parts of a release. */
export type StartingPoint = {
  readonly adapters: readonly LoraFeed[]
  readonly prior: Prior | null
  readonly scale: Float64Array | null
}

export const ON_ITS_OWN: StartingPoint = { adapters: [], prior: null, scale: null }

export type Picker = (log: UserLog, budget: number) => Promise<Pick[]>

/** Splits a log by user; lines without a split are for training. Users keep the order of their first line. */
export const logsByUser = (choices: readonly ChoiceLine[]): UserLog[] => {
  const byUser = new Map<string, { user: string; train: ChoiceLine[]; test: ChoiceLine[] }>()
  for (const choice of choices) {
    const log = byUser.get(choice.user) ?? { user: choice.user, train: [], test: [] }
    byUser.set(choice.user, log)
    // One candidate leaves nothing to pick.
    if (choice.candidates.length > 1) log[choice.split ?? 'train'].push(choice)
  }
  return [...byUser.values()]
}

export const firstArm: Picker = async ({ test }) => test.map((line) => pick(line, 0))

export const randomArm =
  (rng: Rng): Picker =>
  async ({ test }) =>
    test.map((line) => pick(line, rng.int(line.candidates.length)))

export const longestArm: Picker = async ({ test }) =>
  test.map((line) => pick(line, argMax(line.candidates.map((c) => c.length))))

/** A head fitted to the first `budget` training choices, picking the candidate with the highest reward. */
export const headArm =
  (deps: FeatureDeps, { adapters, prior, scale }: StartingPoint, initialVariance: number): Picker =>
  async ({ train, test }, budget) => {
    const learned = await featurizeChoices(deps, train.slice(0, budget), adapters)
    const unseen = await featurizeChoices(deps, test.map(withAllShown), adapters)
    const taste = fitTaste(
      learned,
      prior ?? initialPrior(featureCount(deps.space), initialVariance),
      scale ?? ownScale(learned, deps.space),
    )
    return test.map((line, i) => {
      const scores = scoreFeatures(unseen[i]!.raw, taste.scale, taste.fit.w)
      return pick(line, argMax(scores.map((score) => score.reward)))
    })
  }

/** What all arms but the first are judged on: every candidate of an unseen prompt. */
const withAllShown = ({ shown: _, ...line }: ChoiceLine): ChoiceLine => line

const pick = (line: ChoiceLine, picked: number): Pick => ({
  // Without utilities the answer that was chosen is worth 1, the others 0.
  utilities: line.utilities ?? line.candidates.map((_, i) => (i === line.chosen ? 1 : 0)),
  picked,
})

const argMax = (values: readonly number[]): number => values.indexOf(Math.max(...values))
