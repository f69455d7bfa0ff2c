/** A graph with static shapes: tensors are values, nodes come from the op table, dead nodes are left out of the bytes. */
import { FedError } from '../../../adapters/errors.ts'
import type { LoweredNode, OpName } from './op-row.ts'
import { OPS } from './ops.ts'
import { peakActivations } from './peak-memory.ts'
import {
  type Attribute,
  type ElementType,
  encodeModel,
  type NodeProto,
  type TensorProto,
} from './proto.ts'

export type Shape = readonly number[]
export type Attributes = Readonly<Record<string, Attribute>>

export type Tensor = {
  readonly name: string
  readonly shape: Shape
  readonly type: ElementType
  readonly source: Source
  /** Names of the sizes of an input that are open when the graph runs, by axis; `shape` then holds an example. */
  readonly open?: OpenSizes
}

export type OpenSizes = Readonly<Record<number, string>>

/** Where a tensor comes from; only 'node' tensors have inputs of their own. */
type Source =
  | { readonly kind: 'input' }
  | { readonly kind: 'initializer'; readonly proto: TensorProto }
  | { readonly kind: 'node'; readonly node: GraphNode }

export type GraphNode = {
  readonly op: OpName
  readonly inputs: readonly Tensor[]
  readonly outputs: readonly Tensor[]
  readonly attributes: Attributes
  /** Position in the order of making, which is a topological order. */
  readonly index: number
}

/** A byte range of a file in the folder of the weights. */
export type ExternalData = {
  readonly location: string
  readonly offset: number
  readonly bytes: number
}

export type Graph = {
  input(name: string, shape: Shape, type?: ElementType, open?: OpenSizes): Tensor
  /** A frozen weight in a file, float32 unless said otherwise; the same name twice is the same tensor. */
  weight(name: string, shape: Shape, external: ExternalData, type?: ElementType): Tensor
  /** Values stored inside the model. */
  constant(values: readonly number[], shape: Shape, type?: ElementType): Tensor
  /** First output of a node. Fails with E_SHAPE when the shapes do not fit. */
  op(name: OpName, inputs: readonly Tensor[], attributes?: Attributes): Tensor
}

/** inputs: names that the reachable part of the graph reads; outputs: tensor name by the caller's name.
 *  peakBytes: of activations, at the fullest moment of a run. */
export type OnnxGraph = {
  readonly bytes: Uint8Array
  /** Whether the runtime may keep its own copy of weights; see OpRow. */
  readonly packsWeights: boolean
  readonly inputs: readonly string[]
  readonly outputs: Readonly<Record<string, string>>
  peakBytes(): number
}

