/** Reverse-mode differentiation: one walk over the graph, which alone undoes broadcasting, and which computes cheap tensors
 *  again instead of keeping them (Chen et al. 2016). */
import { FedError } from '../../../adapters/errors.ts'
import { type Graph, type GraphNode, nodesBehind, type Shape, type Tensor } from './graph.ts'
import { OPS } from './ops.ts'

/** Gradients of a loss of one element by each of `by`, in their order and shapes.
 *  Only nodes between `by` and the loss are visited. E_SHAPE when the loss does not depend on one of them, or only
 *  through an operator without gradient. */
export const backward = (g: Graph, loss: Tensor, by: readonly Tensor[]): Tensor[] => {
  const nodes = nodesBehind([loss])
  const wanted = new Set(by)
  for (const node of nodes)
    if (node.inputs.some((input) => wanted.has(input))) for (const y of node.outputs) wanted.add(y)

  const again = recomputation(g)
  const gradients = new Map<Tensor, Tensor>([[loss, g.constant([1], loss.shape)]])
  for (const { op, inputs, outputs, attributes } of nodes.reverse()) {
    const dy = gradients.get(outputs[0]!)
    const rule = OPS[op].gradient
    if (!dy || rule === 'none' || !inputs.some((input) => wanted.has(input))) continue
    const given = rule({
      g,
      inputs: inputs.map(again),
      outputs: outputs.map(again),
      attributes,
      dy,
    })
    for (const [i, input] of inputs.entries()) {
      const gradient = given[i]
      if (!gradient || !wanted.has(input)) continue
      const summed = sumTo(g, gradient, input.shape)
      const held = gradients.get(input)
      gradients.set(input, held ? g.op('Add', [held, summed]) : summed)
    }
  }
  return by.map((tensor) => {
    const gradient = gradients.get(tensor)
    if (!gradient) throw new FedError('E_SHAPE', `the loss has no gradient by ${tensor.name}`)
    return gradient
  })
}

/** The same values from a node of their own, if they are cheap: what is kept until the gradient is then only what they come from. */
const recomputation = (g: Graph) => {
  const copies = new Map<GraphNode, GraphNode>()
  const again = (tensor: Tensor): Tensor => {
    if (tensor.source.kind !== 'node') return tensor
    const { node } = tensor.source
    if (!OPS[node.op].isCheap) return tensor
    const copy = copies.get(node) ?? copyOf(node)
    copies.set(node, copy)
    return copy.outputs[node.outputs.indexOf(tensor)]!
  }
  const copyOf = ({ op, inputs, attributes }: GraphNode): GraphNode => {
    const { source } = g.op(op, inputs.map(again), attributes)
    if (source.kind !== 'node') throw new TypeError(`${op} made no node`)
    return source.node
  }
  return again
}

/** Sums over the axes along which `shape` was broadcast. */
const sumTo = (g: Graph, x: Tensor, shape: Shape): Tensor => {
  const added = x.shape.length - shape.length
  const axes = x.shape.flatMap((size, axis) =>
    axis < added || (shape[axis - added] === 1 && size !== 1) ? [axis] : [],
  )
  const summed = axes.length ? g.op('ReduceSum', [x], { axes }) : x
  return added ? g.op('Reshape', [summed], { shape }) : summed
}
