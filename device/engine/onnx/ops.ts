/** The op table: one row per operator with its shape rule and its gradient rule.
 *  Rules may ignore broadcasting: the reverse walk sums each gradient to its input's shape. */
import { FedError } from '../../../adapters/errors.ts'
import { INT_MAX, lowerAttentionWeights, lowerCachedAttention, lowerHead } from './fused.ts'
import type { Attributes, Graph, Shape, Tensor } from './graph.ts'
import type { OpName, OpRow } from './op-row.ts'
import type { Attribute } from './proto.ts'
import {
  batchFirst,
  broadcastShape,
  ints,
  matMulShape,
  product,
  reducedShape,
  swapped,
} from './shapes.ts'

const same = ([x]: readonly Shape[]): readonly Shape[] => [x!]
const broadcast = ([a, b]: readonly Shape[]): readonly Shape[] => [broadcastShape(a!, b!)]

export const OPS: Readonly<Record<OpName, OpRow>> = {
  Add: { shape: broadcast, gradient: ({ dy }) => [dy, dy] },
  Sub: { shape: broadcast, gradient: ({ g, dy }) => [dy, g.op('Neg', [dy])] },
  Mul: {
    shape: broadcast,
    gradient: ({ g, inputs: [a, b], dy }) => [g.op('Mul', [dy, b!]), g.op('Mul', [dy, a!])],
  },
  Neg: { shape: same, gradient: ({ g, dy }) => [g.op('Neg', [dy])] },

  /** d/dx σ(x) = σ(x)·(1 − σ(x)). */
  Sigmoid: {
    shape: same,
    gradient: ({ g, outputs: [y], dy }) => [
      g.op('Mul', [g.op('Mul', [dy, y!]), g.op('Sub', [one(g), y!])]),
    ],
  },
  /** y = a·σ(a) ∘ b (Shazeer 2020). The gradient computes a·σ(a) again, which is cheaper than keeping it. */
  SwiGlu: {
    shape: broadcast,
    isCheap: true,
    lower: ({ inputs: [a, b], outputs: [y] }) => [
      {
        op: 'QuickGelu',
        domain: 'com.microsoft',
        inputs: [a!.name],
        outputs: [`${y!.name}.silu`],
        attributes: { alpha: { float: 1 } },
      },
      { op: 'Mul', inputs: [`${y!.name}.silu`, b!.name], outputs: [y!.name] },
    ],
    gradient: ({ g, inputs: [a, b], dy }) => {
      const s = g.op('Sigmoid', [a!])
      const silu = g.op('Mul', [a!, s])
      const slope = g.op('Add', [s, g.op('Mul', [silu, g.op('Sub', [one(g), s])])])
      return [g.op('Mul', [g.op('Mul', [dy, b!]), slope]), g.op('Mul', [dy, silu])]
    },
  },
  /** y = log(1 + eˣ). */
  Softplus: {
    shape: same,
    gradient: ({ g, inputs: [x], dy }) => [g.op('Mul', [dy, g.op('Sigmoid', [x!])])],
  },
  /** Along the last axis. */
  Softmax: { shape: same, gradient: ({ g, outputs: [y], dy }) => [softmaxGradient(g, y!, dy)] },
  /** y = softmax(scale·q·kᵀ + mask): the weights of `heads` query heads, those of one KV head being rows of one product.
   *  q: [kvHeads, (heads / kvHeads)·T, d], k: [n, kvHeads, d], mask: [T, n] -> [kvHeads, (heads / kvHeads)·T, n]. */
  AttentionWeights: {
    isCheap: true,
    shape: ([q, k, mask], { heads }) => {
      if (q![1] !== (Number(heads) / q![0]!) * mask![0]! || mask![1] !== k![0])
        throw new FedError('E_SHAPE', `attention: [${q}], [${k}] and mask [${mask}] do not fit`)
      return [matMulShape(q!, swapped(batchFirst(k!)))]
    },
    scratch: ([, , mask], { heads }) => Number(heads) * product(mask!),
    lower: lowerAttentionWeights,
    gradient: ({ g, inputs: [q, k], outputs: [y], attributes: { scale }, dy }) => {
      const dScores = softmaxGradient(g, y!, dy)
      const byHead = g.op('MatMul', [dScores, q!], { transA: 1, alpha: scale! })
      return [
        g.op('MatMul', [dScores, k!], { transBatchB: 1, alpha: scale! }),
        g.op('Transpose', [byHead], { perm: [1, 0, 2] }),
        undefined,
      ]
    },
  },
  /** The same weights over cached tokens and new ones, applied to their values; nothing cached is copied.
   *  q: [kvHeads, (heads / kvHeads)·T, d]; k, v: [T, kvHeads, d]; cached k, v: [C, kvHeads, d]; mask: [T, C + T]; C as int64 [1]
   *  -> [kvHeads, (heads / kvHeads)·T, d]. */
  CachedAttention: {
    shape: ([q, k, , cachedK, , mask]) => {
      if (mask![1] !== cachedK![0]! + k![0]!)
        throw new FedError(
          'E_SHAPE',
          `cached attention: [${cachedK}] and mask [${mask}] do not fit`,
        )
      return [q!]
    },
    lower: lowerCachedAttention,
    gradient: 'none',
  },
  /** y = x / √(mean x² + ε) ∘ w over the last axis (Zhang and Sennrich 2019); second output: 1 / √(…), [..., 1]. */
  RmsNorm: {
    onnx: 'SimplifiedLayerNormalization',
    isCheap: true,
    shape: ([x]) => [x!, [...x!.slice(0, -1), 1]],
    gradient: ({ g, inputs: [x, w], outputs: [, inverse], dy }) => {
      const unit = g.op('Mul', [x!, inverse!])
      const dUnit = g.op('Mul', [dy, w!])
      const mean = g.op('ReduceMean', [g.op('Mul', [dUnit, unit])], { axes: [x!.shape.length - 1] })
      const dx = g.op('Mul', [g.op('Sub', [dUnit, g.op('Mul', [unit, mean])]), inverse!])
      return [dx, g.op('Mul', [dy, unit])]
    },
  },
  /** Rotates the halves of each head (Su et al. 2021).  x: [1, T, heads·d]; cos, sin: [1, T, d / 2]. */
  RotaryEmbedding: {
    shape: same,
    isCheap: true,
    gradient: ({ g, inputs: [, cos, sin], attributes, dy }) => [
      g.op('RotaryEmbedding', [dy, cos!, g.op('Neg', [sin!])], attributes),
      undefined,
      undefined,
    ],
  },

  /** Sums over `axes` (all of them counted from the front) are kept as size 1. */
  ReduceSum: {
    shape: ([x], attributes) => [reducedShape(x!, ints(attributes, 'axes'))],
    constants: (attributes) => [[...ints(attributes, 'axes')]],
    gradient: ({ g, inputs: [x], dy }) => [g.op('Expand', [dy], { shape: x!.shape })],
  },
  ReduceMean: {
    shape: ([x], attributes) => [reducedShape(x!, ints(attributes, 'axes'))],
    constants: (attributes) => [[...ints(attributes, 'axes')]],
    gradient: ({ g, inputs: [x], attributes, dy }) => {
      const count = ints(attributes, 'axes').reduce((n, axis) => n * x!.shape[axis]!, 1)
      const each = g.op('Mul', [dy, g.constant([1 / count], [1])])
      return [g.op('Expand', [each], { shape: x!.shape })]
    },
  },
  /** y = log Σⱼ exp(x·tableⱼ) of each row, and, where it is read, its gradient by x: the mean table row under the softmax.
   *  x: [K, d], table: [n, d], frozen -> [K, 1] and [K, d].  Nothing of size [K, n] outlives the node: the mean is computed
   *  at once, and y is read out of one tensor with it, so that it cannot be put off.
   *  y = max − log max p, since ONNX's own ReduceLogSumExp adds tens of thousands of terms one by one in float32. */
  HeadLogSumExp: {
    shape: ([x]) => [[x![0]!, 1], x!],
    scratch: ([x, table]) => 2 * x![0]! * table![0]!,
    lower: lowerHead,
    gradient: ({ g, outputs: [, mean], dy }) => [g.op('Mul', [mean!, dy]), undefined],
  },

  /** alpha·a'·b' over the last two axes, where ' swaps them if transA, transB; batch axes broadcast.
   *  transBatchB: b lies as [n, batch, d] and counts as [batch, n, d]. */
  MatMul: {
    onnx: 'FusedMatMul',
    domain: 'com.microsoft',
    shape: ([a, b], { transA, transB, transBatchB }) => {
      const right = transBatchB ? batchFirst(b!) : b!
      return [matMulShape(transA ? swapped(a!) : a!, transB ? swapped(right) : right)]
    },
    gradient: ({ g, inputs: [a, b], attributes: { transBatchB = 0, ...attributes }, dy }) => {
      if (!transBatchB) return productGradients(g, 'MatMul', a!, b!, attributes, dy)
      const { transA = 0, transB = 0, ...rest } = attributes
      if (transA || transB)
        throw new FedError('E_SHAPE', 'no gradient of a swapped product with transBatchB')
      const db = g.op('MatMul', [a!, dy], { ...rest, transA: 1 })
      return [
        g.op('MatMul', [dy, b!], { ...rest, transB: 1, transBatchB }),
        g.op('Transpose', [db], { perm: [1, 0, 2] }),
      ]
    },
  },
  /** a'·b' + c, where ' transposes if transA, transB; c broadcasts.  The gradient by a frozen b reads b as it lies. */
  Gemm: {
    shape: ([a, b], { transA, transB }) => {
      const [m, k] = transA ? [a![1]!, a![0]!] : [a![0]!, a![1]!]
      const [inner, n] = transB ? [b![1]!, b![0]!] : [b![0]!, b![1]!]
      if (a!.length !== 2 || b!.length !== 2 || k !== inner)
        throw new FedError('E_SHAPE', `Gemm needs equal inner sizes, got [${a}] and [${b}]`)
      return [[m, n]]
    },
    gradient: ({ g, inputs: [a, b], attributes, dy }) => [
      ...productGradients(g, 'Gemm', a!, b!, attributes, dy),
      dy,
    ],
  },

  /** Sums over each 32 columns.  x: [T, K] -> [T, K / 32]. */
  BlockSums: {
    shape: ([x]) => [[x![0]!, x![1]! / QUANTIZED_BLOCK]],
    lower: ({ inputs: [x], outputs: [y] }) => [
      {
        op: 'Reshape',
        inputs: [x!.name, [-1, x!.shape[1]! / QUANTIZED_BLOCK, QUANTIZED_BLOCK]],
        outputs: [`${y!.name}.blocks`],
      },
      {
        op: 'ReduceSum',
        attributes: { keepdims: 0 },
        inputs: [`${y!.name}.blocks`, [2]],
        outputs: [y!.name],
      },
    ],
    gradient: 'none',
  },
  /** x·Wᵀ with W [n, K] in blocks of 32 along K: w = scale·(code − 8) with 4 bits, scale·(code − 128) with 8.
   *  x is rounded to 8 bits in the same blocks, which lets products be sums of integers.
   *  codes: [n, K / 32, 4·bits] bytes, scales: [n·K / 32]. */
  QuantizedGemm: {
    shape: ([x, codes]) => [[x![0]!, codes![0]!]],
    packsWeights: true,
    lower: ({ inputs, outputs: [y], attributes: { bits } }) => [
      {
        op: 'MatMulNBits',
        domain: 'com.microsoft',
        attributes: {
          K: inputs[0]!.shape[1]!,
          N: inputs[1]!.shape[0]!,
          bits: bits!,
          block_size: QUANTIZED_BLOCK,
          accuracy_level: 4,
        },
        inputs: inputs.map(({ name }) => name),
        outputs: [y!.name],
      },
    ],
    gradient: 'none',
  },

  Transpose: {
    isCheap: true,
    shape: ([x], attributes) => [ints(attributes, 'perm').map((axis) => x![axis]!)],
    gradient: ({ g, attributes, dy }) => {
      const perm = ints(attributes, 'perm')
      return [g.op('Transpose', [dy], { perm: perm.map((_, axis) => perm.indexOf(axis)) })]
    },
  },
  /** One size may be −1: what is left over. */
  Reshape: {
    isCheap: true,
    shape: ([x], attributes) => {
      const wanted = ints(attributes, 'shape')
      const rest = product(wanted.filter((size) => size !== -1))
      const shape = wanted.map((size) => (size === -1 ? product(x!) / rest : size))
      if (product(shape) !== product(x!) || !shape.every(Number.isInteger))
        throw new FedError('E_SHAPE', `Reshape of [${x}] needs as many numbers, got [${wanted}]`)
      return [shape]
    },
    constants: (attributes) => [[...ints(attributes, 'shape')]],
    gradient: ({ g, inputs: [x], dy }) => [g.op('Reshape', [dy], { shape: x!.shape })],
  },
  Expand: {
    shape: ([x], attributes) => [broadcastShape(x!, ints(attributes, 'shape'))],
    constants: (attributes) => [[...ints(attributes, 'shape')]],
    gradient: ({ dy }) => [dy],
  },
  /** Concat, Slice and Pad work on the first axis. */
  Concat: {
    shape: (shapes) => [
      [shapes.reduce((sum, shape) => sum + shape[0]!, 0), ...shapes[0]!.slice(1)],
    ],
    gradient: ({ g, inputs, dy }) => {
      let end = 0
      return inputs.map(({ shape: [size] }) => {
        end += size!
        return g.op('Slice', [dy], { start: end - size!, end })
      })
    },
  },
  /** Rows start … end − 1. */
  Slice: {
    isCheap: true,
    shape: ([x], { start, end }) => {
      if (!(Number(start) >= 0 && Number(end) > Number(start) && Number(end) <= x![0]!))
        throw new FedError('E_SHAPE', `Slice of [${x}] from ${start} to ${end}`)
      return [[Number(end) - Number(start), ...x!.slice(1)]]
    },
    constants: ({ start, end }) => [[Number(start)], [Number(end)], [0]],
    gradient: ({ g, inputs: [x], attributes: { start, end }, dy }) => [
      g.op('Pad', [dy], { before: start!, after: x!.shape[0]! - Number(end) }),
    ],
  },
  /** [n, …] -> [1, …]. */
  LastRow: {
    shape: ([x]) => [[1, ...x!.slice(1)]],
    lower: ({ inputs: [x], outputs: [y] }) => [
      { op: 'Slice', inputs: [x!.name, [-1], [INT_MAX], [0]], outputs: [y!.name] },
    ],
    gradient: 'none',
  },
  /** Rows of zeros before and after. */
  Pad: {
    shape: ([x], { before, after }) => [[Number(before) + x![0]! + Number(after), ...x!.slice(1)]],
    constants: ({ before, after }, [x]) => {
      const none = x!.shape.slice(1).map(() => 0)
      return [[Number(before), ...none, Number(after), ...none]]
    },
    gradient: ({ g, inputs: [x], attributes: { before }, dy }) => [
      g.op('Slice', [dy], { start: before!, end: Number(before) + x!.shape[0]! }),
    ],
  },

  /** Rows of a frozen table.  table: [n, d], indices: [T] -> [T, d]. */
  Gather: {
    shape: ([table, indices]) => [[...indices!, ...table!.slice(1)]],
    gradient: 'none',
  },
}

