/** The op table: one row per operator with its shape rule and its gradient rule.
 *  Rules may ignore broadcasting: the reverse walk sums each gradient to its input's shape. */
import { FedError } from '../../../adapters/errors.ts'
import {
  INT_MAX,
  lowerAttentionWeights,
  lowerCachedAttention,
  lowered,
  loweredOwn,
  lowerHead,
} from './fused.ts'
import {
  batchFirst,
  broadcastShape,
  ints,
  matMulShape,
  numberOf,
  product,
  reducedShape,
  swapped,
} from './shapes.ts'
import type { Attributes, Operator, OpRow, Shape, Tensor } from './tensor.ts'

/** A row that reads at least `inputs` tensors; with two outputs, `op<n, 2>(n, …)`. */
const op = <In extends number, Out extends number = 1>(
  inputs: In,
  row: OpRow<In, Out>,
): Omit<Operator, 'name'> => ({ ...(row as unknown as OpRow), inputs })

const table = <Name extends string>(
  rows: Readonly<Record<Name, Omit<Operator, 'name'>>>,
): Readonly<Record<Name, Operator>> =>
  Object.fromEntries(
    Object.entries<Omit<Operator, 'name'>>(rows).map(([name, row]) => [name, { ...row, name }]),
  ) as Record<Name, Operator>

const same = ([x]: readonly [Shape, ...Shape[]]): Shape[] => [x]
const broadcast = ([a, b]: readonly [Shape, Shape, ...Shape[]]): Shape[] => [broadcastShape(a, b)]
const reduction: Pick<OpRow<1, 1>, 'shape' | 'constants'> = {
  shape: ([x], attributes) => [reducedShape(x, ints(attributes, 'axes'))],
  constants: (attributes) => [[...ints(attributes, 'axes')]],
}

