import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { seededRng } from '../../../../adapters/random.ts'
import { backward } from '../../../../device/engine/onnx/backward.ts'
import { newGraph, toOnnx } from '../../../../device/engine/onnx/graph.ts'
import { OPS, type OpName } from '../../../../device/engine/onnx/ops.ts'
import type { Attributes, Operator } from '../../../../device/engine/onnx/tensor.ts'
import { openSessions } from '../../../../device/engine/run/sessions.ts'
import { checkGrad, randomValues, runGraph } from '../../../support/check-grad.ts'

type Case = {
  readonly shapes: readonly (readonly number[])[]
  readonly attributes?: Attributes
  /** Inputs that are tables or fixed, by index: not differentiated by. */
  readonly fixed?: readonly number[]
}

const binary: Case[] = [
  {
    shapes: [
      [2, 3],
      [2, 3],
    ],
  },
  { shapes: [[2, 3], [3]] },
  { shapes: [[1], [2, 3]] },
  {
    shapes: [
      [4, 1, 3],
      [2, 1],
    ],
  },
]
const unary: Case[] = [{ shapes: [[2, 3]] }, { shapes: [[2, 1, 5]] }]

const CASES: Partial<Record<OpName, readonly Case[]>> = {
  Add: binary,
  Sub: binary,
  Mul: binary,
  Neg: unary,
  Sigmoid: unary,
  SwiGlu: binary,
  Softplus: unary,
  Softmax: unary,
  AttentionWeights: [
    {
      shapes: [
        [2, 6, 4],
        [5, 2, 4],
        [3, 5],
      ],
      attributes: { heads: 4, scale: 0.5 },
      fixed: [2],
    },
  ],
  HeadLogSumExp: [
    {
      shapes: [
        [3, 4],
        [7, 4],
      ],
      fixed: [1],
    },
  ],
  RmsNorm: [
    { shapes: [[3, 8], [8]], attributes: { axis: -1, epsilon: 1e-5 } },
    { shapes: [[2, 3, 8], [8]], attributes: { axis: -1, epsilon: 0.1 } },
  ],
  RotaryEmbedding: [
    {
      shapes: [
        [1, 3, 8],
        [1, 3, 2],
        [1, 3, 2],
      ],
      attributes: { num_heads: 2 },
      fixed: [1, 2],
    },
  ],
  ReduceSum: [
    { shapes: [[2, 3, 4]], attributes: { axes: [1] } },
    { shapes: [[2, 3, 4]], attributes: { axes: [0, 2] } },
  ],
  ReduceMean: [
    { shapes: [[2, 3, 4]], attributes: { axes: [2] } },
    { shapes: [[2, 3]], attributes: { axes: [0, 1] } },
  ],
  MatMul: [
    {
      shapes: [
        [2, 3],
        [3, 4],
      ],
    },
    {
      shapes: [
        [5, 2, 3],
        [5, 3, 4],
      ],
    },
    {
      shapes: [
        [5, 2, 3],
        [3, 4],
      ],
    },
    {
      shapes: [
        [2, 1, 2, 3],
        [5, 3, 4],
      ],
    },
    {
      shapes: [
        [2, 3, 4],
        [4, 2, 5],
      ],
      attributes: { transBatchB: 1, alpha: 2 },
    },
    ...[0, 1].flatMap((transA) =>
      [0, 1].map((transB) => ({
        shapes: [transA ? [5, 3, 2] : [5, 2, 3], transB ? [5, 4, 3] : [5, 3, 4]],
        attributes: { transA, transB, alpha: 0.5 },
      })),
    ),
  ],
  Gemm: [0, 1].flatMap((transA) =>
    [0, 1].flatMap((transB) => {
      const shapes = [transA ? [3, 2] : [2, 3], transB ? [4, 3] : [3, 4]]
      const attributes = { transA, transB }
      return [
        { shapes, attributes },
        { shapes: [...shapes, [4]], attributes },
        { shapes: [...shapes, [2, 1]], attributes },
      ]
    }),
  ),
  Transpose: [
    { shapes: [[2, 3, 4]], attributes: { perm: [2, 0, 1] } },
    { shapes: [[2, 3]], attributes: { perm: [1, 0] } },
  ],
  Reshape: [{ shapes: [[2, 3, 4]], attributes: { shape: [6, 4] } }],
  Concat: [
    {
      shapes: [
        [2, 3],
        [1, 3],
        [2, 3],
      ],
      attributes: { axis: 0 },
    },
  ],
  Slice: [{ shapes: [[5, 2, 3]], attributes: { start: 1, end: 4 } }],
  Pad: [{ shapes: [[2, 3]], attributes: { before: 1, after: 2 } }],
  Expand: [
    { shapes: [[3, 1]], attributes: { shape: [2, 3, 4] } },
    { shapes: [[1]], attributes: { shape: [2, 3] } },
  ],
}

const differentiable = (Object.keys(OPS) as OpName[]).filter((op) => OPS[op].gradient !== 'none')
const cases = differentiable.flatMap((op) => (CASES[op] ?? []).map((c, i) => ({ op, c, i })))

