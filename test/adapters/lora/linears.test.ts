import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { adapterLayout, segmentOf } from '../../../adapters/lora/layout.ts'
import { adapterOfLinears, type LinearLora } from '../../../adapters/lora/linears.ts'
import { linearSize, MODULES } from '../../../adapters/lora/spec.ts'
import { seededRng } from '../../../adapters/random.ts'
import { expectCode } from '../../support/expect-code.ts'
import { randomVector } from '../../support/numbers.ts'

const shape = { layers: 3, hidden: 6, heads: 2, kvHeads: 1, headDim: 4, ffn: 5, vocab: 9 }
const rng = seededRng('linears')
const linear = (
  layer: number,
  module: LinearLora['module'],
  rank: number,
  alpha: number,
): LinearLora => {
  const size = linearSize(shape, module)
  const a = randomVector(rng, rank * size.in)
  return { layer, module, rank, alpha, a, b: randomVector(rng, size.out * rank) }
}
/** scale·B·A, row-major. */
const delta = (a: Float32Array, b: Float32Array, rank: number, scale: number): number[] => {
  const width = a.length / rank
  return Array.from({ length: (b.length / rank) * width }, (_, i) => {
    let sum = 0
    for (let r = 0; r < rank; r++)
      sum += b[Math.floor(i / width) * rank + r]! * a[r * width + (i % width)]!
    return scale * sum
  })
}

const anyLinears = fc.uniqueArray(
  fc.record({
    layer: fc.nat(2),
    module: fc.constantFrom(...MODULES),
    rank: fc.integer({ min: 1, max: 4 }),
    alpha: fc.constantFrom(-3, 0.5, 4, 8, 5000),
  }),
  { minLength: 1, maxLength: 8, selector: ({ layer, module }) => `${layer} ${module}` },
)

test('whatever their ranks and scales, every linear gets what its factors say, others nothing', () => {
  fc.assert(
    fc.property(anyLinears, (parts) => {
      const linears = parts.map((p) => linear(p.layer, p.module, p.rank, p.alpha))
      const { spec, flat } = adapterOfLinears(shape, linears)
      expect(spec.alpha).toBeGreaterThan(0)
      expect(spec.alpha).toBeLessThanOrEqual(4096)
      const layout = adapterLayout(shape, spec)
      for (const segment of layout.filter((s) => s.factor === 'A')) {
        const { layer, module } = segment
        const b = layout.find((s) => s.factor === 'B' && s.layer === layer && s.module === module)!
        const [fa, fb] = [segmentOf(flat, segment), segmentOf(flat, b)]
        const got = delta(fa, fb, spec.rank, spec.alpha / spec.rank)
        const one = linears.find((l) => l.layer === layer && l.module === module)
        const want = one ? delta(one.a, one.b, one.rank, one.alpha / one.rank) : got.map(() => 0)
        const largest = Math.max(1, ...want.map(Math.abs))
        for (const [i, x] of got.entries())
          if (!(Math.abs(x - want[i]!) < 1e-6 * largest)) throw new Error(`${x} for ${want[i]}`)
      }
    }),
  )
})

describe('one rank and one scale', () => {
  test('leave the factors as they are', () => {
    const linears = [linear(0, 'q', 3, 7), linear(1, 'q', 3, 7)]
    const { spec, flat } = adapterOfLinears(shape, linears)
    expect(spec).toEqual({ firstLayer: 0, endLayer: 2, modules: ['q'], rank: 3, alpha: 7 })
    expect([...flat]).toEqual(linears.flatMap(({ a, b }) => [...a, ...b]))
  })

  test('are those of most linears, where a few differ', () => {
    const { spec } = adapterOfLinears(shape, [
      linear(0, 'q', 4, 8),
      linear(1, 'q', 4, 8),
      linear(0, 'v', 2, 6),
    ])
    expect(spec).toMatchObject({ rank: 4, alpha: 8 })
  })
})

test('a rank above the bound, and numbers that a scale makes infinite, are refused', () => {
  const wide = { ...linear(2, 'k', 1, 1), rank: 257 }
  const error = expectCode('E_MODEL_UNSUPPORTED', () => adapterOfLinears(shape, [wide]))
  expect(error.message).toBe('the adapter has rank 257 at layer 2, k: at most 256')
  const huge = linear(0, 'k', 1, 1e6)
  huge.b.fill(3e38)
  expectCode('E_NOT_FINITE', () => adapterOfLinears(shape, [huge]))
})
