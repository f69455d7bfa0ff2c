/** The data from which a device computes a round, and the form of each contribution. */
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
  /** File from which training resumes after a crash. */
  readonly checkpoint?: string
  readonly onPooled?: (done: number, of: number) => void
  readonly onTrain?: (progress: TrainProgress) => void
  readonly signal?: AbortSignal | undefined
  /** Fails with E_MEMORY if a training would not fit. */
  readonly checkMemory?: ((need: StepNeed) => void) | undefined
}

/**
 * Whether the round's training fits the memory. rank: the largest of those that the round has; undefined:
 * the adapter's. lack: why it does not; null if it does.
 */
export type Fit = { readonly rank: number | undefined; readonly lack: FedError | null }

/** scale: the release's, or the device's own if it has none. */
export type RoundData = {
  readonly deps: RoundDeps
  readonly assignment: Assignment
  readonly release: Released
  readonly features: readonly ChoiceFeatures[]
  readonly prior: Prior
  readonly scale: Float64Array
  readonly fit: Fit
}

/** parts: none if the device leaves the contribution out. */
export type Made = {
  readonly parts: readonly Part[]
  /** Its fields in the update's header. */
  readonly header?: Partial<
    Pick<UpdateHeader, 'factor' | 'pairs' | 'rank' | 'leftOut' | 'directions'>
  >
  readonly training?: TrainingReport
}

export type TrainingReport = {
  readonly pairs: number
  readonly losses: readonly number[]
  /** Why the adapter part is left out; null if it is not. */
  readonly problem: ErrorCode | null
}

/** A head fitted to these choices under the release's prior. */
export const headOf = (
  { prior, scale }: RoundData,
  choices: readonly ChoiceFeatures[],
): FittedHead => fitHeadToChoices(choices, prior, scale)
