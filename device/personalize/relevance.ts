/** Which preferences matter for a request, "none" included: one ridge-logistic head a dimension over the request's pooled state. */
import { initialPrior } from '../../adapters/aggregate/prior.ts'
import { FedError } from '../../adapters/errors.ts'
import { DIMENSIONS, type Dimension } from '../../adapters/wire/personalization.ts'
import type { Tokenizer } from '../engine/model/tokenizer.ts'
import type { Engine } from '../engine/run/types.ts'
import { encodeRequest } from './encode-answer.ts'
import { fitHead } from './head.ts'
import { sigmoid } from './logistic.ts'
import { RELEVANCE_SEEDS } from './relevance-seeds.ts'

/** A request (pooled: [hidden]) with what mattered for it. weight: 1 for a seed; what users undo or ask for can weigh more. */
export type RelevanceExample = {
  readonly pooled: ArrayLike<number>
  readonly dimensions: readonly Dimension[]
  readonly weight?: number
}

/** Plain data, so that a device can keep it as JSON. mean, scale: [hidden]; weights: [hidden + 1] each, the intercept last. */
export type RelevanceHead = {
  readonly mean: readonly number[]
  readonly scale: readonly number[]
  readonly weights: Readonly<Record<Dimension, readonly number[]>>
}

/** Variance of a weight over features whose squared length is about 1: how far a few seeds can move a log-odds. */
const VARIANCE = 40
const REQUEST_TOKENS = 256

/** Pooled states of texts at the exit layer, without adapters, so that they hold for one base model for ever. */
export const poolRequests = (
  engine: Pick<Engine, 'pooled'>,
  tokenizer: Pick<Tokenizer, 'chat'>,
  exitLayer: number,
  requests: readonly string[],
): Promise<Float32Array[]> =>
  engine.pooled(
    requests.map((r) => encodeRequest(tokenizer, r, REQUEST_TOKENS)),
    { exitLayer, adapters: [] },
  )

/** The committed seeds as examples; pooled: of RELEVANCE_SEEDS' requests, in order (poolRequests). Fails with E_SHAPE on another count. */
export const seedExamples = (pooled: readonly ArrayLike<number>[]): RelevanceExample[] => {
  if (pooled.length !== RELEVANCE_SEEDS.length)
    throw new FedError(
      'E_SHAPE',
      `expected ${RELEVANCE_SEEDS.length} seed states, got ${pooled.length}`,
    )
  return RELEVANCE_SEEDS.map(({ dimensions }, i) => ({ pooled: pooled[i]!, dimensions }))
}

/** Fails with E_DATA without examples, E_SHAPE where states differ in size. */
export const trainRelevance = (examples: readonly RelevanceExample[]): RelevanceHead => {
  const hidden = examples[0]?.pooled.length
  if (hidden === undefined) throw new FedError('E_DATA', 'relevance needs at least one example')
  for (const { pooled } of examples) checkSize(pooled, hidden)
  const mean = Array.from({ length: hidden }, (_, j) =>
    examples.reduce((sum, e) => sum + e.pooled[j]! / examples.length, 0),
  )
  const scale = mean.map((m, j) => {
    const std = Math.sqrt(
      examples.reduce((sum, e) => sum + (e.pooled[j]! - m) ** 2 / examples.length, 0),
    )
    return std > 1e-6 ? 1 / (std * Math.sqrt(hidden)) : 0
  })
  const inputs = examples.map((e) => inputOf(e.pooled, mean, scale))
  const prior = initialPrior(hidden + 1, VARIANCE)
  const weights = Object.fromEntries(
    DIMENSIONS.map((dimension) => {
      // A pair row x·w > 0 with x turned round where the dimension did not matter is plain logistic regression.
      const rows = examples.map((e, i) => ({
        difference: inputs[i]!.map((v) => (e.dimensions.includes(dimension) ? v : -v)),
        weight: e.weight ?? 1,
      }))
      return [dimension, [...fitHead(rows, prior).w]]
    }),
  ) as Record<Dimension, number[]>
  return { mean, scale, weights }
}

/** Probability for each dimension that it matters. Fails with E_SHAPE when the state has another size. */
export const relevanceOf = (
  head: RelevanceHead,
  pooled: ArrayLike<number>,
): Record<Dimension, number> => {
  checkSize(pooled, head.mean.length)
  const x = inputOf(pooled, head.mean, head.scale)
  const probability = (weights: readonly number[]) =>
    sigmoid(weights.reduce((sum, w, j) => sum + w * x[j]!, 0))
  return Object.fromEntries(
    DIMENSIONS.map((dimension) => [dimension, probability(head.weights[dimension])]),
  ) as Record<Dimension, number>
}

/** The dimensions that matter for a request; may be empty. */
export const relevantDimensions = (
  head: RelevanceHead,
  pooled: ArrayLike<number>,
  threshold = 0.5,
): ReadonlySet<Dimension> => {
  const probability = relevanceOf(head, pooled)
  return new Set(DIMENSIONS.filter((d) => probability[d] >= threshold))
}

/** Accuracy over example × dimension of heads that did not see the example (`folds` parts, every folds-th example together). */
export const heldOutAccuracy = (
  examples: readonly RelevanceExample[],
  folds: number,
): {
  accuracy: number
  majority: number
  byDimension: Record<Dimension, number>
  noneRecall: number
} => {
  const right = Object.fromEntries(DIMENSIONS.map((d) => [d, 0])) as Record<Dimension, number>
  let none = 0
  let noneRight = 0
  for (let fold = 0; fold < folds; fold++) {
    const head = trainRelevance(examples.filter((_, i) => i % folds !== fold))
    for (const example of examples.filter((_, i) => i % folds === fold)) {
      const found = relevantDimensions(head, example.pooled)
      for (const d of DIMENSIONS)
        if (found.has(d) === example.dimensions.includes(d)) right[d] += 1 / examples.length
      if (example.dimensions.length === 0) {
        none++
        if (found.size === 0) noneRight++
      }
    }
  }
  const mean = (of: (d: Dimension) => number) =>
    DIMENSIONS.reduce((sum, d) => sum + of(d), 0) / DIMENSIONS.length
  return {
    accuracy: mean((d) => right[d]),
    majority: mean((d) => {
      const share = examples.filter((e) => e.dimensions.includes(d)).length / examples.length
      return Math.max(share, 1 - share)
    }),
    byDimension: right,
    noneRecall: none === 0 ? 1 : noneRight / none,
  }
}

/** Standardized to a squared length of about 1, and 1 for the intercept. */
const inputOf = (
  pooled: ArrayLike<number>,
  mean: readonly number[],
  scale: readonly number[],
): Float64Array =>
  Float64Array.from({ length: mean.length + 1 }, (_, j) =>
    j === mean.length ? 1 : (pooled[j]! - mean[j]!) * scale[j]!,
  )

const checkSize = (pooled: ArrayLike<number>, hidden: number): void => {
  if (pooled.length !== hidden)
    throw new FedError(
      'E_SHAPE',
      `a pooled state must have ${hidden} numbers, got ${pooled.length}`,
    )
}
