/** The reference of relative objectives: log-probabilities without the trainable adapter, KTO's
 *  z0. */

import type { AnswerInput, LoraFeed, TrainRequest } from '../engine.ts'
import { fingerprint } from '../run/lora-feeds.ts'
import type { ModelRunner } from '../run/model-runner.ts'
import { answerLogProbs } from '../run/score.ts'
import { betaOf, type Item, OBJECTIVES } from './objectives.ts'

/** An item that knows its reference: offset holds −beta·Σ sign·log π₀(input), mismatchedLogProb is
 *  log π₀(mismatched). */
export type ItemWithReference = Item & { readonly mismatchedLogProb?: number }

/** The adapters of the reference: all but the trainable one. */
export const referenceOf = ({
  adapters,
  trainable,
}: Pick<TrainRequest, 'adapters' | 'trainable'>): LoraFeed[] =>
  adapters.filter((_, i) => i !== trainable.index)

/** Names everything beside the text and the weights that reference log-probabilities depend on. */
export const referenceGeneration = (request: TrainRequest): string =>
  `log-probabilities ${fingerprint(referenceOf(request), Number.POSITIVE_INFINITY)}`

/** Items with their reference, from the cache if it is there; unchanged if the loss needs none. */
export const withReference = async (
  runner: ModelRunner,
  request: TrainRequest,
  items: readonly Item[],
  checkCancelled: () => void = () => {},
): Promise<readonly ItemWithReference[]> => {
  const { objective } = request
  if (!OBJECTIVES[objective.kind].isRelative) return items
  const withOffsets: ItemWithReference[] = []
  for (const item of items) {
    await new Promise(setImmediate)
    checkCancelled()
    const logProbs = await referenceLogProbs(runner, request, item.inputs)
    const margin = item.signs.reduce((sum, sign, i) => sum + sign * logProbs[i]!, 0)
    const offset = -betaOf(objective) * margin
    const { mismatched } = item
    const mismatchedLogProb =
      mismatched && (await referenceLogProbs(runner, request, [mismatched]))[0]!
    withOffsets.push({ ...item, offset, ...(mismatched && { mismatchedLogProb }) })
  }
  return withOffsets
}

/** KTO's batch: z0 = beta·max(0, mean of log π(y'|x) − log π₀(y'|x)) moves into the offsets; other
 *  items stay. */
export const withDivergence = async (
  runner: ModelRunner,
  { objective, adapters }: TrainRequest,
  items: readonly ItemWithReference[],
): Promise<readonly Item[]> => {
  const mismatched = items.filter((item) => item.mismatched)
  if (mismatched.length === 0) return items
  const policy = await answerLogProbs(
    runner,
    mismatched.map((item) => item.mismatched!),
    adapters,
  )
  const ratios = mismatched.reduce((sum, item, i) => sum + policy[i]! - item.mismatchedLogProb!, 0)
  const z0 = betaOf(objective) * Math.max(0, ratios / mismatched.length)
  return items.map((item) => ({ ...item, offset: item.offset - item.signs[0]! * z0 }))
}

/** Computed for these inputs alone, so that they are the same bits in every run. */
const referenceLogProbs = async (
  runner: ModelRunner,
  request: TrainRequest,
  inputs: readonly AnswerInput[],
): Promise<Float64Array> => {
  const key = {
    generation: referenceGeneration(request),
    text: inputs.map(({ ids, answerStart }) => `${answerStart}|${ids.join(' ')}`).join('\n'),
  }
  // A float64 is kept as the bytes of two float32.
  const held = runner.cache.get(key, 2 * inputs.length)
  if (held) return new Float64Array(held.slice().buffer)
  const logProbs = await answerLogProbs(runner, inputs, referenceOf(request))
  await runner.cache.set(key, new Float32Array(logProbs.slice().buffer), runner.isPersistent)
  return logProbs
}
