/** The adapter part of a round: trains one factor through a head and gives its change. */
import { adapterRow } from '../../adapters/contributions/adapter.ts'
import { coarseCount } from '../../adapters/contributions/contribution.ts'
import { type ErrorCode, type FedError, isFedError } from '../../adapters/errors.ts'
import type { Factor } from '../../adapters/lora/layout.ts'
import { seededRng } from '../../adapters/random.ts'
import type { Assignment } from '../../adapters/wire/federation.ts'
import type { RewardPair } from '../engine/engine.ts'
import type { ChoiceFeatures } from '../reward/choice-features.ts'
import { type FittedHead, pooledHead, rewardPairs } from '../reward/head-fit.ts'
import { headOf, type Made, type RoundData, type RoundDeps } from './round-data.ts'

/** The E_MEMORY error if the round's training would not fit; null if it does. */
export const memoryLackOf = (
  { checkMemory }: RoundDeps,
  { exitLayer, adapter }: Assignment,
): FedError | null => {
  try {
    checkMemory?.({ kind: 'reward', to: exitLayer, adapters: [adapter], index: 0 })
    return null
  } catch (error) {
    if (isFedError(error) && error.code === 'E_MEMORY') return error
    throw error
  }
}

/** The change is no longer than the plan's updateNorm. */
export const makeAdapterPart = async (round: RoundData): Promise<Made> => {
  const { assignment, release, features, memoryLack } = round
  if (memoryLack) return without(memoryLack.code)
  const { factor, training } = assignment
  const { learned, trained } = splitForRound(features, assignment.roundId, training.maxPairs)
  const head = headOf(round, learned)
  const pairs = rewardPairs(trained, assignment.features.pooled, head).slice(0, training.maxPairs)
  if (factor === null || pairs.length === 0) return without('E_DATA')
  const result = await trainFactor(round, factor, head, pairs).catch((error) => {
    if (isFedError(error) && (error.code === 'E_DIVERGED' || error.code === 'E_MEMORY'))
      return error.code
    throw error
  })
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

const without = (problem: ErrorCode, losses: readonly number[] = []): Made => ({
  parts: [],
  training: { pairs: 0, losses, problem },
})

const trainFactor = (
  { deps, assignment, release }: RoundData,
  factor: Factor,
  head: FittedHead,
  pairs: RewardPair[],
) => {
  const { training, exitLayer, roundId, features } = assignment
  return deps.engine.train(
    {
      objective: { kind: 'reward', exitLayer, head: pooledHead(head, features.pooled), pairs },
      adapters: [release.shared],
      trainable: { index: 0, factors: [factor] },
      epochs: training.epochs,
      learningRate: training.learningRate,
      batch: training.batchPairs,
      maxTokens: training.maxTokens,
      clipNorm: training.clipNorm,
      seed: seededRng(roundId).int(2 ** 31),
      ...(deps.checkpoint && { checkpoint: deps.checkpoint }),
    },
    deps.onTrain,
    deps.signal,
  )
}

/** With fewer choices the adapter is trained on those that its head was fitted to. */
const MIN_SPLIT_CHOICES = 8

/**
 * Splits the choices, anew for each round: at most half train the adapter, the others fit its head.
 * On the choices that it was fitted to, a head leaves little to explain, and the adapter would learn
 * its noise.
 */
export const splitForRound = <T extends Pick<ChoiceFeatures, 'shown'>>(
  choices: readonly T[],
  roundId: string,
  maxPairs: number,
): { learned: readonly T[]; trained: readonly T[] } => {
  if (choices.length < MIN_SPLIT_CHOICES) return { learned: choices, trained: choices }
  const drawn = seededRng(`split/${roundId}`).shuffle(choices)
  let count = 0
  for (let pairs = 0; pairs < maxPairs && count < choices.length >> 1; count++)
    pairs += drawn[count]!.shown.length - 1
  return { learned: drawn.slice(count), trained: drawn.slice(0, count) }
}
