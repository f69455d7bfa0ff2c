/** The op table: one row per operator with its shape rule and its gradient rule.
 *  Rules may ignore broadcasting: the reverse walk sums each gradient to its input's shape. */
import { FedError } from '../../../adapters/errors.ts'
import type { Attributes, Graph, Shape, Tensor } from './graph.ts'

export type OpName =
  | 'Add'
  | 'Sub'
  | 'Mul'
  | 'Neg'
  | 'Sigmoid'
  | 'SwiGlu'
  | 'Softplus'
  | 'Softmax'
  | 'RmsNorm'
  | 'RotaryEmbedding'
  | 'ReduceSum'
  | 'ReduceMean'
  | 'LogSumExp'
  | 'MatMul'
  | 'Gemm'
  | 'Transpose'
  | 'Reshape'
  | 'Expand'
  | 'Concat'
  | 'Gather'

export type GradientContext = {
  readonly g: Graph
  readonly inputs: readonly Tensor[]
  readonly outputs: readonly Tensor[]
  readonly attributes: Attributes
  /** Gradient of the loss by the first output, of its shape. */
  readonly dy: Tensor
}

/** One gradient per input; undefined where the input has none (indices, masks, tables). */
export type GradientRule = (context: GradientContext) => readonly (Tensor | undefined)[]

export type LoweredNode = {
  readonly op: string
  readonly domain?: string
  readonly attributes?: Attributes
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly reduceAxis?: number
}

