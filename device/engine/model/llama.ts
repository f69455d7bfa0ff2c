/** The forward graph of the Llama family (Touvron et al. 2023; Qwen2 adds a bias on q, k and v,
 *  Qwen3 a norm of each head of q and k), from one layer to another.
 *  A row holds T tokens, possibly of several sequences: the mask alone decides which token attends
 *  to which. */
import type { Module } from '../../../adapters/lora/spec.ts'
import type { Graph } from '../onnx/graph.ts'
import type { OpenSizes, Tensor } from '../onnx/tensor.ts'
import { hasHeadNorms, type ModelConfig } from './config.ts'
import { QUANTIZED_FILE, type QuantizedManifest, type QuantizedPart } from './quantized-store.ts'
import type { WeightManifest } from './weight-store.ts'

/** LoRA rank by linear (`layers.<i>.<module>`); linears that are not named run without. */
export type LoraRanks = Readonly<Record<string, number>>

type TrunkOptions = {
  readonly from: number
  readonly to: number
  readonly lora: LoraRanks
  /** T, tokens in the row. Without it the row follows C ≥ 1 cached tokens, and T and C are open:
   *  one graph runs rows of any size, without gradients. */
  readonly tokens?: number
  /** Without `tokens`: cached keys and values are copied beside the new ones. It is faster for rows
   *  of many tokens, and slower for a few after a long text. */
  readonly isJoined?: boolean
  /** How a row of `tokens` attends; by default each block to all before it. */
  readonly blocks?: readonly QueryBlock[] | undefined
}

/** Queries start … end − 1 attend to nothing outside of keys from … end − 1. */
export type QueryBlock = { readonly from: number; readonly start: number; readonly end: number }

/** Queries that attend at once. */
export const QUERY_BLOCK = 128

/** hidden: [T, hidden] before the final norm; keys, values: by layer, [T, kvHeads·headDim]. */
type Trunk = {
  readonly hidden: Tensor
  readonly keys: readonly Tensor[]
  readonly values: readonly Tensor[]
}

export const loraName = (layer: number, module: Module): string => `layers.${layer}.${module}`

/** Layers from … to − 1.  Inputs: `ids` [T] int64 when from is 0, else `hidden` [T, hidden]; `cos`,
 *  `sin` [1, T, headDim / 2]; `mask` [T, T], added to the scores; per LoRA linear `<name>.A`
 *  [r, in] and `<name>.B` [out, r] (scale included).  Without `tokens`: `mask` [T, C + T], `cached`
 *  (C as int64 [1]), and per layer i `past.<i>.k`, `past.<i>.v` [C, kvHeads·headDim]. */
export const buildTrunk = (g: Graph, model: Model, options: TrunkOptions): Trunk => {
  const { from, to } = options
  const row = rowOf(g, model, options)
  let hidden = from === 0 ? g.op('Gather', [weight(g, model, 'embed'), row.ids()]) : row.hidden()
  const keys: Tensor[] = []
  const values: Tensor[] = []
  for (let layer = from; layer < to; layer++) {
    const linear = linearsOf(g, model, options.lora, layer)
    const normed = norm(g, model, `layers.${layer}.attn_norm`, hidden)
    const { mixed, key, value } = attention(g, model, row, layer, normed, linear)
    keys.push(key)
    values.push(value)
    hidden = g.op('Add', [hidden, linear('o', mixed)])
    hidden = g.op('Add', [hidden, swiGlu(g, model, layer, hidden, linear)])
  }
  return { hidden, keys, values }
}

/** One step of decoding, with the inputs of buildTrunk without `tokens`.
 *  logits: [1, vocab] after the last token; keys, values: [layers·T, kvHeads·headDim]. */
export const buildDecoder = (g: Graph, model: Model, lora: LoraRanks) => {
  const { layers } = model.config.shape
  const trunk = buildTrunk(g, model, { from: 0, to: layers, lora })
  const join = (tensors: readonly Tensor[]) => g.op('Concat', tensors, { axis: 0 })
  return {
    logits: buildLogits(g, model, g.op('LastRow', [trunk.hidden])),
    keys: join(trunk.keys),
    values: join(trunk.values),
  }
}

/** Logits of final hidden states.  hidden: [K, hidden] -> [K, vocab]. */
export const buildLogits = (g: Graph, model: Model, hidden: Tensor): Tensor => {
  const normed = norm(g, model, 'final_norm', hidden)
  return (
    quantizedProduct(g, model, headName(model))?.(normed) ??
    g.op('Gemm', [normed, weight(g, model, headName(model))], { transB: 1 })
  )
}

/** Log-probability of one token after each state.  [K, hidden], [K] int64 -> [K, 1].
 *  The label's logit is a product with its own row of the head: no gradient of size [K, vocab]. */
export const buildLogProbs = (g: Graph, model: Model, hidden: Tensor, labels: Tensor): Tensor => {
  const normed = norm(g, model, 'final_norm', hidden)
  const table = weight(g, model, headName(model))
  const rows = g.op('Gather', [table, labels])
  const picked = g.op('ReduceSum', [g.op('Mul', [normed, rows])], { axes: [1] })
  return g.op('Sub', [picked, g.op('HeadLogSumExp', [normed, table])])
}

