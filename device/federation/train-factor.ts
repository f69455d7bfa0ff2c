/** The adapter part of a round: the change of the round's factors trained through a head, or their gradient. */
import { adapterRow } from '../../adapters/contributions/adapter.ts'
import { coarseCount } from '../../adapters/contributions/contribution.ts'
import { type ErrorCode, type FedError, isFedError } from '../../adapters/errors.ts'
import { type Factors, factorsOf } from '../../adapters/lora/layout.ts'
import { residualSpec, splitRanks, withRank } from '../../adapters/lora/ranks.ts'
import type { AdapterSpec } from '../../adapters/lora/spec.ts'
import { seededRng } from '../../adapters/random.ts'
import type { Assignment } from '../../adapters/wire/federation.ts'
import type { LoraFeed, RewardPair } from '../engine/engine.ts'
import { type FittedHead, pooledHead, rewardPairs } from '../reward/head-fit.ts'
import { roundGradient, vectorOf } from './factor-gradient.ts'
import { type Fit, headOf, type Made, type RoundData, type RoundDeps } from './round-data.ts'
import { splitForRound } from './split-choices.ts'

/** The largest rank of the round whose training has the memory; if none has, the smallest. */
export const fitOf = ({ checkMemory }: RoundDeps, assignment: Assignment): Fit => {
  const { exitLayer, training, ranks } = assignment
  const kind = training.method === 'gradient' ? 'gradient' : 'reward'
  const tries = ranks ? [...ranks].sort((a, b) => b - a) : [undefined]
  let lack: FedError | null = null
  for (const rank of tries)
    try {
      checkMemory?.({ kind, to: exitLayer, adapters: specsOf(assignment, rank), index: 0 })
      return { rank, lack: null }
    } catch (error) {
      if (!isFedError(error) || error.code !== 'E_MEMORY') throw error
      lack = error
    }
  return { rank: tries.at(-1), lack }
}

/** Of the adapter that is trained, and of those that are frozen beside it. */
const specsOf = ({ adapter }: Assignment, rank = adapter.rank): AdapterSpec[] => {
  const addOn = residualSpec(adapter)
  return [
    withRank(adapter, rank),
    ...(rank < adapter.rank ? [withRank(adapter, adapter.rank - rank)] : []),
    ...(addOn ? [addOn] : []),
  ]
}

/** The vector is no longer than the plan's updateNorm. */
export const makeAdapterPart = (round: RoundData): Promise<Made> => {
  const { assignment, fit } = round
  if (fit.lack) return Promise.resolve(without(fit.lack.code))
  return assignment.training.method === 'gradient' ? makeGradient(round) : makeChange(round)
}

const makeChange = async (round: RoundData): Promise<Made> => {
  const { assignment, release, features } = round
  const { factor, training } = assignment
  const { learned, trained } = splitForRound(features, assignment.roundId, training.maxPairs)
  const head = headOf(round, learned)
  const pairs = rewardPairs(trained, assignment.features.pooled, head).slice(0, training.maxPairs)
  if (factor === null || pairs.length === 0) return without('E_DATA')
  const { rank } = round.fit
  const { leading, rest } = splitRanks(
    assignment.base.shape,
    release.shared,
    rank ?? release.shared.spec.rank,
  )
  const adapters = [leading, ...(rest ? [rest] : []), ...release.frozen]
  const result = await trainFactor(round, factor, head, pairs, adapters).catch(failureOf)
  if (typeof result === 'string') return without(result)
  const { flat, losses } = result
  const parts = adapterRow.make({ before: leading, after: flat }, assignment)
  if (!parts) return without('E_DIVERGED', losses)
  return {
    parts,
    header: { factor, pairs: coarseCount(pairs.length), ...(rank !== undefined && { rank }) },
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

/** adapters: the first is trained. */
const trainFactor = (
  { deps, assignment }: RoundData,
  factor: Factors,
  head: FittedHead,
  pairs: RewardPair[],
  adapters: readonly LoraFeed[],
) => {
  const { training, exitLayer, roundId, features } = assignment
  return deps.engine.train(
    {
      objective: { kind: 'reward', exitLayer, head: pooledHead(head, features.pooled), pairs },
      adapters,
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
