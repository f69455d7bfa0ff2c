import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { expect, test } from 'vitest'
import { newGraph, toOnnx } from '../../../../device/engine/onnx/graph.ts'
import { nodesBehind } from '../../../../device/engine/onnx/tensor.ts'
import { randomValues, runGraph } from '../../../support/check-grad.ts'
import { expectCode } from '../../../support/expect-code.ts'

test('leaves out what no output needs, and says which inputs remain', () => {
  const g = newGraph()
  const kept = g.op('Neg', [g.input('x', [2])])
  g.op('Mul', [kept, g.input('unused', [2])])
  const graph = toOnnx({ y: kept })
  expect(graph.inputs).toEqual(['x'])
  expect(nodesBehind([kept])).toHaveLength(1)
  expect(Buffer.from(graph.bytes).includes('unused')).toBe(false)
})

test('the same constant, input or weight is one tensor', () => {
  const g = newGraph()
  const external = { location: 'w.bin', offset: 0, bytes: 8 }
  expect(g.constant([1], [1])).toBe(g.constant([1], [1]))
  expect(g.constant([1], [1])).not.toBe(g.constant([1], [1], 'int64'))
  expect(g.input('x', [2])).toBe(g.input('x', [2]))
  expect(g.weight('w', [2], external)).toBe(g.weight('w', [2], external))
})

test('reads a weight from its place in a file of the weights folder', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'loreweave-graph-'))
  writeFileSync(join(folder, 'w.bin'), new Uint8Array(Float32Array.of(9, 2, 3, 4, 5).buffer))
  const g = newGraph()
  const w = g.weight('w', [2, 2], { location: 'w.bin', offset: 4, bytes: 16 })
  const graph = toOnnx({ y: g.op('Gemm', [g.input('x', [1, 2]), w]) })
  const session = await InferenceSession.create(graph.bytes, {
    extra: { session: { model_external_initializers_file_folder_path: folder } },
  })
  const x = new Tensor('float32', Float32Array.of(1, 10), [1, 2])
  const { data } = (await session.run({ x }))[graph.outputs['y']!]!
  expect([...(data as Float32Array)]).toEqual([42, 53])
  await session.release()
  rmSync(folder, { recursive: true })
})

test('an output may be read under two names', async () => {
  const g = newGraph()
  const y = g.op('Neg', [g.input('x', [2])])
  const out = await runGraph(toOnnx({ a: y, b: y }), { x: randomValues([2], 1) })
  expect(out['a']).toEqual(out['b'])
})

test.each([
  ['Add', [[2, 3], [2]], {}],
  [
    'MatMul',
    [
      [2, 3],
      [2, 3],
    ],
    {},
  ],
  [
    'Gemm',
    [
      [2, 3],
      [2, 3],
    ],
    {},
  ],
  ['Reshape', [[2, 3]], { shape: [5] }],
] as const)('refuses shapes that do not fit %s with E_SHAPE', (op, shapes, attributes) => {
  const g = newGraph()
  const inputs = shapes.map((shape, i) => g.input(`x${i}`, shape))
  expectCode('E_SHAPE', () => g.op(op, inputs, attributes))
})

test('an operator that is given too few tensors is a mistake of the caller', () => {
  const g = newGraph()
  expect(() => g.op('Add', [g.input('x', [2])])).toThrow(TypeError)
})

test('refuses an output that no node makes with E_SHAPE', () => {
  expectCode('E_SHAPE', () => toOnnx({ x: newGraph().input('x', [1]) }))
})
