/** The forward graph of the Llama family (Touvron et al. 2023; Qwen2 adds a bias on q, k and v, Qwen3 a norm of each head of
 *  q and k), from one layer to another.
 *  A row holds T tokens, possibly of several sequences: what attends to what is said by the mask alone. */
import type { Module } from '../../../adapters/lora/spec.ts'
import type { Graph, Tensor } from '../onnx/graph.ts'
import { hasHeadNorms, type ModelConfig } from './config.ts'
import type { WeightManifest } from './weight-store.ts'

/** LoRA rank by linear (`layers.<i>.<module>`); linears that are not named run without. */
export type LoraRanks = Readonly<Record<string, number>>

export type TrunkOptions = {
  readonly from: number
  readonly to: number
  /** T, tokens in the row. */
  readonly tokens: number
  readonly lora: LoraRanks
  /** C, cached tokens before the row; 0 when absent. */
  readonly past?: number
}

/** hidden: [T, hidden] after layer to − 1, before the final norm. keys, values: of this row, [T, kvHeads·headDim] by layer. */
export type Trunk = {
  readonly hidden: Tensor
  readonly keys: readonly Tensor[]
  readonly values: readonly Tensor[]
}

export const loraName = (layer: number, module: Module): string => `layers.${layer}.${module}`

/** Layers from … to − 1.  Inputs: `ids` [T] int64 when from is 0, else `hidden` [T, hidden]; `cos`, `sin`
 *  [1, T, headDim / 2]; `mask` [T, C + T], added to the scores; per layer i `past.<i>.k`, `past.<i>.v`
 *  [C, kvHeads·headDim] when C > 0; per LoRA linear `<name>.A` [r, in] and `<name>.B` [out, r] (scale included). */
export const buildTrunk = (g: Graph, model: Model, options: TrunkOptions): Trunk => {
  const { from, to, tokens } = options
  const { shape } = model.config
  let hidden =
    from === 0
      ? g.op('Gather', [weight(g, model, 'embed'), g.input('ids', [tokens], 'int64')])
      : g.input('hidden', [tokens, shape.hidden])
  const keys: Tensor[] = []
  const values: Tensor[] = []
  for (let layer = from; layer < to; layer++) {
    const linear = linearsOf(g, model, options.lora, layer)
    const normed = norm(g, model, `layers.${layer}.attn_norm`, hidden)
    const { mixed, key, value } = attention(g, model, options, layer, normed, linear)
    keys.push(key)
    values.push(value)
    hidden = g.op('Add', [hidden, linear('o', mixed)])
    hidden = g.op('Add', [hidden, swiGlu(g, model, layer, hidden, linear)])
  }
  return { hidden, keys, values }
}

/** Logits of final hidden states.  hidden: [K, hidden] -> [K, vocab]. */
export const buildLogits = (g: Graph, model: Model, hidden: Tensor): Tensor =>
  logitsOf(g, model, norm(g, model, 'final_norm', hidden))

/** Log-probability of one token after each state.  hidden: [K, hidden], labels: [K] int64 -> [K, 1].
 *  The label's logit is a product with its own row of the head, so that no gradient is scattered into [K, vocab]. */
export const buildLogProbs = (g: Graph, model: Model, hidden: Tensor, labels: Tensor): Tensor => {
  const normed = norm(g, model, 'final_norm', hidden)
  const rows = g.op('Gather', [headTable(g, model), labels])
  const picked = g.op('ReduceSum', [g.op('Mul', [normed, rows])], { axes: [1] })
  return g.op('Sub', [picked, g.op('LogSumExp', [logitsOf(g, model, normed)])])
}

const logitsOf = (g: Graph, model: Model, normed: Tensor): Tensor =>
  g.op('Gemm', [normed, headTable(g, model)], { transB: 1 })

const headTable = (g: Graph, model: Model): Tensor =>
  weight(g, model, model.config.tiedHead ? 'embed' : 'head')

/** What a graph needs to know of a model: its config and where its converted weights lie. */
export type Model = { readonly config: ModelConfig; readonly manifest: WeightManifest }

type Linear = (module: Module, x: Tensor) => Tensor

/** y = x·W + bias + (x·Aᵀ)·Bᵀ; W lies as [in, out], so that the backward pass is a Gemm with transB on the same bytes. */
const linearsOf =
  (g: Graph, model: Model, lora: LoraRanks, layer: number): Linear =>
  (module, x) => {
    const name = loraName(layer, module)
    const w = weight(g, model, name)
    const hasBias = model.config.attentionBias && ['q', 'k', 'v'].includes(module)
    const bias = hasBias ? [weight(g, model, `${name}.bias`)] : []
    const y = g.op('Gemm', [x, w, ...bias])
    const rank = lora[name] ?? 0
    if (rank === 0) return y
    const a = g.input(`${name}.A`, [rank, w.shape[0]!])
    const b = g.input(`${name}.B`, [w.shape[1]!, rank])
    return g.op('Gemm', [g.op('Gemm', [x, a], { transB: 1 }), b, y], { transB: 1 })
  }