export const OPS = table({
  Add: op(2, { isInPlace: true, shape: broadcast, gradient: ({ dy }) => [dy, dy] }),
  Sub: op(2, { isInPlace: true, shape: broadcast, gradient: ({ dy }) => [dy, neg(dy)] }),
  Mul: op(2, {
    isInPlace: true,
    shape: broadcast,
    gradient: ({ inputs: [a, b], dy }) => [mul(dy, b), mul(dy, a)],
  }),
  Neg: op(1, { isInPlace: true, shape: same, gradient: ({ dy }) => [neg(dy)] }),

  /** d/dx σ(x) = σ(x)·(1 − σ(x)). */
  Sigmoid: op(1, {
    isInPlace: true,
    shape: same,
    gradient: ({ outputs: [y], dy }) => [mul(mul(dy, y), oneMinus(y))],
  }),
  /** y = a·σ(a) ∘ b (Shazeer 2020). The gradient computes a·σ(a) again: cheaper than keeping it. */
  SwiGlu: op(2, {
    isInPlace: true,
    shape: broadcast,
    isCheap: true,
    lower: ({ inputs: [a, b], outputs: [y] }) => [
      loweredOwn('QuickGelu', [a.name], `${y.name}.silu`, { alpha: 1 }),
      lowered('Mul', [`${y.name}.silu`, b.name], y.name),
    ],
    gradient: ({ inputs: [a, b], dy }) => {
      const s = sigmoid(a)
      const silu = mul(a, s)
      const slope = add(s, mul(silu, oneMinus(s)))
      return [mul(mul(dy, b), slope), mul(dy, silu)]
    },
  }),
  /** y = log(1 + eˣ). */
  Softplus: op(1, {
    isInPlace: true,
    shape: same,
    gradient: ({ inputs: [x], dy }) => [mul(dy, sigmoid(x))],
  }),
  /** Along the last axis. */
  Softmax: op(1, {
    isInPlace: true,
    shape: same,
    gradient: ({ outputs: [y], dy }) => [softmaxGradient(y, dy)],
  }),
  /** y = softmax(scale·q·kᵀ + mask): the weights of `heads` query heads, those of one KV head being
   *  rows of one product.  q: [kvHeads, (heads / kvHeads)·T, d], k: [n, kvHeads, d], mask: [T, n]
   *  -> [kvHeads, (heads / kvHeads)·T, n].  There is no rule for the mask. */
  AttentionWeights: op(3, {
    isCheap: true,
    shape: ([q, k, mask], attributes) => {
      const heads = numberOf(attributes, 'heads')
      if (q[1] !== (heads / q[0]!) * mask[0]! || mask[1] !== k[0])
        throw new FedError('E_SHAPE', `attention: [${q}], [${k}] and mask [${mask}] do not fit`)
      return [matMulShape(q, swapped(batchFirst(k)))]
    },
    scratch: ([, , mask], attributes) => numberOf(attributes, 'heads') * product(mask),
    lower: lowerAttentionWeights,
    gradient: ({ inputs: [q, k], outputs: [y], attributes, dy }) => {
      const alpha = numberOf(attributes, 'scale')
      const dScores = softmaxGradient(y, dy)
      const byHead = matMul(dScores, q, { transA: 1, alpha })
      return [
        matMul(dScores, k, { transBatchB: 1, alpha }),
        transpose(byHead, [1, 0, 2]),
        undefined,
      ]
    },
  }),
  /** The same weights over cached tokens and new ones, applied to their values; nothing cached is
   *  copied.  q: [kvHeads, (heads / kvHeads)·T, d]; k, v: [T, kvHeads, d]; cached k, v:
   *  [C, kvHeads, d]; mask: [T, C + T]; C as int64 [1] -> [kvHeads, (heads / kvHeads)·T, d]. */
  CachedAttention: op(7, {
    shape: ([q, k, , cachedK, , mask]) => {
      if (mask[1] !== cachedK[0]! + k[0]!)
        throw new FedError(
          'E_SHAPE',
          `cached attention: [${cachedK}] and mask [${mask}] do not fit`,
        )
      return [q]
    },
    lower: lowerCachedAttention,
    gradient: 'none',
  }),
  /** y = x / √(mean x² + ε) ∘ w over the last axis (Zhang and Sennrich 2019); second output:
   *  1 / √(…), [..., 1]. */
  RmsNorm: op<2, 2>(2, {
    onnx: 'SimplifiedLayerNormalization',
    isCheap: true,
    shape: ([x]) => [x, [...x.slice(0, -1), 1]],
    gradient: ({ inputs: [x, w], outputs: [, inverse], dy }) => {
      const unit = mul(x, inverse)
      const dUnit = mul(dy, w)
      const along = mean(mul(dUnit, unit), [x.shape.length - 1])
      return [mul(sub(dUnit, mul(unit, along)), inverse), mul(dy, unit)]
    },
  }),
  /** Rotates the halves of each head (Su et al. 2021).  x: [1, T, heads·d]; cos, sin:
   *  [1, T, d / 2].
   *  There is no rule for cos and sin. */
  RotaryEmbedding: op(3, {
    shape: same,
    isCheap: true,
    gradient: ({ inputs: [, cos, sin], attributes, dy }) => [
      rotate(dy, cos, neg(sin), attributes),
      undefined,
      undefined,
    ],
  }),

  /** Sums over `axes` (all of them counted from the front) are kept as size 1. */
  ReduceSum: op(1, {
    ...reduction,
    gradient: ({ inputs: [x], dy }) => [expand(dy, x.shape)],
  }),
  ReduceMean: op(1, {
    ...reduction,
    gradient: ({ inputs: [x], attributes, dy }) => {
      const count = ints(attributes, 'axes').reduce((n, axis) => n * x.shape[axis]!, 1)
      return [expand(mul(dy, dy.graph.constant([1 / count], [1])), x.shape)]
    },
  }),
  /** y = log Σⱼ exp(x·tableⱼ) of each row, and, where it is read, its gradient by x: the mean table
   *  row under the softmax.  x: [K, d], table: [n, d], frozen -> [K, 1] and [K, d].
   *  Nothing of size [K, n] outlives the node: the mean is computed at once, and y is read out of
   *  one tensor with it, so that it cannot be put off.
   *  y = max − log max p, since ONNX's own ReduceLogSumExp adds tens of thousands of terms one by
   *  one in float32.  There is no rule for the table. */
  HeadLogSumExp: op<2, 2>(2, {
    shape: ([x]) => [[x[0]!, 1], x],
    scratch: ([x, head]) => 2 * x[0]! * head[0]!,
    lower: lowerHead,
    gradient: ({ outputs: [, row], dy }) => [mul(row, dy), undefined],
  }),

  /** alpha·a'·b' over the last two axes, where ' swaps them if transA, transB; batch axes
   *  broadcast.
   *  transBatchB: b lies as [n, batch, d] and counts as [batch, n, d]. */
  MatMul: op(2, {
    onnx: 'FusedMatMul',
    domain: 'com.microsoft',
    shape: ([a, b], { transA, transB, transBatchB }) => {
      const right = transBatchB ? batchFirst(b) : b
      return [matMulShape(transA ? swapped(a) : a, transB ? swapped(right) : right)]
    },
    gradient: ({ inputs: [a, b], attributes: { transBatchB = 0, ...attributes }, dy }) => {
      if (!transBatchB) return productGradients(matMul, a, b, attributes, dy)
      const { transA = 0, transB = 0, ...rest } = attributes
      if (transA || transB)
        throw new FedError('E_SHAPE', 'no gradient of a swapped product with transBatchB')
      const db = matMul(a, dy, { ...rest, transA: 1 })
      return [matMul(dy, b, { ...rest, transB: 1, transBatchB }), transpose(db, [1, 0, 2])]
    },
  }),
  /** a'·b' + c, where ' transposes if transA, transB; c broadcasts.  The gradient by a frozen b
   *  reads b as it lies. */
  Gemm: op(2, {
    shape: ([a, b], { transA, transB }) => {
      const [m, k] = transA ? [a[1]!, a[0]!] : [a[0]!, a[1]!]
      const [inner, n] = transB ? [b[1]!, b[0]!] : [b[0]!, b[1]!]
      if (a.length !== 2 || b.length !== 2 || k !== inner)
        throw new FedError('E_SHAPE', `Gemm needs equal inner sizes, got [${a}] and [${b}]`)
      return [[m, n]]
    },
    gradient: ({ inputs: [a, b], attributes, dy }) => [
      ...productGradients(gemm, a, b, attributes, dy),
      dy,
    ],
  }),

  /** Sums over each 32 columns.  x: [T, K] -> [T, K / 32]. */
  BlockSums: op(1, {
    shape: ([x]) => [[x[0]!, x[1]! / QUANTIZED_BLOCK]],
    lower: ({ inputs: [x], outputs: [y] }) => [
      lowered(
        'Reshape',
        [x.name, [-1, x.shape[1]! / QUANTIZED_BLOCK, QUANTIZED_BLOCK]],
        `${y.name}.blocks`,
      ),
      lowered('ReduceSum', [`${y.name}.blocks`, [2]], y.name, { keepdims: 0 }),
    ],
    gradient: 'none',
  }),
  /** x·Wᵀ with W [n, K] in blocks of 32 along K: w = scale·(code − 8) with 4 bits,
   *  scale·(code − 128) with 8.  x is rounded to 8 bits in the same blocks, which lets products be
   *  sums of integers.  codes: [n, K / 32, 4·bits] bytes, scales: [n·K / 32]. */
  QuantizedGemm: op(3, {
    shape: ([x, codes]) => [[x[0]!, codes[0]!]],
    packsWeights: true,
    lower: ({ inputs: [x, codes, scales], outputs: [y], attributes }) => [
      loweredOwn('MatMulNBits', [x.name, codes.name, scales.name], y.name, {
        K: x.shape[1]!,
        N: codes.shape[0]!,
        bits: numberOf(attributes, 'bits'),
        block_size: QUANTIZED_BLOCK,
        accuracy_level: 4,
      }),
    ],
    gradient: 'none',
  }),

  Transpose: op(1, {
    isCheap: true,
    shape: ([x], attributes) => [ints(attributes, 'perm').map((axis) => x[axis]!)],
    gradient: ({ attributes, dy }) => {
      const perm = ints(attributes, 'perm')
      return [
        transpose(
          dy,
          perm.map((_, axis) => perm.indexOf(axis)),
        ),
      ]
    },
  }),
  /** One size may be −1: what is left over. */
  Reshape: op(1, {
    isCheap: true,
    shape: ([x], attributes) => {
      const wanted = ints(attributes, 'shape')
      const rest = product(wanted.filter((size) => size !== -1))
      const shape = wanted.map((size) => (size === -1 ? product(x) / rest : size))
      if (product(shape) !== product(x) || !shape.every(Number.isInteger))
        throw new FedError('E_SHAPE', `Reshape of [${x}] needs as many numbers, got [${wanted}]`)
      return [shape]
    },
    constants: (attributes) => [[...ints(attributes, 'shape')]],
    gradient: ({ inputs: [x], dy }) => [reshape(dy, x.shape)],
  }),
  Expand: op(1, {
    shape: ([x], attributes) => [broadcastShape(x, ints(attributes, 'shape'))],
    constants: (attributes) => [[...ints(attributes, 'shape')]],
    gradient: ({ dy }) => [dy],
  }),
  /** Concat, Slice and Pad work on the first axis. */
  Concat: op(1, {
    shape: (shapes) => [[shapes.reduce((sum, shape) => sum + shape[0]!, 0), ...shapes[0].slice(1)]],
    gradient: ({ inputs, dy }) => {
      let end = 0
      return inputs.map(({ shape: [size] }) => {
        end += size!
        return slice(dy, end - size!, end)
      })
    },
  }),
  /** Rows start … end − 1. */
  Slice: op(1, {
    isCheap: true,
    shape: ([x], attributes) => {
      const [start, end] = [numberOf(attributes, 'start'), numberOf(attributes, 'end')]
      if (!(start >= 0 && end > start && end <= x[0]!))
        throw new FedError('E_SHAPE', `Slice of [${x}] from ${start} to ${end}`)
      return [[end - start, ...x.slice(1)]]
    },
    constants: (attributes) => [
      [numberOf(attributes, 'start')],
      [numberOf(attributes, 'end')],
      [0],
    ],
    gradient: ({ inputs: [x], attributes, dy }) => {
      const after = x.shape[0]! - numberOf(attributes, 'end')
      return [pad(dy, numberOf(attributes, 'start'), after)]
    },
  }),
  /** [n, …] -> [1, …]. */
  LastRow: op(1, {
    shape: ([x]) => [[1, ...x.slice(1)]],
    lower: ({ inputs: [x], outputs: [y] }) => [
      lowered('Slice', [x.name, [-1], [INT_MAX], [0]], y.name),
    ],
    gradient: 'none',
  }),
  /** Rows of zeros before and after. */
  Pad: op(1, {
    shape: ([x], attributes) => {
      const added = numberOf(attributes, 'before') + numberOf(attributes, 'after')
      return [[added + x[0]!, ...x.slice(1)]]
    },
    constants: (attributes, [x]) => {
      const none = x.shape.slice(1).map(() => 0)
      return [[numberOf(attributes, 'before'), ...none, numberOf(attributes, 'after'), ...none]]
    },
    gradient: ({ inputs: [x], attributes, dy }) => {
      const before = numberOf(attributes, 'before')
      return [slice(dy, before, before + x.shape[0]!)]
    },
  }),

  /** Rows of a frozen table.  table: [n, d], indices: [T] -> [T, d]. */
  Gather: op(2, {
    shape: ([rows, indices]) => [[...indices, ...rows.slice(1)]],
    gradient: 'none',
  }),
})

