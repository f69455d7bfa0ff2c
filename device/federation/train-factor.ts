/** The adapter part of a round: the change of the round's factors trained through a head, or their gradient. */
import { adapterRow } from '../../adapters/contributions/adapter.ts'
import { coarseCount } from '../../adapters/contributions/contribution.ts'
import { type ErrorCode, type FedError, isFedError } from '../../adapters/errors.ts'
import { type Factors, factorsOf } from '../../adapters/lora/layout.ts'
import { seededRng } from '../../adapters/random.ts'
import type { Assignment } from '../../adapters/wire/federation.ts'
import type { RewardPair } from '../engine/engine.ts'
import { type FittedHead, pooledHead, rewardPairs } from '../reward/head-fit.ts'
import { roundGradient, vectorOf } from './factor-gradient.ts'
import { headOf, type Made, type RoundData, type RoundDeps } from './round-data.ts'
import { splitForRound } from './split-choices.ts'

/** The E_MEMORY error if the round's training would not fit; null if it does. */
export const memoryLackOf = (
  { checkMemory }: RoundDeps,
  { exitLayer, adapter, training }: Assignment,
): FedError | null => {
  const kind = training.method === 'gradient' ? 'gradient' : 'reward'
  try {
    checkMemory?.({ kind, to: exitLayer, adapters: [adapter], index: 0 })
    return null
  } catch (error) {
    if (isFedError(error) && error.code === 'E_MEMORY') return error
    throw error
  }
}

/** The vector is no longer than the plan's updateNorm. */
export const makeAdapterPart = (round: RoundData): Promise<Made> => {
  const { assignment, memoryLack } = round
  if (memoryLack) return Promise.resolve(without(memoryLack.code))
  return assignment.training.method === 'gradient' ? makeGradient(round) : makeChange(round)
}

const makeChange = async (round: RoundData): Promise<Made> => {
  const { assignment, release, features } = round
  const { factor, training } = assignment
  const { learned, trained } = splitForRound(features, assignment.roundId, training.maxPairs)
  const head = headOf(round, learned)
  const pairs = rewardPairs(trained, assignment.features.pooled, head).slice(0, training.maxPairs)
  if (factor === null || pairs.length === 0) return without('E_DATA')
  const result = await trainFactor(round, factor, head, pairs).catch(failureOf)
  if (typeof result === 'string') return without(result)
  const { flat, losses } = result
  const parts = adapterRow.make({ before: release.shared, after: flat }, assignment)
  if (!parts) return without('E_DIVERGED', losses)
  return {
    parts,
    header: { factor, pairs: coarseCount(pairs.length) },
    training: { pairs: pairs.length, losses, problem: null },
  }
}

const makeGradient = async (round: RoundData): Promise<Made> => {
  const { deps, assignment } = round
  const asked = roundGradient(round)
  if (!asked) return without('E_DATA')
  const { loss, request } = asked
  const onAnswer = (step: number, steps: number) =>
    deps.onTrain?.({ step, steps, loss, tokens: 0, seconds: 0 })
  const result = await deps.engine.gradient(request, onAnswer, deps.signal).catch(failureOf)
  if (typeof result === 'string') return without(result)
  return gradientPart(assignment, result.gradient, asked)
}

/** gradient: of the sum of the losses, in the full layout. */
export const gradientPart = (
  assignment: Assignment,
  gradient: Float64Array,
  { pairs, loss }: { readonly pairs: number; readonly loss: number },
): Made => {
  const { adapter: spec, factor, training } = assignment
  const vector = vectorOf(gradient, training.maxPairs)
  const parts = adapterRow.make({ spec, vector }, assignment)
  if (!parts) return without('E_DIVERGED', [loss])
  return {
    parts,
    header: { factor, pairs: 1 },
    training: { pairs, losses: [loss], problem: null },
  }
}

/** The code of a failure that only the adapter part is lost by. */
const failureOf = (error: unknown): ErrorCode => {
  if (isFedError(error) && (error.code === 'E_DIVERGED' || error.code === 'E_MEMORY'))
    return error.code
  throw error
}

const without = (problem: ErrorCode, losses: readonly number[] = []): Made => ({
  parts: [],
  training: { pairs: 0, losses, problem },
})

const trainFactor = (
  { deps, assignment, release }: RoundData,
  factor: Factors,
  head: FittedHead,
  pairs: RewardPair[],
) => {
  const { training, exitLayer, roundId, features } = assignment
  return deps.engine.train(
    {
      objective: { kind: 'reward', exitLayer, head: pooledHead(head, features.pooled), pairs },
      adapters: [release.shared],
      trainable: { index: 0, factors: factorsOf(factor) },
      epochs: training.epochs,
      learningRate: training.learningRate,
      batch: training.batchPairs,
      maxTokens: training.maxTokens,
      clipNorm: training.clipNorm,
      proximal: training.proximal ?? 0,
      seed: seededRng(roundId).int(2 ** 31),
      ...(deps.checkpoint && { checkpoint: deps.checkpoint }),
    },
    deps.onTrain,
    deps.signal,
  )
}
