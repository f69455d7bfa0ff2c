/** Loss and gradients of one row as a graph. A batch is a sum over rows, so weights already hold its 1 / size. */
import { buildLogProbs, buildTrunk, type LoraRanks, type Model } from '../model/llama.ts'
import { backward } from '../onnx/backward.ts'
import { type Graph, newGraph, type OnnxGraph, type Tensor, toOnnx } from '../onnx/graph.ts'

/** Predicted tokens go through the LM head in parts of so many: bounds the [K, vocab] memory of a step. */
export const PREDICTED_CHUNK = 64

export type StepGraphSpec = {
  readonly kind: 'reward' | 'completion' | 'dpo'
  readonly from: number
  readonly to: number
  /** T: tokens in the row; K: predicted tokens, whole chunks; S: answers; P: pairs. Unused rows of a feed are zero. */
  readonly tokens: number
  readonly predicted: number
  readonly answers: number
  readonly pairs: number
  readonly lora: LoraRanks
  /** Graph inputs (`<linear>.<factor>`) to differentiate by. */
  readonly by: readonly string[]
}

/** Outputs: `loss` [1, 1] and one gradient per name of `by`.  Inputs beside those of buildTrunk:
 *  reward: `pool` [S, T] averages over answers, `head` [hidden, 1];
 *  dpo, completion: per chunk `select.<i>` [K, T] picks states, `labels.<i>` [K] int64, `sum.<i>` [S, K] adds up answers;
 *  reward, dpo: `contrast` [P, S] is chosen minus rejected (times beta), `offset` [P, 1];
 *  `weights` [1, P], for completion [1, S]. */
export const buildStep = (model: Model, spec: StepGraphSpec): OnnxGraph => {
  const g = newGraph()
  const { hidden } = buildTrunk(g, model, spec)
  const loss = lossOf(g, model, spec, hidden)
  const factors = spec.by.map((name) => loraInput(g, model, name, spec.lora))
  const gradients = backward(g, loss, factors)
  return toOnnx({ loss, ...Object.fromEntries(spec.by.map((name, i) => [name, gradients[i]!])) })
}

const lossOf = (g: Graph, model: Model, spec: StepGraphSpec, states: Tensor): Tensor => {
  const { tokens, predicted, answers, pairs } = spec
  if (spec.kind === 'reward') {
    const pooled = g.op('Gemm', [g.input('pool', [answers, tokens]), states])
    const head = g.input('head', [model.config.shape.hidden, 1])
    return contrastLoss(g, g.op('Gemm', [pooled, head]), answers, pairs)
  }
  const parts = Array.from({ length: predicted / PREDICTED_CHUNK }, (_, i) => {
    const last = g.op('Gemm', [g.input(`select.${i}`, [PREDICTED_CHUNK, tokens]), states])
    const labels = g.input(`labels.${i}`, [PREDICTED_CHUNK], 'int64')
    const logProbs = buildLogProbs(g, model, last, labels)
    const sum = g.input(`sum.${i}`, [answers, PREDICTED_CHUNK])
    return g.op('Gemm', [sum, logProbs])
  })
  const sums = parts.reduce((a, b) => g.op('Add', [a, b]))
  return spec.kind === 'completion'
    ? g.op('Neg', [g.op('Gemm', [g.input('weights', [1, answers]), sums])])
    : contrastLoss(g, sums, answers, pairs)
}

/** Σ weight · softplus(−(contrast·rewards + offset)) = −Σ weight · log σ(margin).  rewards: [S, 1]. */
const contrastLoss = (g: Graph, rewards: Tensor, answers: number, pairs: number): Tensor => {
  const contrast = g.input('contrast', [pairs, answers])
  const margins = g.op('Gemm', [contrast, rewards, g.input('offset', [pairs, 1])])
  const losses = g.op('Softplus', [g.op('Neg', [margins])])
  return g.op('Gemm', [g.input('weights', [1, pairs]), losses])
}

/** The input that buildTrunk made: inputs are known by name, so its shape only has to agree. */
const loraInput = (g: Graph, model: Model, name: string, lora: LoraRanks): Tensor => {
  const linear = name.slice(0, -2)
  const [width, out] = model.manifest.tensors[linear]!.shape
  const rank = lora[linear]!
  return g.input(name, name.endsWith('.A') ? [rank, width!] : [out!, rank])
}