const headName = ({ config }: Model): 'embed' | 'head' => (config.tiedHead ? 'embed' : 'head')

/** What a graph needs to know about a model: its config, and where its converted weights are. */
export type Model = {
  readonly config: ModelConfig
  readonly manifest: WeightManifest
  /** Used in place of the manifest's weights for the tensors that it has. */
  readonly quantized?: QuantizedManifest | undefined
}

type Linear = (module: Module, x: Tensor) => Tensor

/** y = x·W + bias + (x·Aᵀ)·Bᵀ; W is [in, out], so the backward Gemm reads the same bytes
 *  (transB). */
const linearsOf = (g: Graph, model: Model, lora: LoraRanks, layer: number): Linear => {
  const sums = blockSums(g)
  return (module, x) => {
    const name = loraName(layer, module)
    const [width, out] = model.manifest.tensors[name]!.shape
    const hasBias = model.config.attentionBias && ['q', 'k', 'v'].includes(module)
    const bias = hasBias ? [weight(g, model, `${name}.bias`)] : []
    const quantized = quantizedProduct(g, model, name, sums)
    const y = quantized
      ? bias.reduce((sum, b) => g.op('Add', [sum, b]), quantized(x))
      : g.op('Gemm', [x, weight(g, model, name), ...bias])
    const rank = lora[name] ?? 0
    if (rank === 0) return y
    const a = g.input(`${name}.A`, [rank, width!])
    const b = g.input(`${name}.B`, [out!, rank])
    return g.op('Gemm', [g.op('Gemm', [x, a], { transB: 1 }), b, y], { transB: 1 })
  }
}

/** x·W by quantized weights: scale·(code − middle), plus each block's offset times its sum of x. */
const quantizedProduct = (
  g: Graph,
  { quantized }: Model,
  name: string,
  sums = blockSums(g),
): ((x: Tensor) => Tensor) | undefined => {
  const place = quantized?.tensors[name]
  if (!place) return undefined
  const { bits, codes, scales, offsets } = place
  const part = (suffix: string, { shape, ...bytes }: QuantizedPart, type: 'float' | 'uint8') =>
    g.weight(`${name}.${suffix}`, shape, { location: QUANTIZED_FILE, ...bytes }, type)
  return (x) => {
    const y = g.op(
      'QuantizedGemm',
      [x, part('codes', codes, 'uint8'), part('scales', scales, 'float')],
      { bits },
    )
    return offsets ? g.op('Gemm', [sums(x), part('offsets', offsets, 'float'), y]) : y
  }
}

/** Block sums of x, made once for all the linears that read it. */
const blockSums = (g: Graph) => {
  const made = new Map<Tensor, Tensor>()
  return (x: Tensor): Tensor => {
    const held = made.get(x) ?? g.op('BlockSums', [x])
    made.set(x, held)
    return held
  }
}

/** The inputs that follow from a row's size. Open sizes have example values, for the shape
 *  rules. */
const rowOf = (g: Graph, { config }: Model, { tokens, blocks, isJoined }: TrunkOptions) => {
  const hasPast = tokens === undefined
  const { hidden, kvHeads, headDim } = config.shape
  const T = tokens ?? 7
  const C = hasPast ? 5 : 0
  const open = (sizes: OpenSizes) => (hasPast ? sizes : {})
  return {
    tokens: T,
    hasPast,
    isJoined: isJoined ?? false,
    blocks: blocks ?? blocksBefore(T),
    ids: () => g.input('ids', [T], 'int64', open({ 0: 'T' })),
    hidden: () => g.input('hidden', [T, hidden], 'float', open({ 0: 'T' })),
    table: (name: 'cos' | 'sin') => g.input(name, [1, T, headDim / 2], 'float', open({ 1: 'T' })),
    mask: () => g.input('mask', [T, C + T], 'float', open({ 0: 'T', 1: 'all' })),
    cached: () => g.input('cached', [1], 'int64'),
    past: (layer: number, part: 'k' | 'v') =>
      g.input(`past.${layer}.${part}`, [C, kvHeads * headDim], 'float', { 0: 'C' }),
  }
}
type Row = ReturnType<typeof rowOf>

