/** What a device has in hand while it computes a round, and what each contribution is made into. */
import type { Prior } from '../../adapters/aggregate/prior.ts'
import type { Part } from '../../adapters/container/container.ts'
import type { ErrorCode, FedError } from '../../adapters/errors.ts'
import type { UpdateHeader } from '../../adapters/wire/containers.ts'
import type { Assignment } from '../../adapters/wire/federation.ts'
import type { Engine, TrainProgress } from '../engine/engine.ts'
import type { LocalModel } from '../engine/model/open.ts'
import type { StepNeed } from '../engine/train/memory-plan.ts'
import type { AnswerMemo, ChoiceFeatures } from '../reward/choice-features.ts'
import { type FittedHead, fitHeadToChoices } from '../reward/head-fit.ts'
import type { Released } from '../reward/read-release.ts'

export type RoundDeps = {
  readonly model: LocalModel
  readonly engine: Engine
  readonly space: Assignment['features']
  readonly memo: AnswerMemo
  /** File in which training goes on after a crash. */
  readonly checkpoint?: string
  readonly onPooled?: (done: number, of: number) => void
  readonly onTrain?: (progress: TrainProgress) => void
  readonly signal?: AbortSignal | undefined
  /** Fails with E_MEMORY where a training would not fit. */
  readonly checkMemory?: ((need: StepNeed) => void) | undefined
}

/** scale: the released one, or where there is none the device's own. */
export type RoundData = {
  readonly deps: RoundDeps
  readonly assignment: Assignment
  readonly release: Released
  readonly features: readonly ChoiceFeatures[]
  readonly prior: Prior
  readonly scale: Float64Array
  /** Why the round's training does not fit; null: it does. */
  readonly memoryLack: FedError | null
}

/** parts: none where the device leaves the contribution out. */
export type Made = {
  readonly parts: readonly Part[]
  /** What the update's header says of it. */
  readonly header?: Partial<Pick<UpdateHeader, 'factor' | 'pairs' | 'leftOut'>>
  readonly training?: TrainingReport
}

export type TrainingReport = {
  readonly pairs: number
  readonly losses: readonly number[]
  /** The code of what kept the adapter part out, if anything did. */
  readonly problem: ErrorCode | null
}

/** The head of these choices under what the release says. */
export const headOf = (
  { prior, scale }: RoundData,
  choices: readonly ChoiceFeatures[],
): FittedHead => fitHeadToChoices(choices, prior, scale)
