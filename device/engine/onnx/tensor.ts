/** What a graph is made of: tensors, the nodes that make them, and what an operator is. */
import type { Attribute, ElementType, TensorProto } from './proto.ts'

export type Shape = readonly number[]
export type Attributes = Readonly<Record<string, Attribute>>

export type Tensor = {
  readonly name: string
  readonly shape: Shape
  readonly type: ElementType
  /** Makes further tensors of the same graph. */
  readonly graph: Nodes
  readonly source: Source
  /** Names of an input's sizes that are open at run time, by axis; `shape` has examples. */
  readonly open?: OpenSizes
}

export type OpenSizes = Readonly<Record<number, string>>

/** Where a tensor comes from; only 'node' tensors have inputs of their own. */
type Source =
  | { readonly kind: 'input' }
  | { readonly kind: 'initializer'; readonly proto: TensorProto }
  | { readonly kind: 'node'; readonly node: GraphNode }

export type GraphNode = {
  readonly op: Operator
  readonly inputs: readonly Tensor[]
  readonly outputs: readonly Tensor[]
  readonly attributes: Attributes
  /** Position in the order of making, which is a topological order. */
  readonly index: number
}

export type Nodes = {
  /** Values stored inside the model. */
  constant(values: readonly number[], shape: Shape, type?: ElementType): Tensor
  /** First output of a node. Fails with E_SHAPE when the shapes do not fit. */
  apply(op: Operator, inputs: readonly Tensor[], attributes?: Attributes): Tensor
}

/** A row of the op table under its name. */
export type Operator = OpRow & { readonly name: string; readonly inputs: number }

type Tuple<T, N extends number, Made extends readonly T[] = []> = Made['length'] extends N
  ? Made
  : Tuple<T, N, readonly [...Made, T]>
type AtLeast<T, N extends number> = readonly [...Tuple<T, N>, ...T[]]

/** An operator that reads at least In tensors and makes Out. */
export type OpRow<In extends number = number, Out extends number = number> = {
  /** Operator name and domain when they differ from the row's name and ONNX. */
  readonly onnx?: string
  readonly domain?: string
  shape(inputs: AtLeast<Shape, In>, attributes: Attributes): readonly Shape[]
  /** One gradient per input; undefined where there is no rule for that input.
   *  'none': no rule at all. A gradient path that would need a missing rule is refused. */
  readonly gradient: GradientRule<In, Out> | 'none'
  /** Cheap: the reverse walk computes it again instead of keeping it (Chen et al. 2016). */
  readonly isCheap?: true
  /** The result may lie where an input of the same size lay that is not read again. */
  readonly isInPlace?: true
  /** Numbers that it holds only while it runs, beside what it reads and makes. */
  scratch?(inputs: AtLeast<Shape, In>, attributes: Attributes): number
  /** The runtime may keep a private, faster copy of the weights. */
  readonly packsWeights?: true
  /** Several ONNX nodes in place of one. */
  lower?(node: Lowering<In, Out>): readonly LoweredNode[]
  /** Attributes that ONNX wants as int64 inputs; they follow the others. */
  constants?(attributes: Attributes, inputs: AtLeast<Tensor, In>): readonly number[][]
}

type GradientRule<In extends number, Out extends number> = {
  rule(context: GradientContext<In, Out>): readonly (Tensor | undefined)[]
}['rule']

type GradientContext<In extends number, Out extends number> = {
  readonly inputs: AtLeast<Tensor, In>
  readonly outputs: AtLeast<Tensor, Out>
  readonly attributes: Attributes
  /** Gradient of the loss by the first output, of its shape. */
  readonly dy: Tensor
}

/** One node on its way to ONNX: names and shapes of what it reads and makes. */
export type Lowering<In extends number = number, Out extends number = number> = {
  readonly inputs: AtLeast<{ readonly name: string; readonly shape: Shape }, In>
  readonly outputs: AtLeast<LoweredOutput, Out>
  readonly attributes: Attributes
}

type LoweredOutput = {
  readonly name: string
  readonly shape: Shape
  readonly isRead: boolean
}

/** inputs: names, or int64 lists. */
export type LoweredNode = {
  readonly op: string
  readonly domain?: string
  readonly attributes?: Attributes
  readonly inputs: readonly (string | readonly number[])[]
  readonly outputs: readonly string[]
}

/** Nodes that the tensors depend on, in topological order. */
export const nodesBehind = (tensors: readonly Tensor[]): GraphNode[] => {
  const seen = new Set<GraphNode>()
  const waiting = [...tensors]
  for (let tensor = waiting.pop(); tensor; tensor = waiting.pop()) {
    if (tensor.source.kind !== 'node' || seen.has(tensor.source.node)) continue
    seen.add(tensor.source.node)
    waiting.push(...tensor.source.node.inputs)
  }
  return [...seen].sort((a, b) => a.index - b.index)
}
