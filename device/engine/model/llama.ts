/** The forward graph of the Llama family (Touvron et al. 2023; Qwen2 adds a bias on q, k and v), from one layer to another.
 *  A row holds T tokens, possibly of several sequences: what attends to what is said by the mask alone. */
import type { Module } from '../../../adapters/lora/spec.ts'
import type { Graph, Tensor } from '../onnx/graph.ts'
import type { ModelConfig } from './config.ts'
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
  g.op('Gemm', [norm(g, model, 'final_norm', hidden), headTable(g, model)], { transB: 1 })

/** Log-probability of one token after each state.  hidden: [K, hidden], labels: [K] int64 -> [K, 1].
 *  The label's logit is a product with its own row of the head, so that no gradient is scattered into [K, vocab]. */
export const buildLogProbs = (g: Graph, model: Model, hidden: Tensor, labels: Tensor): Tensor => {
  const normed = norm(g, model, 'final_norm', hidden)
  const table = headTable(g, model)
  const rows = g.op('Gather', [table, labels])
  const picked = g.op('ReduceSum', [g.op('Mul', [normed, rows])], { axes: [1] })
  return g.op('Sub', [picked, g.op('HeadLogSumExp', [normed, table])])
}

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

/** Grouped-query attention (Ainslie et al. 2023). A row attends to no later one, so queries go in blocks, each over the keys
 *  up to its end: at 512 tokens five eighths of the whole square. */
const attention = (
  g: Graph,
  model: Model,
  { tokens, past = 0 }: TrunkOptions,
  layer: number,
  x: Tensor,
  linear: Linear,
): { mixed: Tensor; key: Tensor; value: Tensor } => {
  const { heads, kvHeads, headDim } = model.config.shape
  const query = rotate(g, linear('q', x), tokens, heads, headDim)
  const key = rotate(g, linear('k', x), tokens, kvHeads, headDim)
  const value = linear('v', x)
  const cached = (part: 'k' | 'v', row: Tensor) => {
    if (past === 0) return row
    const before = g.input(`past.${layer}.${part}`, [past, kvHeads * headDim])
    return g.op('Concat', [before, row], { axis: 0 })
  }
  const [keys, values] = [cached('k', key), cached('v', value)]
  const mask = g.input('mask', [tokens, past + tokens])
  const blocks = queryBlocks(tokens).map(({ start, end }) => {
    const seen = past + end
    const split = (t: Tensor, perm: number[]) =>
      g.op('Transpose', [g.op('Reshape', [t], { shape: [seen, kvHeads, headDim] })], { perm })
    const weights = g.op(
      'AttentionWeights',
      [
        byKvHead(g, model, rowsOf(g, query, start, end)),
        split(rowsOf(g, keys, 0, seen), [1, 2, 0]),
        maskOf(g, mask, start, end, seen),
      ],
      { heads, scale: { float: 1 / Math.sqrt(headDim) } },
    )
    const out = g.op('MatMul', [weights, split(rowsOf(g, values, 0, seen), [1, 0, 2])])
    return byToken(g, model, out, end - start)
  })
  const mixed = blocks.length === 1 ? blocks[0]! : g.op('Concat', blocks, { axis: 0 })
  return { mixed, key, value }
}

const BLOCK = 128

const queryBlocks = (tokens: number): { start: number; end: number }[] =>
  Array.from({ length: Math.ceil(tokens / BLOCK) }, (_, i) => ({
    start: i * BLOCK,
    end: Math.min(tokens, (i + 1) * BLOCK),
  }))

const rowsOf = (g: Graph, x: Tensor, start: number, end: number): Tensor =>
  start === 0 && end === x.shape[0] ? x : g.op('Slice', [x], { start, end })

/** [end − start, seen] of the mask: a mask has no gradient, so its columns are cut by turning it. */
const maskOf = (g: Graph, mask: Tensor, start: number, end: number, seen: number): Tensor => {
  const rows = rowsOf(g, mask, start, end)
  if (seen === mask.shape[1]) return rows
  const turn = (x: Tensor) => g.op('Transpose', [x], { perm: [1, 0] })
  return turn(rowsOf(g, turn(rows), 0, seen))
}

/** [T, heads·headDim] -> [kvHeads, (heads / kvHeads)·T, headDim]. */
const byKvHead = (g: Graph, { config }: Model, x: Tensor): Tensor => {
  const { heads, kvHeads, headDim } = config.shape
  const [tokens, group] = [x.shape[0]!, heads / kvHeads]
  const apart = g.op('Reshape', [x], { shape: [tokens, kvHeads, group, headDim] })
  const turned = g.op('Transpose', [apart], { perm: [1, 2, 0, 3] })
  return g.op('Reshape', [turned], { shape: [kvHeads, group * tokens, headDim] })
}

/** byKvHead undone. */
const byToken = (g: Graph, { config }: Model, x: Tensor, tokens: number): Tensor => {
  const { heads, kvHeads, headDim } = config.shape
  const apart = g.op('Reshape', [x], { shape: [kvHeads, heads / kvHeads, tokens, headDim] })
  const turned = g.op('Transpose', [apart], { perm: [2, 0, 1, 3] })
  return g.op('Reshape', [turned], { shape: [tokens, heads * headDim] })
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