/** Grouped-query attention (Ainslie et al. 2023). */
const attention = (
  g: Graph,
  model: Model,
  row: Row,
  layer: number,
  x: Tensor,
  linear: Linear,
): { mixed: Tensor; key: Tensor; value: Tensor } => {
  const { heads, kvHeads, headDim } = model.config.shape
  const perHead = (part: 'q' | 'k', count: number) => {
    const y = linear(part, x)
    if (!hasHeadNorms(model.config)) return rotate(g, row, y, count * headDim, count)
    const byHead = g.op('Reshape', [y], { shape: [-1, headDim] })
    const normed = norm(g, model, `layers.${layer}.${part}_norm`, byHead)
    return rotate(g, row, normed, count * headDim, count)
  }
  const [query, key, value] = [perHead('q', heads), perHead('k', kvHeads), linear('v', x)]
  const byKvHead = (t: Tensor) => g.op('Reshape', [t], { shape: [-1, kvHeads, headDim] })
  const settings = { heads, scale: 1 / Math.sqrt(headDim) }
  if (row.hasPast && row.isJoined) {
    const seen = (part: 'k' | 'v', own: Tensor) =>
      byKvHead(g.op('Concat', [row.past(layer, part), own], { axis: 0 }))
    const inputs = [queriesOf(g, model, query), seen('k', key), row.mask()]
    const weights = g.op('AttentionWeights', inputs, settings)
    const mixed = g.op('MatMul', [weights, seen('v', value)], { transBatchB: 1 })
    return { mixed: mixedOf(g, model, mixed), key, value }
  }
  if (row.hasPast) {
    const tokens = [queriesOf(g, model, query), byKvHead(key), byKvHead(value)]
    const cached = (['k', 'v'] as const).map((part) => byKvHead(row.past(layer, part)))
    const inputs = [...tokens, ...cached, row.mask(), row.cached()]
    return { mixed: mixedOf(g, model, g.op('CachedAttention', inputs, settings)), key, value }
  }
  const blocks = row.blocks.map((block) => {
    const seen = (t: Tensor) => byKvHead(rowsOf(g, t, block.from, block.end))
    const queries = queriesOf(g, model, rowsOf(g, query, block.start, block.end))
    const inputs = [queries, seen(key), maskOf(g, row, block)]
    const weights = g.op('AttentionWeights', inputs, settings)
    return mixedOf(g, model, g.op('MatMul', [weights, seen(value)], { transBatchB: 1 }))
  })
  const mixed = blocks.length === 1 ? blocks[0]! : g.op('Concat', blocks, { axis: 0 })
  return { mixed, key, value }
}

/** No token attends to a later one: for 512 tokens this is five eighths of the whole square. */
const blocksBefore = (tokens: number): QueryBlock[] =>
  Array.from({ length: Math.ceil(tokens / QUERY_BLOCK) }, (_, i) => ({
    from: 0,
    start: i * QUERY_BLOCK,
    end: Math.min(tokens, (i + 1) * QUERY_BLOCK),
  }))

const rowsOf = (g: Graph, x: Tensor, start: number, end: number): Tensor =>
  start === 0 && end === x.shape[0] ? x : g.op('Slice', [x], { start, end })

/** [end − start, end − from] of the mask. Only rows can be cut, so columns are cut transposed. */
const maskOf = (g: Graph, { mask, tokens }: Row, { from, start, end }: QueryBlock): Tensor => {
  const rows = rowsOf(g, mask(), start, end)
  if (from === 0 && end === tokens) return rows
  const turn = (x: Tensor) => g.op('Transpose', [x], { perm: [1, 0] })
  return turn(rowsOf(g, turn(rows), from, end))
}

/** [T, heads·headDim] -> [kvHeads, (heads / kvHeads)·T, headDim]: one product per KV head. */
const queriesOf = (g: Graph, { config }: Model, x: Tensor): Tensor => {
  const { heads, kvHeads, headDim } = config.shape
  const apart = g.op('Reshape', [x], { shape: [-1, kvHeads, heads / kvHeads, headDim] })
  const turned = g.op('Transpose', [apart], { perm: [1, 2, 0, 3] })
  return g.op('Reshape', [turned], { shape: [kvHeads, -1, headDim] })
}

/** The inverse of queriesOf. */
const mixedOf = (g: Graph, { config }: Model, x: Tensor): Tensor => {
  const { heads, kvHeads, headDim } = config.shape
  const apart = g.op('Reshape', [x], { shape: [kvHeads, heads / kvHeads, -1, headDim] })
  const turned = g.op('Transpose', [apart], { perm: [2, 0, 1, 3] })
  return g.op('Reshape', [turned], { shape: [-1, heads * headDim] })
}

/** SwiGLU (Shazeer 2020): (silu(x·Wg) ∘ x·Wu)·Wd on the normed state. */
const swiGlu = (g: Graph, model: Model, layer: number, hidden: Tensor, linear: Linear): Tensor => {
  const x = norm(g, model, `layers.${layer}.ffn_norm`, hidden)
  return linear('down', g.op('SwiGlu', [linear('gate', x), linear('up', x)]))
}

const norm = (g: Graph, model: Model, name: string, x: Tensor): Tensor =>
  g.op('RmsNorm', [x, weight(g, model, name)], {
    axis: -1,
    epsilon: model.config.normEps,
  })

const rotate = (g: Graph, row: Row, x: Tensor, width: number, heads: number): Tensor => {
  const inRow = g.op('Reshape', [x], { shape: [1, -1, width] })
  const turned = g.op('RotaryEmbedding', [inRow, row.table('cos'), row.table('sin')], {
    num_heads: heads,
  })
  return g.op('Reshape', [turned], { shape: [-1, width] })
}

const weight = (g: Graph, model: Model, name: string): Tensor => {
  const tensor = model.manifest.tensors[name]
  if (!tensor) throw new TypeError(`the converted weights hold no ${name}`)
  return g.weight(name, tensor.shape, { location: 'weights.bin', ...tensor })
}