test('every operator with a gradient has a case here', () => {
  expect(differentiable.filter((op) => !CASES[op]?.length)).toEqual([])
})

// Tolerance: float32 sums of a few dozen terms, central difference with step 2^-7, relative to
// max(1, slope).
test.each(cases)(
  'the gradient of $op agrees with a central difference (case $i)',
  async ({ op, c }) => {
    const feeds = Object.fromEntries(
      c.shapes.map((shape, i) => [`x${i}`, randomValues(shape, `${op}/${i}`)]),
    )
    const by = Object.keys(feeds).filter((_, i) => !c.fixed?.includes(i))
    const error = await checkGrad(
      (g, inputs) => g.op(op, Object.values(inputs), c.attributes),
      feeds,
      by,
    )
    expect(error).toBeLessThan(2e-3)
  },
)

test.each(cases)('the shape rule of $op is the runtime’s shape (case $i)', async ({ op, c }) => {
  const g = newGraph()
  const feeds = Object.fromEntries(c.shapes.map((shape, i) => [`x${i}`, randomValues(shape, i)]))
  const inputs = c.shapes.map((shape, i) => g.input(`x${i}`, shape))
  const y = g.op(op, inputs, c.attributes)
  const out = await runGraph(toOnnx({ y }), feeds)
  expect(out['y']).toHaveLength(y.shape.reduce((a, b) => a * b, 1))
})

test('checkGrad sees a wrong gradient', async () => {
  const wrong: Operator = { ...OPS.Mul, gradient: ({ dy }) => [dy, dy] }
  const feeds = { x: randomValues([4], 1) }
  const error = await checkGrad((g, { x }) => g.apply(wrong, [x!, x!]), feeds, ['x'])
  expect(error).toBeGreaterThan(0.05)
})

test.each([false, true])(
  'log Σ exp over 50,000 logits is exact to 1e-5, where a float32 sum would not be (with gradient: %s)',
  async (withGradient) => {
    const g = newGraph()
    const n = 50_000
    const x = g.input('x', [1, 1])
    const y = g.op('HeadLogSumExp', [x, g.input('table', [n, 1])])
    const outputs = withGradient ? { y, mean: backward(y, [x])[0]! } : { y }
    const { data } = randomValues([n], 3)
    const exact = Math.log([...data].reduce((sum, t) => sum + Math.exp(t), 0))
    const mean = [...data].reduce((sum, t) => sum + t * Math.exp(t - exact), 0)
    const out = await runGraph(toOnnx(outputs), {
      x: { shape: [1, 1], data: Float32Array.of(1) },
      table: { shape: [n, 1], data },
    })
    expect(Math.abs(out['y']![0]! - exact)).toBeLessThan(1e-5)
    if (withGradient) expect(Math.abs(out['mean']![0]! - mean)).toBeLessThan(1e-5)
  },
)

// Activations that are whole numbers up to 127 in each block are not changed by rounding them to 8
// bits.
test.each([4, 8])('a product with %i-bit codes is Σ x·scale·(code − middle)', async (bits) => {
  const [T, K, n] = [3, 64, 5]
  const rng = seededRng(bits)
  const codes = Uint8Array.from({ length: (n * K * bits) / 8 }, () => rng.int(256))
  const scales = Float32Array.from({ length: (n * K) / 32 }, () => (1 + rng.int(8)) / 64)
  const x = Float32Array.from({ length: T * K }, (_, i) =>
    i % 32 === 0 ? 127 : rng.int(255) - 127,
  )
  const code = (i: number) =>
    bits === 8 ? codes[i]! - 128 : ((codes[i >> 1]! >> (i & 1 ? 4 : 0)) & 15) - 8
  const folder = mkdtempSync(join(tmpdir(), 'ops-'))
  writeFileSync(join(folder, 'w.bin'), Buffer.concat([codes, new Uint8Array(scales.buffer)]))
  const g = newGraph()
  const at = (offset: number, bytes: number) => ({ location: 'w.bin', offset, bytes })
  const y = g.op(
    'QuantizedGemm',
    [
      g.input('x', [T, K]),
      g.weight('codes', [n, K / 32, 4 * bits], at(0, codes.length), 'uint8'),
      g.weight('scales', [(n * K) / 32], at(codes.length, 4 * scales.length)),
    ],
    { bits },
  )
  const sums = g.op('BlockSums', [g.input('x', [T, K])])
  const sessions = openSessions(folder, 1)
  const out = await sessions.run('q', () => toOnnx({ y, sums }), { x: { data: x, shape: [T, K] } })
  await sessions.release()
  for (let t = 0; t < T; t++) {
    for (let row = 0; row < n; row++) {
      let sum = 0
      for (let k = 0; k < K; k++)
        sum += x[t * K + k]! * scales[(row * K + k) >> 5]! * code(row * K + k)
      expect(out['y']![t * n + row]! / sum).toBeCloseTo(1, 4)
    }
    for (let block = 0; block < K / 32; block++) {
      const part = x.subarray(t * K + 32 * block, t * K + 32 * block + 32)
      expect(out['sums']![(t * K) / 32 + block]).toBe(part.reduce((a, b) => a + b))
    }
  }
  rmSync(folder, { recursive: true })
})
