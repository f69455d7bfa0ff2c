/** Loss and gradients of one row as a graph. A batch is a sum over rows, so weights already hold
 *  its 1 / size. */

import {
  buildLogProbs,
  buildTrunk,
  type LoraRanks,
  type Model,
  type QueryBlock,
} from '../model/llama.ts'
import { backward } from '../onnx/backward.ts'
import { type Graph, newGraph, type OnnxGraph, toOnnx } from '../onnx/graph.ts'
import type { Tensor } from '../onnx/tensor.ts'

/** Predicted tokens are padded to a multiple of so many. */
export const PREDICTED_CHUNK = 64

/** The parts in which they go through the LM head, two chunks at most: bounds the [K, vocab] memory
 *  of a step. */
export const predictedParts = (predicted: number): { start: number; size: number }[] =>
  Array.from({ length: Math.ceil(predicted / PREDICTED_CHUNK / 2) }, (_, i) => {
    const start = 2 * PREDICTED_CHUNK * i
    return { start, size: Math.min(2 * PREDICTED_CHUNK, predicted - start) }
  })

/** The form of a loss.  reads: mean states of answers, or log-probabilities of their tokens.
 *  link: of minus the margin, −log σ(m) = softplus(−m) and 1 − σ(m) = σ(−m); null: the
 *  log-probabilities themselves, or the mean states times given cotangents. */
export type Loss =
  | { readonly reads: 'states' | 'tokens'; readonly link: 'Softplus' | 'Sigmoid' }
  | { readonly reads: 'tokens' | 'cotangents'; readonly link: null }

export type StepGraphSpec = {
  readonly loss: Loss
  readonly from: number
  readonly to: number
  /** T: tokens in the row; K: predicted tokens, whole chunks; S: answers; M: margins. Unused rows
   *  of a feed are zero. */
  readonly tokens: number
  readonly blocks?: readonly QueryBlock[]
  readonly predicted: number
  readonly answers: number
  readonly margins: number
  readonly lora: LoraRanks
  /** Graph inputs (`<linear>.<factor>`) to differentiate by; none: the loss alone. */
  readonly by: readonly string[]
}

/** Outputs: `loss` [1, 1] and one gradient per name of `by`.  Inputs beside those of buildTrunk:
 *  reading states: `pool` [S, T] averages over answers, `head` [hidden, 1];
 *  reading cotangents: `pool`, and `cotangents` [S, hidden] of the mean states;
 *  reading tokens: per part `select.<i>` [K, T] picks states, `labels.<i>` [K] int64, `sum.<i>`
 *  [S, K] adds up answers;
 *  with a link: `contrast` [M, S] makes margins of rewards, `offset` [M, 1]; `weights` [1, M],
 *  without one [1, S]. */
export const buildStep = (model: Model, spec: StepGraphSpec): OnnxGraph => {
  const g = newGraph()
  const { hidden } = buildTrunk(g, model, spec)
  const loss = lossOf(g, model, spec, hidden)
  if (spec.by.length === 0) return toOnnx({ loss })
  const factors = spec.by.map((name) => loraInput(g, model, name, spec.lora))
  const gradients = backward(loss, factors)
  return toOnnx({ loss, ...Object.fromEntries(spec.by.map((name, i) => [name, gradients[i]!])) })
}

const lossOf = (g: Graph, model: Model, spec: StepGraphSpec, states: Tensor): Tensor => {
  const { reads, link } = spec.loss
  if (reads === 'cotangents') return cotangentSum(g, model, spec, states)
  const rewards =
    reads === 'states' ? pooledRewards(g, model, spec, states) : answerSums(g, model, spec, states)
  return link === null
    ? g.op('Neg', [g.op('Gemm', [g.input('weights', [1, spec.answers]), rewards])])
    : marginLoss(g, spec, rewards, link)
}

/** Mean state of each answer, [S, hidden]. */
const pooledStates = (g: Graph, spec: StepGraphSpec, states: Tensor): Tensor =>
  g.op('Gemm', [g.input('pool', [spec.answers, spec.tokens]), states])

/** head·(mean state) of each answer, [S, 1]. */
const pooledRewards = (g: Graph, model: Model, spec: StepGraphSpec, states: Tensor): Tensor =>
  g.op('Gemm', [pooledStates(g, spec, states), g.input('head', [model.config.shape.hidden, 1])])

/** Σ cotangent·(mean state), [1, 1]. */
const cotangentSum = (g: Graph, model: Model, spec: StepGraphSpec, states: Tensor): Tensor => {
  const cotangents = g.input('cotangents', [spec.answers, model.config.shape.hidden])
  return g.op('ReduceSum', [g.op('Mul', [pooledStates(g, spec, states), cotangents])], {
    axes: [0, 1],
  })
}

/** Summed log-probability of each answer, [S, 1]. */
const answerSums = (g: Graph, model: Model, spec: StepGraphSpec, states: Tensor): Tensor => {
  const { tokens, predicted, answers } = spec
  const parts = predictedParts(predicted).map(({ size }, i) => {
    const last = g.op('Gemm', [g.input(`select.${i}`, [size, tokens]), states])
    const logProbs = buildLogProbs(g, model, last, g.input(`labels.${i}`, [size], 'int64'))
    return g.op('Gemm', [g.input(`sum.${i}`, [answers, size]), logProbs])
  })
  return parts.reduce((a, b) => g.op('Add', [a, b]))
}

/** Σ weight · link(−(contrast·rewards + offset)).  rewards: [S, 1]. */
const marginLoss = (
  g: Graph,
  { answers, margins }: StepGraphSpec,
  rewards: Tensor,
  link: NonNullable<Loss['link']>,
): Tensor => {
  const contrast = g.input('contrast', [margins, answers])
  const margin = g.op('Gemm', [contrast, rewards, g.input('offset', [margins, 1])])
  const losses = g.op(link, [g.op('Neg', [margin])])
  return g.op('Gemm', [g.input('weights', [1, margins]), losses])
}

/** The input that buildTrunk made: inputs are known by name, so its shape only has to agree. */
const loraInput = (g: Graph, model: Model, name: string, lora: LoraRanks): Tensor => {
  const linear = name.slice(0, -2)
  const [width, out] = model.manifest.tensors[linear]!.shape
  const rank = lora[linear]!
  return g.input(name, name.endsWith('.A') ? [rank, width!] : [out!, rank])
}
