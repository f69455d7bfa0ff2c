/** Peak bytes of activations: a liveness sweep over static shapes, in ONNX Runtime's order. */
import type { GraphNode, Tensor } from './tensor.ts'

/** nodes: in the file's order; kept: never freed. Inputs and weights are not counted. */
export const peakActivations = (nodes: readonly GraphNode[], kept: readonly Tensor[]): number => {
  const order = executionOrder(nodes)
  const lastUse = new Map<Tensor, number>()
  for (const [at, { inputs }] of order.entries())
    for (const input of inputs) lastUse.set(storageOf(input), at)
  for (const tensor of kept) lastUse.set(storageOf(tensor), Number.POSITIVE_INFINITY)

  const held = new Map<Tensor, number>()
  let bytes = 0
  let peak = 0
  for (const [at, node] of order.entries()) {
    const reads = [...new Set(node.inputs.map(storageOf))]
    const dying = reads.filter((tensor) => held.has(tensor) && lastUse.get(tensor) === at)
    const made = node.outputs.filter((output) => storageOf(output) === output)
    const reused = node.op.isInPlace
      ? dying.find((tensor) => bytesOf(tensor) === bytesOf(made[0]!))
      : undefined
    for (const [i, output] of made.entries()) {
      held.set(output, bytesOf(output))
      if (!(reused && i === 0)) bytes += bytesOf(output)
    }
    const shapes = node.inputs.map(({ shape }) => shape)
    const scratch = node.op.scratch?.(shapes, node.attributes) ?? 0
    peak = Math.max(peak, bytes + 4 * scratch)
    const free = (tensor: Tensor) => {
      if (tensor !== reused) bytes -= held.get(tensor) ?? 0
      held.delete(tensor)
    }
    for (const tensor of dying) free(tensor)
    // Outputs that no node reads.
    for (const output of made) if (!lastUse.has(output)) free(output)
  }
  return peak
}

/** Depth-first from the last leaf back to the first, and among a node's inputs from the node that
 *  is latest in the file (onnxruntime/core/graph/graph.cc, Graph::ReverseDFSFrom). */
export const executionOrder = (nodes: readonly GraphNode[]): GraphNode[] => {
  const position = new Map(nodes.map((node, i) => [node, i]))
  const read = new Set(nodes.flatMap(({ inputs }) => inputs.map(makerOf)))
  const waiting: { node: GraphNode; isDone: boolean }[] = nodes
    .filter((node) => !read.has(node))
    .map((node) => ({ node, isDone: false }))
  const seen = new Set<GraphNode>()
  const order: GraphNode[] = []
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    if (next.isDone) {
      order.push(next.node)
      continue
    }
    if (seen.has(next.node)) continue
    seen.add(next.node)
    waiting.push({ node: next.node, isDone: true })
    const before = new Set(next.node.inputs.map(makerOf).filter((n) => n !== undefined))
    const sorted = [...before].sort((a, b) => position.get(a)! - position.get(b)!)
    waiting.push(...sorted.map((node) => ({ node, isDone: false })))
  }
  return order
}

const makerOf = ({ source }: Tensor): GraphNode | undefined =>
  source.kind === 'node' ? source.node : undefined

/** A reshaped tensor lies where its input lies. */
const storageOf = (tensor: Tensor): Tensor => {
  const maker = makerOf(tensor)
  return maker?.op.name === 'Reshape' ? storageOf(maker.inputs[0]!) : tensor
}

const bytesOf = ({ shape, type }: Pick<Tensor, 'shape' | 'type'>): number =>
  shape.reduce((a, b) => a * b, 1) * (type === 'int64' ? 8 : 4)
