/** Reverse-mode differentiation: one walk over the graph, which alone undoes broadcasting, and
 *  which computes cheap tensors again instead of keeping them (Chen et al. 2016). */
import { FedError } from '../../../adapters/errors.ts'
import { add, reshape, sum } from './ops.ts'
import { type GraphNode, nodesBehind, type Shape, type Tensor } from './tensor.ts'

/** Gradients of a loss of one element by each of `by`, in their order and shapes.
 *  Only nodes between `by` and the loss are visited. E_SHAPE when the loss does not depend on one
 *  of them, or when any path to one of them leads through an operator or an input without a rule: a
 *  gradient is whole or refused. */
export const backward = (loss: Tensor, by: readonly Tensor[]): Tensor[] => {
  const nodes = nodesBehind([loss])
  const wanted = new Set(by)
  for (const node of nodes)
    if (node.inputs.some((input) => wanted.has(input))) for (const y of node.outputs) wanted.add(y)

  const again = recomputation()
  const gradients = new Map<Tensor, Tensor>([[loss, loss.graph.constant([1], loss.shape)]])
  for (const node of nodes.reverse()) {
    const reads = node.inputs.some((input) => wanted.has(input))
    if (!reads || !node.outputs.some((y) => gradients.has(y))) continue
    const given = inputGradients(node, gradients, again)
    for (const [i, input] of node.inputs.entries()) {
      if (!wanted.has(input)) continue
      const gradient = given[i]
      if (!gradient) throw noRule(`input ${i + 1} of ${node.op.name}`)
      const summed = sumTo(gradient, input.shape)
      const held = gradients.get(input)
      gradients.set(input, held ? add(held, summed) : summed)
    }
  }
  return by.map((tensor) => {
    const gradient = gradients.get(tensor)
    if (!gradient) throw new FedError('E_SHAPE', `the loss has no gradient by ${tensor.name}`)
    return gradient
  })
}

const inputGradients = (
  { op, inputs, outputs, attributes }: GraphNode,
  gradients: ReadonlyMap<Tensor, Tensor>,
  again: (tensor: Tensor) => Tensor,
): readonly (Tensor | undefined)[] => {
  const [first, ...others] = outputs
  const dy = gradients.get(first!)
  if (op.gradient === 'none') throw noRule(op.name)
  if (!dy || others.some((y) => gradients.has(y))) throw noRule(`a second output of ${op.name}`)
  return op.gradient({ inputs: inputs.map(again), outputs: outputs.map(again), attributes, dy })
}

const noRule = (what: string): FedError =>
  new FedError('E_SHAPE', `the loss depends on ${what}, which has no gradient rule`)

/** A cheap tensor's values from a second node: only its inputs are then kept until the gradient. */
const recomputation = () => {
  const copies = new Map<GraphNode, GraphNode>()
  const again = (tensor: Tensor): Tensor => {
    if (tensor.source.kind !== 'node') return tensor
    const { node } = tensor.source
    if (!node.op.isCheap) return tensor
    const copy = copies.get(node) ?? copyOf(node)
    copies.set(node, copy)
    return copy.outputs[node.outputs.indexOf(tensor)]!
  }
  const copyOf = ({ op, inputs, attributes }: GraphNode): GraphNode => {
    const { source } = inputs[0]!.graph.apply(op, inputs.map(again), attributes)
    if (source.kind !== 'node') throw new TypeError(`${op.name} made no node`)
    return source.node
  }
  return again
}

/** Sums over the axes along which `shape` was broadcast. */
const sumTo = (x: Tensor, shape: Shape): Tensor => {
  const added = x.shape.length - shape.length
  const axes = x.shape.flatMap((size, axis) =>
    axis < added || (shape[axis - added] === 1 && size !== 1) ? [axis] : [],
  )
  const summed = axes.length ? sum(x, axes) : x
  return added ? reshape(summed, shape) : summed
}
