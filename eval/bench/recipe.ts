/** A device's learning as the round benchmark runs it, by the device's own functions. */
import { initialPrior } from '../../adapters/aggregate/prior.ts'
import type { ChoiceLine } from '../../adapters/formats/choice-log.ts'
import { initAdapter } from '../../adapters/lora/init.ts'
import { type AdapterSpec, MODULES } from '../../adapters/lora/spec.ts'
import { type FeatureSpace, featureCount } from '../../adapters/wire/primitives.ts'
import type { Engine, LoraFeed, RewardPair } from '../../device/engine/engine.ts'
import type { LocalModel } from '../../device/engine/model/open.ts'
import { DeviceSettings } from '../../device/home/settings.ts'
import {
  type ChoiceFeatures,
  type FeatureDeps,
  featurizeChoices,
} from '../../device/reward/choice-features.ts'
import { featureSpace } from '../../device/reward/feature-space.ts'
import {
  type FittedHead,
  featureScale,
  fitHeadToChoices,
  pooledHead,
  rewardPairs,
} from '../../device/reward/head-fit.ts'
import { scoreFeatures } from '../../device/reward/reward.ts'

/** Where the states are read, and the first layer that is adapted. */
export type Depth = { readonly exitLayer: number; readonly firstLayer: number }

/** LoRA on the last four layers below the exit. */
export const deviceDepth = ({ suggestedExit }: LocalModel): Depth => ({
  exitLayer: suggestedExit,
  firstLayer: Math.max(0, suggestedExit - 4),
})

export const fullDepth = ({ config }: LocalModel): Depth => ({
  exitLayer: config.shape.layers,
  firstLayer: 0,
})

export const ROUND = { rank: 8, alpha: 16, epochs: 3, batch: 4 } as const

const { maxTokens, initialVariance } = DeviceSettings.parse({})

/** A texts' reader without memory: each use encodes and pools afresh. */
export const readerOf = (
  model: LocalModel,
  engine: Pick<Engine, 'pooled'>,
  { exitLayer, firstLayer }: Depth,
): FeatureDeps => ({
  engine,
  tokenizer: model.tokenizer,
  space: featureSpace(model.base.shape.hidden),
  exitLayer,
  maxTokens,
  memo: new Map(),
  keepFrom: firstLayer,
})

/** The head of these choices alone, as on a device without a release. */
export const fitOwnHead = (features: readonly ChoiceFeatures[], space: FeatureSpace): FittedHead =>
  fitHeadToChoices(
    features,
    initialPrior(featureCount(space), initialVariance),
    featureScale(features, space),
  )

export type Lessons = { readonly head: Float32Array; readonly pairs: readonly RewardPair[] }

/** What training through a head is given. */
export const lessons = (features: readonly ChoiceFeatures[], space: FeatureSpace): Lessons => {
  const head = fitOwnHead(features, space)
  return {
    head: pooledHead(head, space.pooled),
    pairs: rewardPairs(features, space.pooled, head),
  }
}

/** Trains A and B of a new adapter, a harder case than a round's one factor. */
export const trainThrough = async (
  model: LocalModel,
  engine: Engine,
  { exitLayer, firstLayer }: Depth,
  { head, pairs }: Lessons,
  learningRate: number,
): Promise<LoraFeed> => {
  const { rank, alpha, epochs, batch } = ROUND
  const spec: AdapterSpec = { firstLayer, endLayer: exitLayer, modules: [...MODULES], rank, alpha }
  const { flat } = await engine.train({
    objective: { kind: 'reward', exitLayer, head, pairs },
    adapters: [{ spec, flat: initAdapter(model.config.shape, spec, 1) }],
    trainable: { index: 0, factors: ['A', 'B'] },
    epochs,
    learningRate,
    batch,
    maxTokens,
    clipNorm: 1,
    seed: 1,
  })
  return { spec, flat }
}

/** For every choice: the share of the other answers that the head puts behind the chosen one. */
export const hits = (features: readonly ChoiceFeatures[], { scale, fit }: FittedHead): number[] =>
  features.map(({ raw, chosen }) => {
    const rewards = scoreFeatures(raw, scale, fit.w).map(({ reward }) => reward)
    const others = rewards.filter((_, i) => i !== chosen)
    return others.filter((reward) => reward < rewards[chosen]!).length / others.length
  })

export const readChoices = (
  reader: FeatureDeps,
  lines: readonly ChoiceLine[],
  adapters: readonly LoraFeed[] = [],
): Promise<ChoiceFeatures[]> => featurizeChoices(reader, lines, adapters)
