/** What ranking needs: what a device has, and what is fitted from it. */
import type { Prior } from '../../adapters/aggregate/prior.ts'
import type { FeatureSpace } from '../../adapters/wire/primitives.ts'
import type { Engine, LoraFeed } from '../engine/engine.ts'
import type { LocalModel } from '../engine/model/open.ts'
import type { StepNeed } from '../engine/train/memory-plan.ts'
import type { DeviceSettings } from '../home/settings.ts'
import type { DeviceStore } from '../store/store.ts'
import type { AnswerMemo } from './choice-features.ts'
import type { Hyperparameters, OwnChoice, ServedHead } from './served-head.ts'

export type ServingDeps = {
  readonly store: DeviceStore
  readonly model: LocalModel
  /** With cached pooled states. */
  readonly engine: Engine
  /** This device's own; a release may have an older one. */
  readonly space: FeatureSpace
  readonly settings: DeviceSettings
  readonly clock: () => number
  readonly memo: AnswerMemo
  readonly checkpoint?: string | undefined
  /** Fails with E_MEMORY if a training would not fit. */
  readonly checkMemory?: ((need: StepNeed) => void) | undefined
}

/** Everything that a request needs, under one release and one set of choices. */
export type RankingState = {
  readonly release: string | null
  readonly space: FeatureSpace
  readonly exitLayer: number
  readonly adapters: readonly LoraFeed[]
  readonly features: readonly OwnChoice[]
  readonly prior: Prior
  readonly head: ServedHead
  readonly hyperparameters: Hyperparameters
  /** Whether there is anything to rank by: choices, or a population's prior. */
  readonly isInformed: boolean
}
