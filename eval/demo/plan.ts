/** The demo's sizes and the jobs it runs. The whole is to end within six minutes on two cores. */

import { MODULES } from '../../adapters/lora/spec.ts'
import type { JobSpecInput } from '../../adapters/wire/jobs.ts'
import type { LocalModel } from '../../device/engine/model/open.ts'
import { featureSpace } from '../../device/personalize/feature-space.ts'

export const PLAN = {
  /** Topics of the bank that take part, and answers to each. */
  topics: 52,
  variants: 6,
  testShare: 0.25,
  testPerUser: 13,
  /** People whose devices are programs of their own, and their choices. */
  users: 6,
  userChoices: 16,
  /** Lighter devices that also train the adapter: training is what costs most. */
  trainingDevices: 6,
  /** People who take no part, and how many choices they have made when they are judged. */
  newUsers: 48,
  budgets: [10, 30, 100],
  adapterRounds: 2,
  priorRounds: 2,
  refitRounds: 1,
  maxTokens: 384,
  initialVariance: 2,
} as const

/** LoRA lies on the last four layers below the exit; the states that enter them are computed once a text. */
const ADAPTED_LAYERS = 4
export const adaptedFrom = (exitLayer: number): number => Math.max(0, exitLayer - ADAPTED_LAYERS)

export type DemoJobs = Readonly<Record<'statistics' | 'prior' | 'adapter' | 'refit', JobSpecInput>>

/** devices: how many lighter devices there are. */
export const demoJobs = (model: LocalModel, devices: number, seed: number): DemoJobs => {
  const exitLayer = model.suggestedExit
  const common = {
    base: model.base,
    adapter: {
      firstLayer: adaptedFrom(exitLayer),
      endLayer: exitLayer,
      modules: [...MODULES],
      rank: 8,
      alpha: 16,
    },
    exitLayer,
    features: featureSpace(model.base.shape.hidden),
    seed,
    training: {
      epochs: 1,
      learningRate: 2e-3,
      maxPairs: 10,
      batchPairs: 4,
      maxTokens: PLAN.maxTokens,
    },
    prior: { initialVariance: PLAN.initialVariance, shrinkage: 10, directions: 32 },
  }
  const all = (count: number) => ({
    size: count,
    goal: count,
    minimum: Math.ceil(count / 2),
    deadlineMs: 600_000,
  })
  return {
    statistics: {
      ...common,
      name: 'feature statistics',
      contributions: ['statistics'],
      rounds: 1,
      cohort: all(devices),
    },
    prior: {
      ...common,
      name: 'head prior',
      contributions: ['prior'],
      rounds: PLAN.priorRounds,
      cohort: all(devices),
    },
    adapter: {
      ...common,
      name: 'shared adapter',
      contributions: ['adapter'],
      rounds: PLAN.adapterRounds,
      cohort: all(PLAN.users + Math.min(devices, PLAN.trainingDevices)),
    },
    refit: {
      ...common,
      name: 'head prior, refitted',
      contributions: ['prior'],
      rounds: PLAN.refitRounds,
      cohort: all(devices),
    },
  }
}
