/** A graph with static shapes; its nodes come from the op table, dead ones are not written. */
import { FedError } from '../../../adapters/errors.ts'
import { OPS, type OpName } from './ops.ts'
import { peakActivations } from './peak-memory.ts'
import { type ElementType, encodeModel, type NodeProto, type TensorProto } from './proto.ts'
import {
  type Attributes,
  type GraphNode,
  type LoweredNode,
  type Nodes,
  nodesBehind,
  type OpenSizes,
  type Shape,
  type Tensor,
} from './tensor.ts'

/** A byte range of a file in the folder of the weights. */
type ExternalData = {
  readonly location: string
  readonly offset: number
  readonly bytes: number
}

export type Graph = Nodes & {
  input(name: string, shape: Shape, type?: ElementType, open?: OpenSizes): Tensor
  /** A frozen weight in a file, by default float32; a name stands for one tensor. */
  weight(name: string, shape: Shape, external: ExternalData, type?: ElementType): Tensor
  /** apply, by the operator's name. */
  op(name: OpName, inputs: readonly Tensor[], attributes?: Attributes): Tensor
}

/** inputs: names that the reachable part of the graph reads; outputs: tensor name by the caller's
 *  name.
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

  const remember = (key: string, make: () => Omit<Tensor, 'graph'>): Tensor => {
    const held = known.get(key) ?? { ...make(), graph }
    known.set(key, held)
    return held
  }
  const initializer = (proto: TensorProto): Omit<Tensor, 'graph'> => ({
    name: proto.name,
    shape: proto.shape,
    type: proto.type,
    source: { kind: 'initializer', proto },
  })

  const graph: Graph = {
    input: (name, shape, type = 'float', open = {}) =>
      remember(`input ${name}`, () => ({ name, shape, type, open, source: { kind: 'input' } })),
    weight: (name, shape, external, type = 'float') =>
      remember(`weight ${name}`, () => initializer({ name, shape, type, external })),
    constant: (values, shape, type = 'float') =>
      remember(`constant ${type} ${shape} ${values}`, () =>
        initializer({ name: `c${constants++}`, shape, type, raw: rawBytes(values, type) }),
      ),
    op: (name, inputs, attributes) => graph.apply(OPS[name], inputs, attributes),
    apply(op, inputs, attributes = {}) {
      if (inputs.length < op.inputs)
        throw new TypeError(`${op.name} reads ${op.inputs} tensors, got ${inputs.length}`)
      const shapes = op.shape(
        inputs.map(({ shape }) => shape),
        attributes,
      )
      const node = { op, inputs, outputs: [] as Tensor[], attributes, index: nodes++ }
      for (const [i, shape] of shapes.entries())
        node.outputs.push({
          name: `${op.name}${node.index}${i ? `.${i}` : ''}`,
          shape,
          type: 'float',
          graph,
          source: { kind: 'node', node },
        })
      return node.outputs[0]!
    },
  }
  return graph
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
    packsWeights: nodes.some(({ op }) => op.packsWeights),
    inputs: inputs.map((t) => t.name),
    outputs: Object.fromEntries(Object.entries(outputs).map(([name, t]) => [name, t.name])),
    peakBytes: () => peakActivations(ordered, unique),
  }
}

/** ONNX Runtime runs depth-first from the last leaf of the file back to the first. So leaves are
 *  written last and newest first: the loss runs first, then the gradients of the top layer, and
 *  each layer's states are freed as it is done. */
const leavesLast = (nodes: readonly GraphNode[]): GraphNode[] => {
  const read = new Set(nodes.flatMap((node) => node.inputs))
  const isLeaf = (node: GraphNode) => !node.outputs.some((output) => read.has(output))
  return [...nodes.filter((node) => !isLeaf(node)), ...nodes.filter(isLeaf).reverse()]
}

/** The ONNX nodes of one node of ours. read: tensors that something needs; integers: stores a named
 *  int64 list and returns its name. */
const lowerNode = (
  { op, inputs, outputs, attributes }: GraphNode,
  read: ReadonlySet<Tensor>,
  integers: (name: string, values: readonly number[]) => string,
): NodeProto[] => {
  const own: LoweredNode = {
    op: op.onnx ?? op.name,
    ...(op.domain && { domain: op.domain }),
    attributes: op.constants ? {} : attributes,
    inputs: [...inputs.map(({ name }) => name), ...(op.constants?.(attributes, inputs) ?? [])],
    outputs: outputs.map(({ name }) => name),
  }
  const marked = outputs.map((t) => ({ name: t.name, shape: t.shape, isRead: read.has(t) }))
  const lowered = op.lower?.({ inputs, outputs: marked, attributes }) ?? [own]
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
