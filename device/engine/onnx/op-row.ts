/** What a row of the op table says of an operator. */
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
  | 'AttentionWeights'
  | 'CachedAttention'
  | 'RmsNorm'
  | 'RotaryEmbedding'
  | 'ReduceSum'
  | 'ReduceMean'
  | 'HeadLogSumExp'
  | 'MatMul'
  | 'Gemm'
  | 'BlockSums'
  | 'QuantizedGemm'
  | 'Transpose'
  | 'Reshape'
  | 'Expand'
  | 'Concat'
  | 'Slice'
  | 'LastRow'
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

/** inputs: names, or int64 lists. */
export type LoweredNode = {
  readonly op: string
  readonly domain?: string
  readonly attributes?: Attributes
  readonly inputs: readonly (string | readonly number[])[]
  readonly outputs: readonly string[]
}

export type OpRow = {
  /** Operator name and domain when they differ from the row's name and ONNX. */
  readonly onnx?: string
  readonly domain?: string
  readonly shape: (inputs: readonly Shape[], attributes: Attributes) => readonly Shape[]
  readonly gradient: GradientRule | 'none'
  /** Cheap to compute: the reverse walk computes it again from what is kept, in place of keeping it (Chen et al. 2016). */
  readonly isCheap?: true
  /** Numbers that it holds only while it runs, beside what it reads and makes. */
  readonly scratch?: (inputs: readonly Shape[], attributes: Attributes) => number
  /** The runtime may keep a private, faster copy of the weights. */
  readonly packsWeights?: true
  /** Several ONNX nodes in place of one. */
  readonly lower?: (node: Lowering) => readonly LoweredNode[]
  /** Attributes that ONNX wants as int64 inputs; they follow the others. */
  readonly constants?: (attributes: Attributes, inputs: readonly Tensor[]) => readonly number[][]
}
