/** Operators that run as several nodes of ONNX Runtime; their rows are in the op table. */
import type { Attributes, LoweredNode, Lowering } from './tensor.ts'

/** The end of an axis, whatever its size. */
export const INT_MAX = 2 ** 31 - 1

/** A node with one output. */
export const lowered = (
  op: string,
  inputs: LoweredNode['inputs'],
  output: string,
  attributes: Attributes = {},
): LoweredNode => ({ op, attributes, inputs, outputs: [output] })

/** The same among ONNX Runtime's own operators. */
export const loweredOwn = (...given: Parameters<typeof lowered>): LoweredNode => ({
  ...lowered(...given),
  domain: 'com.microsoft',
})

/** b lies as [n, batch, d]. */
const times = (a: string, b: string, y: string, attributes: Attributes = {}): LoweredNode =>
  loweredOwn('FusedMatMul', [a, b], y, { ...attributes, transBatchB: 1 })

/** softmax(scores + mask) head by head.  scores: [kvHeads, (heads / kvHeads)·T, n], as the result;
 *  mask: [T, n]. */
const maskedSoftmax = (
  scores: string,
  mask: string,
  name: string,
  kvHeads: number,
  heads: number,
): LoweredNode[] => [
  lowered('Reshape', [scores, [heads, -1, 0]], `${name}.scores`),
  lowered('Add', [`${name}.scores`, mask], `${name}.masked`),
  lowered('Softmax', [`${name}.masked`], `${name}.soft`),
  lowered('Reshape', [`${name}.soft`, [kvHeads, -1, 0]], name),
]

export const lowerAttentionWeights = ({
  inputs: [q, k, mask],
  outputs: [y],
  attributes: { heads, scale },
}: Lowering<3, 1>): LoweredNode[] => [
  times(q.name, k.name, `${y.name}.qk`, { transB: 1, alpha: scale! }),
  ...maskedSoftmax(`${y.name}.qk`, mask.name, y.name, q.shape[0]!, Number(heads)),
]

export const lowerCachedAttention = ({
  inputs,
  outputs: [y],
  attributes: { heads, scale },
}: Lowering<7, 1>): LoweredNode[] => {
  const [q, k, v, cachedK, cachedV, mask, cached] = inputs
  const part = (name: string) => `${y.name}.${name}`
  const weights = part('weights')
  return [
    times(q.name, cachedK.name, part('qk.cached'), { transB: 1, alpha: scale! }),
    times(q.name, k.name, part('qk.new'), { transB: 1, alpha: scale! }),
    lowered('Concat', [part('qk.cached'), part('qk.new')], part('qk'), { axis: 2 }),
    ...maskedSoftmax(part('qk'), mask.name, weights, q.shape[0]!, Number(heads)),
    lowered('Slice', [weights, [0], cached.name, [2]], part('weights.cached')),
    lowered('Slice', [weights, cached.name, [INT_MAX], [2]], part('weights.new')),
    times(part('weights.cached'), cachedV.name, part('out.cached')),
    times(part('weights.new'), v.name, part('out.new')),
    lowered('Add', [part('out.cached'), part('out.new')], y.name),
  ]
}

export const lowerHead = ({
  inputs: [x, table],
  outputs: [y, mean],
}: Lowering<2, 2>): LoweredNode[] => {
  const part = (name: string) => `${y.name}.${name}`
  const top = mean.isRead ? part('top') : part('p.max')
  const both: LoweredNode[] = [
    lowered('Gemm', [part('p'), table.name], part('mean')),
    lowered('Concat', [part('mean'), part('p.max')], part('both'), { axis: 1 }),
    {
      op: 'Split',
      attributes: { axis: 1 },
      inputs: [part('both'), [x.shape[1]!, 1]],
      outputs: [mean.name, top],
    },
  ]
  return [
    lowered('Gemm', [x.name, table.name], part('logits'), { transB: 1 }),
    lowered('Softmax', [part('logits')], part('p')),
    lowered('ReduceMax', [part('p'), [-1]], part('p.max')),
    ...(mean.isRead ? both : []),
    lowered('Log', [top], part('log')),
    // Last, so that it runs before the softmax (graph.ts, leavesLast), which then takes the place
    // of the logits.
    lowered('ReduceMax', [part('logits'), [-1]], part('logits.max')),
    lowered('Sub', [part('logits.max'), part('log')], y.name),
  ]
}
