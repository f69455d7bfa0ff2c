import { expect, test } from 'vitest'
import { backward } from '../../../../device/engine/onnx/backward.ts'
import { newGraph } from '../../../../device/engine/onnx/graph.ts'
import { nodesBehind } from '../../../../device/engine/onnx/tensor.ts'
import { checkGrad, randomValues } from '../../../support/check-grad.ts'
import { expectCode } from '../../../support/expect-code.ts'

test('adds up the gradients of a tensor that is used twice', async () => {
  const error = await checkGrad(
    (g, { x }) => g.op('Mul', [g.op('Sigmoid', [x!]), g.op('Add', [x!, x!])]),
    { x: randomValues([3, 2], 1) },
    ['x'],
  )
  expect(error).toBeLessThan(1e-3)
})

test('sums a gradient over the axes along which its input was broadcast', () => {
  const g = newGraph()
  const row = g.input('row', [1, 3])
  const y = g.op('Mul', [g.input('x', [4, 2, 3]), row])
  const loss = g.op('ReduceSum', [y], { axes: [0, 1, 2] })
  const [gradient] = backward(loss, [row])
  expect(gradient!.shape).toEqual([1, 3])
})

test('stops at the tensors asked for: nothing below them is differentiated', () => {
  const g = newGraph()
  const below = g.op('Sigmoid', [g.op('Mul', [g.input('x', [2, 2]), g.input('w', [2, 2])])])
  const b = g.input('b', [2, 2])
  const loss = g.op('ReduceSum', [g.op('Mul', [below, b])], { axes: [0, 1] })
  const gradient = backward(loss, [b])
  const forward = new Set(nodesBehind([loss]))
  const added = nodesBehind(gradient).filter((node) => !forward.has(node))
  expect(added.map((node) => node.op.name).sort()).toEqual(['Expand', 'Mul'])
})

test('a frozen linear differentiates with the same weight transposed in place', () => {
  const g = newGraph()
  const x = g.input('x', [2, 3])
  const w = g.weight('w', [3, 4], { location: 'w.bin', offset: 0, bytes: 48 })
  const loss = g.op('ReduceSum', [g.op('Gemm', [x, w])], { axes: [0, 1] })
  const nodes = nodesBehind(backward(loss, [x]))
  expect(nodes.filter((node) => node.op.name === 'Transpose')).toEqual([])
  const gemm = nodes.filter((node) => node.inputs.includes(w))
  expect(gemm.map((node) => node.attributes)).toEqual([{ transA: 0, transB: 1 }])
})

test('refuses with E_SHAPE a tensor that the loss does not depend on', () => {
  const g = newGraph()
  const loss = g.op('ReduceSum', [g.input('x', [2])], { axes: [0] })
  expectCode('E_SHAPE', () => backward(loss, [g.input('other', [2])]))
})

test('refuses with E_SHAPE a path through an operator without a rule, though another path remains', () => {
  const g = newGraph()
  const x = g.input('x', [4])
  const rows = g.op('Gather', [x, g.constant([0], [1], 'int64')])
  const loss = g.op('ReduceSum', [g.op('Add', [x, rows])], { axes: [0] })
  expectCode('E_SHAPE', () => backward(loss, [x]))
})

test('refuses with E_SHAPE a path through an input without a rule, though another path remains', () => {
  const g = newGraph()
  const mask = g.input('mask', [3, 3])
  const inputs = [g.input('q', [1, 3, 4]), g.input('k', [3, 1, 4]), mask]
  const weights = g.op('AttentionWeights', inputs, { heads: 1, scale: 1 })
  const loss = g.op('ReduceSum', [g.op('Add', [weights, mask])], { axes: [0, 1, 2] })
  expectCode('E_SHAPE', () => backward(loss, [mask]))
  expect(backward(loss, [inputs[0]!])).toHaveLength(1)
})

test('an operator without a rule is no obstacle where no gradient is asked for', () => {
  const g = newGraph()
  const x = g.input('x', [1, 4])
  const rows = g.op('Gather', [g.input('table', [2, 4]), g.constant([0], [1], 'int64')])
  const loss = g.op('ReduceSum', [g.op('Mul', [x, rows])], { axes: [0, 1] })
  expect(backward(loss, [x])[0]!.shape).toEqual([1, 4])
})

test('a cheap tensor is computed again for the gradient, from what is kept anyway', () => {
  const g = newGraph()
  const [a, b] = [g.input('a', [2, 3]), g.input('b', [3, 3])]
  const kept = g.op('Gemm', [a, b])
  const cheap = g.op('SwiGlu', [kept, kept])
  const loss = g.op('ReduceSum', [g.op('Gemm', [cheap, b])], { axes: [0, 1] })
  const forward = new Set(nodesBehind([loss]))
  const added = nodesBehind(backward(loss, [b])).filter((node) => !forward.has(node))
  const read = new Set(added.flatMap((node) => node.inputs))
  expect(read.has(cheap)).toBe(false)
  expect(added.filter((node) => node.op.name === 'SwiGlu').map((node) => node.inputs)).toEqual([
    [kept, kept],
  ])
})
