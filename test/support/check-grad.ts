/** Compares the gradient of a graph with a central difference along one random direction (as HIPS/autograd's test_util). */
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node'
import { seededRng } from '../../adapters/random.ts'
import { backward } from '../../device/engine/onnx/backward.ts'
import { type Graph, newGraph, type OnnxGraph, toOnnx } from '../../device/engine/onnx/graph.ts'
import type { Tensor } from '../../device/engine/onnx/tensor.ts'

export type Values = {
  readonly shape: readonly number[]
  readonly data: Float32Array | BigInt64Array
}

/** Normal numbers of a shape from a seed. */
export const randomValues = (
  shape: readonly number[],
  seed: number | string,
): Values & { readonly data: Float32Array } => {
  const rng = seededRng(seed)
  const size = shape.reduce((a, b) => a * b, 1)
  return { shape, data: Float32Array.from({ length: size }, () => rng.normal()) }
}

/** Outputs of a graph by the names it was given. */
export const runGraph = async (
  graph: OnnxGraph,
  feeds: Readonly<Record<string, Values>>,
): Promise<Record<string, Float32Array>> => {
  const session = await InferenceSession.create(graph.bytes, {
    intraOpNumThreads: 1,
    logSeverityLevel: 3,
  })
  const inputs = Object.fromEntries(
    graph.inputs.map((name) => {
      const { data, shape } = feeds[name]!
      const tensor =
        data instanceof Float32Array
          ? new OrtTensor('float32', data, shape)
          : new OrtTensor('int64', data, shape)
      return [name, tensor]
    }),
  )
  const results = await session.run(inputs)
  const outputs = Object.entries(graph.outputs).map(
    ([name, tensor]) => [name, results[tensor]!.data as Float32Array] as const,
  )
  await session.release()
  return Object.fromEntries(outputs)
}

/** The relative difference between d/dε loss(x + ε·d) by the gradient and by a central difference, both in one number.
 *  loss is a fixed random combination of the elements that `build` makes; `by` names the inputs to differentiate by. */
export const checkGrad = async (
  build: (g: Graph, inputs: Readonly<Record<string, Tensor>>) => Tensor,
  feeds: Readonly<Record<string, Values>>,
  by: readonly string[],
  seed: number | string = 7,
): Promise<number> => {
  const g = newGraph()
  const inputs = Object.fromEntries(
    Object.entries(feeds).map(([name, { shape, data }]) => [
      name,
      g.input(name, shape, data instanceof Float32Array ? 'float' : 'int64'),
    ]),
  )
  const y = build(g, inputs)
  const size = y.shape.reduce((a, b) => a * b, 1)
  const probe = g.input('probe', [1, size])
  const column = g.op('Reshape', [y], { shape: [size, 1] })
  const loss = g.op('Gemm', [probe, column])
  const gradients = backward(
    loss,
    by.map((name) => inputs[name]!),
  )
  const graph = toOnnx({ y: column, ...Object.fromEntries(by.map((n, i) => [n, gradients[i]!])) })
  const probes = randomValues([1, size], `${seed}/probe`)
  const exact = await runGraph(graph, { ...feeds, probe: probes })

  const directions = by.map((name) => randomValues(feeds[name]!.shape, `${seed}/${name}`))
  const slope = by.reduce((sum, name, i) => sum + dot(exact[name]!, directions[i]!.data), 0)
  const step = 2 ** -7
  const at = async (epsilon: number) => {
    const moved = by.map(
      (name, i) => [name, shifted(feeds[name]!, directions[i]!, epsilon)] as const,
    )
    const { y: values } = await runGraph(toOnnx({ y: column }), {
      ...feeds,
      ...Object.fromEntries(moved),
    })
    return dot(values!, probes.data)
  }
  const difference = ((await at(step)) - (await at(-step))) / (2 * step)
  return Math.abs(slope - difference) / Math.max(1, Math.abs(difference))
}

const shifted = ({ shape, data }: Values, direction: Values, epsilon: number): Values => ({
  shape,
  data: Float32Array.from(data as Float32Array, (x, i) => x + epsilon * Number(direction.data[i])),
})

const dot = (a: ArrayLike<number>, b: ArrayLike<number | bigint>): number => {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * Number(b[i])
  return sum
}
