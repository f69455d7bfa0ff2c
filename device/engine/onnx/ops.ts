/** The op table: one row per operator with its shape rule and its gradient rule.
 *  Rules may ignore broadcasting: the reverse walk sums each gradient to its input's shape. */
import { FedError } from '../../../adapters/errors.ts'
import type { Attributes, Graph, Shape, Tensor } from './graph.ts'
import type { Attribute } from './proto.ts'

export type OpName =
  | 'Add'
  | 'Sub'
  | 'Mul'
  | 'Neg'
  | 'Sigmoid'
  | 'SwiGlu'
  | 'Softplus'
  | 'Softmax'
  | 'AttentionWeights'
  | 'RmsNorm'
  | 'RotaryEmbedding'
  | 'ReduceSum'
  | 'ReduceMean'
  | 'HeadLogSumExp'
  | 'MatMul'
  | 'Gemm'
  | 'Transpose'
  | 'Reshape'
  | 'Expand'
  | 'Concat'
  | 'Slice'
  | 'Pad'
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

/** One node on its way to ONNX: names and shapes of what it reads and makes. */
export type Lowering = {
  readonly inputs: readonly { readonly name: string; readonly shape: Shape }[]
  readonly outputs: readonly {
    readonly name: string
    readonly shape: Shape
    readonly isRead: boolean
  }[]
  readonly attributes: Attributes
}

/** integers: int64 lists that follow the inputs. */
export type LoweredNode = {
  readonly op: string
  readonly domain?: string
  readonly attributes?: Attributes
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly integers?: readonly (readonly number[])[]
}

export type OpRow = {
  /** Operator name and domain when they differ from the row's name and ONNX. */
  readonly onnx?: string
  readonly domain?: string
  readonly shape: (inputs: readonly Shape[], attributes: Attributes) => readonly Shape[]
  readonly gradient: GradientRule | 'none'
  /** Cheap to compute: the reverse walk computes it again from what is kept, in place of keeping it (Chen et al. 2016). */
  readonly isCheap?: true
  /** Several ONNX nodes in place of one. */
  readonly lower?: (node: Lowering) => readonly LoweredNode[]
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
  /** y = softmax(scale·q·k + mask): the weights of `heads` query heads, those of one KV head being rows of one product.
   *  q: [kvHeads, (heads / kvHeads)·T, d], k: [kvHeads, d, n], mask: [T, n] -> [kvHeads, (heads / kvHeads)·T, n]. */
  AttentionWeights: {
    isCheap: true,
    shape: ([q, k, mask], { heads }) => {
      const rows = (Number(heads) / q![0]!) * mask![0]!
      if (q![1] !== rows || k![0] !== q![0] || mask![1] !== k![2])
        throw new FedError('E_SHAPE', `attention: [${q}], [${k}] and mask [${mask}] do not fit`)
      return [matMulShape(q!, k!)]
    },
    lower: ({ inputs: [q, k, mask], outputs: [y], attributes: { heads, scale } }) => {
      const [name, out] = [y!.name, y!.shape]
      const square = [Number(heads), ...mask!.shape]
      return [
        {
          op: 'FusedMatMul',
          domain: 'com.microsoft',
          inputs: [q!.name, k!.name],
          outputs: [`${name}.qk`],
          attributes: { alpha: scale! },
        },
        { op: 'Reshape', inputs: [`${name}.qk`], integers: [square], outputs: [`${name}.scores`] },
        { op: 'Add', inputs: [`${name}.scores`, mask!.name], outputs: [`${name}.masked`] },
        { op: 'Softmax', inputs: [`${name}.masked`], outputs: [`${name}.weights`] },
        { op: 'Reshape', inputs: [`${name}.weights`], integers: [out], outputs: [name] },
      ]
    },
    gradient: ({ g, inputs: [q, k], outputs: [y], attributes: { scale }, dy }) => {
      const dScores = softmaxGradient(g, y!, dy)
      return [
        g.op('MatMul', [dScores, k!], { transB: 1, alpha: scale! }),
        g.op('MatMul', [q!, dScores], { transA: 1, alpha: scale! }),
        undefined,
      ]
    },
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
    lower: ({ inputs: [x, table], outputs: [y, mean] }) => {
      const part = (name: string) => `${y!.name}.${name}`
      const top = mean!.isRead ? part('top') : part('p.max')
      const both: LoweredNode[] = [
        { op: 'Gemm', inputs: [part('p'), table!.name], outputs: [part('mean')] },
        {
          op: 'Concat',
          attributes: { axis: 1 },
          inputs: [part('mean'), part('p.max')],
          outputs: [part('both')],
        },
        {
          op: 'Split',
          attributes: { axis: 1 },
          inputs: [part('both')],
          integers: [[x!.shape[1]!, 1]],
          outputs: [mean!.name, top],
        },
      ]
      return [
        {
          op: 'Gemm',
          attributes: { transB: 1 },
          inputs: [x!.name, table!.name],
          outputs: [part('logits')],
        },
        { op: 'Softmax', inputs: [part('logits')], outputs: [part('p')] },
        {
          op: 'ReduceMax',
          inputs: [part('logits')],
          integers: [[-1]],
          outputs: [part('logits.max')],
        },
        { op: 'ReduceMax', inputs: [part('p')], integers: [[-1]], outputs: [part('p.max')] },
        ...(mean!.isRead ? both : []),
        { op: 'Log', inputs: [top], outputs: [part('log')] },
        { op: 'Sub', inputs: [part('logits.max'), part('log')], outputs: [y!.name] },
      ]
    },
    gradient: ({ g, outputs: [, mean], dy }) => [g.op('Mul', [mean!, dy]), undefined],
  },

  /** alpha·a'·b' over the last two axes, where ' swaps them if transA, transB; batch axes broadcast. */
  MatMul: {
    onnx: 'FusedMatMul',
    domain: 'com.microsoft',
    shape: ([a, b], { transA, transB }) => [
      matMulShape(transA ? swapped(a!) : a!, transB ? swapped(b!) : b!),
    ],
    gradient: ({ g, inputs: [a, b], attributes, dy }) =>
      productGradients(g, 'MatMul', a!, b!, attributes, dy),
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

  Transpose: {
    isCheap: true,
    shape: ([x], attributes) => [ints(attributes, 'perm').map((axis) => x![axis]!)],
    gradient: ({ g, attributes, dy }) => {
      const perm = ints(attributes, 'perm')
      return [g.op('Transpose', [dy], { perm: perm.map((_, axis) => perm.indexOf(axis)) })]
    },
  },
  Reshape: {
    isCheap: true,
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
  const times = (x: Tensor, y: Tensor, tx: Attribute, ty: Attribute) =>
    g.op(op, [x, y], { ...rest, transA: tx, transB: ty })
  return [
    transA ? times(b, dy, transB, 1) : times(dy, b, 0, transB ? 0 : 1),
    transB ? times(dy, a, 1, transA) : times(a, dy, transA ? 0 : 1, 0),
  ]
}

const swapped = (shape: Shape): Shape => [...shape.slice(0, -2), ...shape.slice(-2).reverse()]

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