export const newGraph = (): Graph => {
  const known = new Map<string, Tensor>()
  let nodes = 0
  let constants = 0

  const remember = (key: string, make: () => Tensor): Tensor => {
    const held = known.get(key) ?? make()
    known.set(key, held)
    return held
  }
  const initializer = (proto: TensorProto): Tensor => ({
    name: proto.name,
    shape: proto.shape,
    type: proto.type,
    source: { kind: 'initializer', proto },
  })

  return {
    input: (name, shape, type = 'float', open = {}) =>
      remember(`input ${name}`, () => ({ name, shape, type, open, source: { kind: 'input' } })),
    weight: (name, shape, external, type = 'float') =>
      remember(`weight ${name}`, () => initializer({ name, shape, type, external })),
    constant: (values, shape, type = 'float') =>
      remember(`constant ${type} ${shape} ${values}`, () =>
        initializer({ name: `c${constants++}`, shape, type, raw: rawBytes(values, type) }),
      ),
    op(name, inputs, attributes = {}) {
      const row = OPS[name]
      const shapes = row.shape(
        inputs.map((t) => t.shape),
        attributes,
      )
      const node = { op: name, inputs, outputs: [] as Tensor[], attributes, index: nodes++ }
      for (const [i, shape] of shapes.entries())
        node.outputs.push({
          name: `${name}${node.index}${i ? `.${i}` : ''}`,
          shape,
          type: 'float',
          source: { kind: 'node', node },
        })
      return node.outputs[0]!
    },
  }
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

/** Model bytes that compute the named outputs and nothing else. Outputs must be made by nodes. */
export const toOnnx = (outputs: Readonly<Record<string, Tensor>>): OnnxGraph => {
  const targets = Object.values(outputs)
  for (const [name, tensor] of Object.entries(outputs))
    if (tensor.source.kind !== 'node')
      throw new FedError('E_SHAPE', `graph output ${name} is not made by a node`)
  const nodes = nodesBehind(targets)
  const leaves = new Set(nodes.flatMap((n) => n.inputs).filter((t) => t.source.kind !== 'node'))
  const initializers: TensorProto[] = []
  const inputs: Tensor[] = []
  for (const leaf of leaves)
    if (leaf.source.kind === 'initializer') initializers.push(leaf.source.proto)
    else inputs.push(leaf)

  const integers = (name: string, values: readonly number[]) => {
    const raw = rawBytes(values, 'int64')
    initializers.push({ name, shape: [values.length], type: 'int64', raw })
    return name
  }
  const read = new Set([...targets, ...nodes.flatMap((node) => node.inputs)])
  const ordered = leavesLast(nodes)
  const lowered = ordered.flatMap((node) => lowerNode(node, read, integers))
  const unique = [...new Map(targets.map((t) => [t.name, t])).values()]
  return {
    bytes: encodeModel({
      nodes: lowered,
      initializers,
      inputs: inputs.map((t) => ({
        ...t,
        shape: t.shape.map((size, axis) => t.open?.[axis] ?? size),
      })),
      outputs: unique,
      opsets: { '': 23, 'com.microsoft': 1 },
    }),
    packsWeights: nodes.some((node) => OPS[node.op].packsWeights),
    inputs: inputs.map((t) => t.name),
    outputs: Object.fromEntries(Object.entries(outputs).map(([name, t]) => [name, t.name])),
    peakBytes: () => peakActivations(ordered, unique),
  }
}

/** ONNX Runtime runs depth-first from the last leaf of the file back to the first. So leaves are written last and
 *  newest first: the loss runs first, then the gradients of the top layer, and each layer's states are freed as it is done. */
const leavesLast = (nodes: readonly GraphNode[]): GraphNode[] => {
  const read = new Set(nodes.flatMap((node) => node.inputs))
  const isLeaf = (node: GraphNode) => !node.outputs.some((output) => read.has(output))
  return [...nodes.filter((node) => !isLeaf(node)), ...nodes.filter(isLeaf).reverse()]
}

/** The ONNX nodes of one node of ours. read: tensors that something needs; integers: stores a named int64 list and returns its name. */
const lowerNode = (
  { op, inputs, outputs, attributes }: GraphNode,
  read: ReadonlySet<Tensor>,
  integers: (name: string, values: readonly number[]) => string,
): NodeProto[] => {
  const row = OPS[op]
  const own: LoweredNode = {
    op: row.onnx ?? op,
    ...(row.domain && { domain: row.domain }),
    attributes: row.constants ? {} : attributes,
    inputs: [...inputs.map(({ name }) => name), ...(row.constants?.(attributes, inputs) ?? [])],
    outputs: outputs.map(({ name }) => name),
  }
  const marked = outputs.map((t) => ({ name: t.name, shape: t.shape, isRead: read.has(t) }))
  const lowered = row.lower?.({ inputs, outputs: marked, attributes }) ?? [own]
  return lowered.map((node) => ({
    domain: '',
    attributes: {},
    ...node,
    inputs: node.inputs.map((input, i) =>
      typeof input === 'string' ? input : integers(`${node.outputs[0]}.a${i}`, input),
    ),
  }))
}

const rawBytes = (values: readonly number[], type: ElementType): Uint8Array =>
  type === 'float'
    ? new Uint8Array(Float32Array.from(values).buffer)
    : new Uint8Array(BigInt64Array.from(values, BigInt).buffer)