export type OpName = keyof typeof OPS

/** Weights that are multiplied in blocks of so many share a scale. */
export const QUANTIZED_BLOCK = 32

const make = (row: Operator, inputs: readonly [Tensor, ...Tensor[]], attributes?: Attributes) =>
  inputs[0].graph.apply(row, inputs, attributes)

export const add = (a: Tensor, b: Tensor): Tensor => make(OPS.Add, [a, b])
const sub = (a: Tensor, b: Tensor): Tensor => make(OPS.Sub, [a, b])
const mul = (a: Tensor, b: Tensor): Tensor => make(OPS.Mul, [a, b])
const neg = (x: Tensor): Tensor => make(OPS.Neg, [x])
const oneMinus = (x: Tensor): Tensor => sub(x.graph.constant([1], [1]), x)
const sigmoid = (x: Tensor): Tensor => make(OPS.Sigmoid, [x])
export const sum = (x: Tensor, axes: Shape): Tensor => make(OPS.ReduceSum, [x], { axes })
const mean = (x: Tensor, axes: Shape): Tensor => make(OPS.ReduceMean, [x], { axes })
const matMul = (a: Tensor, b: Tensor, attributes: Attributes): Tensor =>
  make(OPS.MatMul, [a, b], attributes)
const gemm = (a: Tensor, b: Tensor, attributes: Attributes): Tensor =>
  make(OPS.Gemm, [a, b], attributes)