const one = (g: Graph): Tensor => g.constant([1], [1])

/** Weights that are multiplied in blocks of so many share a scale. */
export const QUANTIZED_BLOCK = 32

/** dx = y ∘ (dy − Σ dy∘y), over the last axis. */
const softmaxGradient = (g: Graph, y: Tensor, dy: Tensor): Tensor => {
  const inner = g.op('ReduceSum', [g.op('Mul', [dy, y])], { axes: [y.shape.length - 1] })
  return g.op('Mul', [y, g.op('Sub', [dy, inner])])
}

/** Gradients of a product by both sides. The one by a frozen b reads b as it lies. */
const productGradients = (
  g: Graph,
  op: 'MatMul' | 'Gemm',
  a: Tensor,
  b: Tensor,
  { transA = 0, transB = 0, ...rest }: Attributes,
  dy: Tensor,
): Tensor[] => {
  const multiply = (x: Tensor, y: Tensor, tx: Attribute, ty: Attribute) =>
    g.op(op, [x, y], { ...rest, transA: tx, transB: ty })
  return [
    transA ? multiply(b, dy, transB, 1) : multiply(dy, b, 0, transB ? 0 : 1),
    transB ? multiply(dy, a, 1, transA) : multiply(a, dy, transA ? 0 : 1, 0),
  ]
}