export type OpRow = {
  /** Operator name and domain when they differ from the row's name and ONNX. */
  readonly onnx?: string
  readonly domain?: string
  readonly shape: (inputs: readonly Shape[], attributes: Attributes) => readonly Shape[]
  readonly gradient: GradientRule | 'none'
  /** Several ONNX nodes in place of one; reduceAxis becomes an int64 input. */
  readonly lower?: (inputs: readonly string[], outputs: readonly string[]) => readonly LoweredNode[]
  /** Attributes that ONNX wants as int64 inputs; they follow the others. */
  readonly constants?: (attributes: Attributes, inputs: readonly Tensor[]) => readonly number[][]
}

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
    lower: ([a, b], [y]) => [
      {
        op: 'QuickGelu',
        domain: 'com.microsoft',
        inputs: [a!],
        outputs: [`${y}.silu`],
        attributes: { alpha: { float: 1 } },
      },
      { op: 'Mul', inputs: [`${y}.silu`, b!], outputs: [y!] },
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
  /** Along the last axis; dx = y ∘ (dy − Σ dy∘y). */
  Softmax: {
    shape: same,
    gradient: ({ g, outputs: [y], dy }) => {
      const inner = g.op('ReduceSum', [g.op('Mul', [dy, y!])], { axes: [y!.shape.length - 1] })
      return [g.op('Mul', [y!, g.op('Sub', [dy, inner])])]
    },
  },
  /** y = x / √(mean x² + ε) ∘ w over the last axis (Zhang and Sennrich 2019); second output: 1 / √(…), [..., 1]. */
  RmsNorm: {
    onnx: 'SimplifiedLayerNormalization',
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
  /** y = log Σ eˣ over the last axis; second output: p = softmax(x), its gradient.  y = max x − log max p, since ONNX's
   *  own ReduceLogSumExp adds tens of thousands of terms one by one in float32. */
  LogSumExp: {
    shape: ([x]) => [reducedShape(x!, [x!.length - 1]), x!],
    lower: ([x], [y, p]) => [
      { op: 'Softmax', inputs: [x!], outputs: [p!] },
      { op: 'ReduceMax', inputs: [x!], reduceAxis: -1, outputs: [`${y}.x`] },
      { op: 'ReduceMax', inputs: [p!], reduceAxis: -1, outputs: [`${y}.p`] },
      { op: 'Log', inputs: [`${y}.p`], outputs: [`${y}.log`] },
      { op: 'Sub', inputs: [`${y}.x`, `${y}.log`], outputs: [y!] },
    ],
    gradient: ({ g, outputs: [, p], dy }) => [g.op('Mul', [p!, dy])],
  },

  /** Over the last two axes; batch axes broadcast. */
  MatMul: {
    shape: ([a, b]) => [matMulShape(a!, b!)],
    gradient: ({ g, inputs: [a, b], dy }) => [
      g.op('MatMul', [dy, swapLast(g, b!)]),
      g.op('MatMul', [swapLast(g, a!), dy]),
    ],
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
    gradient: ({ g, inputs: [a, b], attributes: { transA = 0, transB = 0 }, dy }) => {
      const gemm = (x: Tensor, y: Tensor, tx: number, ty: number) =>
        g.op('Gemm', [x, y], { transA: tx, transB: ty })
      const da = transA ? gemm(b!, dy, Number(transB), 1) : gemm(dy, b!, 0, transB ? 0 : 1)
      const db = transB ? gemm(dy, a!, 1, Number(transA)) : gemm(a!, dy, transA ? 0 : 1, 0)
      return [da, db, dy]
    },
  },

  Transpose: {
    shape: ([x], attributes) => [ints(attributes, 'perm').map((axis) => x![axis]!)],
    gradient: ({ g, attributes, dy }) => {
      const perm = ints(attributes, 'perm')
      return [g.op('Transpose', [dy], { perm: perm.map((_, axis) => perm.indexOf(axis)) })]
    },
  },
  Reshape: {
    shape: ([x], attributes) => {
      const shape = ints(attributes, 'shape')
      if (product(shape) !== product(x!))
        throw new FedError('E_SHAPE', `Reshape of [${x}] needs as many numbers, got [${shape}]`)
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
  /** Along the first axis; only decoding uses it. */
  Concat: {
    shape: (shapes) => [
      [shapes.reduce((sum, shape) => sum + shape[0]!, 0), ...shapes[0]!.slice(1)],
    ],
    gradient: 'none',
  },

  /** Rows of a frozen table.  table: [n, d], indices: [T] -> [T, d]. */
  Gather: {
    shape: ([table, indices]) => [[...indices!, ...table!.slice(1)]],
    gradient: 'none',
  },
}

const one = (g: Graph): Tensor => g.constant([1], [1])

const swapLast = (g: Graph, x: Tensor): Tensor => {
  const axes = x.shape.map((_, axis) => axis)
  const n = axes.length
  return g.op('Transpose', [x], { perm: [...axes.slice(0, n - 2), n - 1, n - 2] })
}

/** Right-aligned, sizes equal or 1. Fails with E_SHAPE. */
const broadcastShape = (a: Shape, b: Shape): Shape => {
  const rank = Math.max(a.length, b.length)
  return Array.from({ length: rank }, (_, i) => {
    const x = a[i - rank + a.length] ?? 1
    const y = b[i - rank + b.length] ?? 1
    if (x !== y && x !== 1 && y !== 1)
      throw new FedError('E_SHAPE', `shapes must broadcast, got [${a}] and [${b}]`)
    return Math.max(x, y)
  })
}

const matMulShape = (a: Shape, b: Shape): Shape => {
  const [m, k] = a.slice(-2)
  const [inner, n] = b.slice(-2)
  if (a.length < 2 || b.length < 2 || k !== inner)
    throw new FedError('E_SHAPE', `MatMul needs equal inner sizes, got [${a}] and [${b}]`)
  return [...broadcastShape(a.slice(0, -2), b.slice(0, -2)), m!, n!]
}

const reducedShape = (x: Shape, axes: readonly number[]): Shape =>
  x.map((size, axis) => (axes.includes(axis) ? 1 : size))

const ints = (attributes: Attributes, name: string): readonly number[] => {
  const value = attributes[name]
  if (!Array.isArray(value)) throw new TypeError(`attribute ${name} must be a list of integers`)
  return value
}

const product = (shape: Shape): number => shape.reduce((a, b) => a * b, 1)
