/**
 * What a device asks of its engine in a round of the method `gradient`: the derivative of its choices'
 * losses by the pooled states of their answers.
 *
 * A choice's loss is −log of the chosen answer's share under a multinomial logit over the answers that
 * were shown, in nats, times the choice's weight. Their rewards r are the head's, in log-odds; the head
 * is fitted to other choices (split-choices.ts) and does not move, and features that the adapter does
 * not reach are a constant of each answer. So dloss/dpooled(i) = weight·(pᵢ − [i chosen])·w∘scale, p the
 * softmax of r.
 */
import { factorsOf } from '../../adapters/lora/layout.ts'
import { softmax } from '../../adapters/math/logistic.ts'
import { dot } from '../../adapters/math/vector.ts'
import type { AnswerCotangent, GradientRequest } from '../engine/engine.ts'
import type { ChoiceFeatures } from '../reward/choice-features.ts'
import { standardize } from '../reward/feature-space.ts'
import { type FittedHead, pooledHead } from '../reward/head-fit.ts'
import { headOf, type RoundData } from './round-data.ts'
import { countUpTo, splitForRound } from './split-choices.ts'

/** loss: mean over the choices. pairs: other answers that were shown with a chosen one. */
export type RoundGradient = {
  readonly request: GradientRequest
  readonly loss: number
  readonly pairs: number
}

/** null without a factor to move, or without a choice to learn from. */
export const roundGradient = (round: RoundData): RoundGradient | null => {
  const { assignment, release, features } = round
  const { factor, training, exitLayer } = assignment
  const { learned, trained } = splitForRound(features, assignment.roundId, training.maxPairs)
  const { count, pairs } = countUpTo(trained, training.maxPairs)
  if (factor === null || pairs === 0) return null
  const head = headOf(round, learned)
  const { answers, loss } = choiceCotangents(
    trained.slice(0, count),
    head,
    assignment.features.pooled,
  )
  const adapters = [release.shared, ...release.frozen]
  const trainable = { index: 0, factors: factorsOf(factor) }
  return { request: { answers, exitLayer, adapters, trainable }, loss, pairs }
}

/** The vector that a device sends before it is clipped: −gradient / maxPairs. */
export const vectorOf = (gradient: Float64Array, maxPairs: number): Float64Array =>
  gradient.map((g) => -g / maxPairs)

/** Once for every shown answer of every choice. loss: mean, in nats. */
const choiceCotangents = (
  choices: readonly ChoiceFeatures[],
  head: FittedHead,
  pooled: number,
): { readonly answers: AnswerCotangent[]; readonly loss: number } => {
  const direction = pooledHead(head, pooled)
  let loss = 0
  const answers = choices.flatMap(({ raw, answers: shown, chosen, weight }) => {
    const shares = softmax(raw.map((features) => rewardOf(features, head)))
    loss -= (weight * Math.log(shares[chosen]!)) / choices.length
    return shown.map(({ input }, i) => {
      const slope = weight * (shares[i]! - (i === chosen ? 1 : 0))
      return { answer: input, cotangent: direction.map((w) => slope * w) }
    })
  })
  return { answers, loss }
}

const rewardOf = (raw: Float64Array, { fit, scale }: FittedHead): number =>
  dot(fit.w, standardize(raw, scale))