/** Grouped-query attention (Ainslie et al. 2023): the query heads of one KV head are rows of one product. */
const attention = (
  g: Graph,
  model: Model,
  { tokens, past = 0 }: TrunkOptions,
  layer: number,
  x: Tensor,
  linear: Linear,
): { mixed: Tensor; key: Tensor; value: Tensor } => {
  const { heads, kvHeads, headDim } = model.config.shape
  const group = heads / kvHeads
  const all = past + tokens
  const perHead = (part: 'q' | 'k', count: number) => {
    const y = linear(part, x)
    if (!hasHeadNorms(model.config)) return y
    const byHead = g.op('Reshape', [y], { shape: [tokens * count, headDim] })
    const normed = norm(g, model, `layers.${layer}.${part}_norm`, byHead)
    return g.op('Reshape', [normed], { shape: [tokens, count * headDim] })
  }
  const query = g.op('Mul', [perHead('q', heads), g.constant([1 / Math.sqrt(headDim)], [1])])
  const key = rotate(g, perHead('k', kvHeads), tokens, kvHeads, headDim)
  const value = linear('v', x)
  const cached = (part: 'k' | 'v', row: Tensor) => {
    if (past === 0) return row
    const before = g.input(`past.${layer}.${part}`, [past, kvHeads * headDim])
    return g.op('Concat', [before, row], { axis: 0 })
  }
  const split = (t: Tensor, rows: number, perm: number[]) =>
    g.op('Transpose', [g.op('Reshape', [t], { shape: [rows, kvHeads, headDim] })], { perm })

  const byGroup = g.op(
    'Transpose',
    [
      g.op('Reshape', [rotate(g, query, tokens, heads, headDim)], {
        shape: [tokens, kvHeads, group, headDim],
      }),
    ],
    { perm: [1, 2, 0, 3] },
  )
  const queries = g.op('Reshape', [byGroup], { shape: [kvHeads, group * tokens, headDim] })
  const keys = split(cached('k', key), all, [1, 2, 0])
  const values = split(cached('v', value), all, [1, 0, 2])

  const scores = g.op('Reshape', [g.op('MatMul', [queries, keys])], { shape: [heads, tokens, all] })
  const weights = g.op('Softmax', [g.op('Add', [scores, g.input('mask', [tokens, all])])])
  const byRow = g.op('Reshape', [weights], { shape: [kvHeads, group * tokens, all] })
  const out = g.op('Reshape', [g.op('MatMul', [byRow, values])], {
    shape: [kvHeads, group, tokens, headDim],
  })
  const mixed = g.op('Reshape', [g.op('Transpose', [out], { perm: [2, 0, 1, 3] })], {
    shape: [tokens, heads * headDim],
  })
  return { mixed, key, value }
}

/** SwiGLU (Shazeer 2020): (silu(x·Wg) ∘ x·Wu)·Wd on the normed state. */
const swiGlu = (g: Graph, model: Model, layer: number, hidden: Tensor, linear: Linear): Tensor => {
  const x = norm(g, model, `layers.${layer}.ffn_norm`, hidden)
  return linear('down', g.op('SwiGlu', [linear('gate', x), linear('up', x)]))
}

const norm = (g: Graph, model: Model, name: string, x: Tensor): Tensor =>
  g.op('RmsNorm', [x, weight(g, model, name)], {
    axis: -1,
    epsilon: { float: model.config.normEps },
  })

const rotate = (g: Graph, x: Tensor, tokens: number, heads: number, headDim: number): Tensor => {
  const tables = ['cos', 'sin'].map((name) => g.input(name, [1, tokens, headDim / 2]))
  const row = g.op('Reshape', [x], { shape: [1, tokens, heads * headDim] })
  const turned = g.op('RotaryEmbedding', [row, ...tables], { num_heads: heads })
  return g.op('Reshape', [turned], { shape: [tokens, heads * headDim] })
}

const weight = (g: Graph, model: Model, name: string): Tensor => {
  const tensor = model.manifest.tensors[name]
  if (!tensor) throw new TypeError(`the converted weights hold no ${name}`)
  return g.weight(name, tensor.shape, { location: 'weights.bin', ...tensor })
}