const rotate = (x: Tensor, cos: Tensor, sin: Tensor, attributes: Attributes): Tensor =>
  make(OPS.RotaryEmbedding, [x, cos, sin], attributes)
const transpose = (x: Tensor, perm: Shape): Tensor => make(OPS.Transpose, [x], { perm })
export const reshape = (x: Tensor, shape: Shape): Tensor => make(OPS.Reshape, [x], { shape })
const expand = (x: Tensor, shape: Shape): Tensor => make(OPS.Expand, [x], { shape })
const slice = (x: Tensor, start: number, end: number): Tensor =>
  make(OPS.Slice, [x], { start, end })
const pad = (x: Tensor, before: number, after: number): Tensor =>
  make(OPS.Pad, [x], { before, after })

/** dx = y ∘ (dy − Σ dy∘y), over the last axis. */
const softmaxGradient = (y: Tensor, dy: Tensor): Tensor =>
  mul(y, sub(dy, sum(mul(dy, y), [y.shape.length - 1])))

/** Gradients of a product by both sides. The one by a frozen b reads b as it lies. */
const productGradients = (
  multiply: typeof matMul,
  a: Tensor,
  b: Tensor,
  { transA = 0, transB = 0, ...rest }: Attributes,
  dy: Tensor,
): Tensor[] => {
  const times = (x: Tensor, y: Tensor, isSwappedX: boolean, isSwappedY: boolean) =>
    multiply(x, y, { ...rest, transA: Number(isSwappedX), transB: Number(isSwappedY) })
  const [isSwappedA, isSwappedB] = [Boolean(transA), Boolean(transB)]
  return [
    isSwappedA ? times(b, dy, isSwappedB, true) : times(dy, b, false, !isSwappedB),
    isSwappedB ? times(dy, a, true, isSwappedA) : times(a, dy, !isSwappedA, false),
  ]
}
