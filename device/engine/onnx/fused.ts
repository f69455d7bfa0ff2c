/** Operators that run as several nodes of ONNX Runtime; their rows are in the op table. */
import type { Attributes, LoweredNode, Lowering } from './tensor.ts'

/** The end of an axis, whatever its size. */
export const INT_MAX = 2 ** 31 - 1

/** A FusedMatMul; b lies as [n, batch, d]. */
const times = (a: string, b: string, y: string, attributes: Attributes = {}): LoweredNode => ({
  op: 'FusedMatMul',
  domain: 'com.microsoft',
  attributes: { ...attributes, transBatchB: 1 },
  inputs: [a, b],
  outputs: [y],
})

/** softmax(scores + mask) head by head.  scores: [kvHeads, (heads / kvHeads)·T, n], as the result;
 *  mask: [T, n]. */
const maskedSoftmax = (
  scores: string,
  mask: string,
  { name }: { readonly name: string },
  kvHeads: number,
  heads: number,
): LoweredNode[] => [
  { op: 'Reshape', inputs: [scores, [heads, -1, 0]], outputs: [`${name}.scores`] },
  { op: 'Add', inputs: [`${name}.scores`, mask], outputs: [`${name}.masked`] },
  { op: 'Softmax', inputs: [`${name}.masked`], outputs: [`${name}.soft`] },
  { op: 'Reshape', inputs: [`${name}.soft`, [kvHeads, -1, 0]], outputs: [name] },
]

export const lowerAttentionWeights = ({
  inputs: [q, k, mask],
  outputs: [y],
  attributes: { heads, scale },
}: Lowering<3, 1>): LoweredNode[] => [
  times(q.name, k.name, `${y.name}.qk`, { transB: 1, alpha: scale! }),
  ...maskedSoftmax(`${y.name}.qk`, mask.name, y, q.shape[0]!, Number(heads)),
]

export const lowerCachedAttention = ({
  inputs,
  outputs: [y],
  attributes: { heads, scale },
}: Lowering<7, 1>): LoweredNode[] => {
  const [q, k, v, cachedK, cachedV, mask, cached] = inputs
  const part = (name: string) => `${y.name}.${name}`
  const weights = { name: part('weights') }
  return [
    times(q.name, cachedK.name, part('qk.cached'), { transB: 1, alpha: scale! }),
    times(q.name, k.name, part('qk.new'), { transB: 1, alpha: scale! }),
    {
      op: 'Concat',
      attributes: { axis: 2 },
      inputs: [part('qk.cached'), part('qk.new')],
      outputs: [part('qk')],
    },
    ...maskedSoftmax(part('qk'), mask.name, weights, q.shape[0]!, Number(heads)),
    {
      op: 'Slice',
      inputs: [weights.name, [0], cached.name, [2]],
      outputs: [part('weights.cached')],
    },
    {
      op: 'Slice',
      inputs: [weights.name, cached.name, [INT_MAX], [2]],
      outputs: [part('weights.new')],
    },
    times(part('weights.cached'), cachedV.name, part('out.cached')),
    times(part('weights.new'), v.name, part('out.new')),
    { op: 'Add', inputs: [part('out.cached'), part('out.new')], outputs: [y.name] },
  ]
}

export const lowerHead = ({
  inputs: [x, table],
  outputs: [y, mean],
}: Lowering<2, 2>): LoweredNode[] => {
  const part = (name: string) => `${y.name}.${name}`
  const top = mean.isRead ? part('top') : part('p.max')
  const both: LoweredNode[] = [
    { op: 'Gemm', inputs: [part('p'), table.name], outputs: [part('mean')] },
    {
      op: 'Concat',
      attributes: { axis: 1 },
      inputs: [part('mean'), part('p.max')],
      outputs: [part('both')],
    },
    {
      op: 'Split',
      attributes: { axis: 1 },
      inputs: [part('both'), [x.shape[1]!, 1]],
      outputs: [mean.name, top],
    },
  ]
  return [
    {
      op: 'Gemm',
      attributes: { transB: 1 },
      inputs: [x.name, table.name],
      outputs: [part('logits')],
    },
    { op: 'Softmax', inputs: [part('logits')], outputs: [part('p')] },
    { op: 'ReduceMax', inputs: [part('p'), [-1]], outputs: [part('p.max')] },
    ...(mean.isRead ? both : []),
    { op: 'Log', inputs: [top], outputs: [part('log')] },
    // Last, so that it runs before the softmax (graph.ts, leavesLast), which then takes the place
    // of the logits.
    { op: 'ReduceMax', inputs: [part('logits'), [-1]], outputs: [part('logits.max')] },
    { op: 'Sub', inputs: [part('logits.max'), part('log')], outputs: [y.name] },
  ]
}
