import { describe, expect, test } from 'vitest'
import { adapterLayout, layoutSize, segmentOf } from '../../../adapters/lora/layout.ts'
import { type AdapterSpec, linearSize, MODULES } from '../../../adapters/lora/spec.ts'
import {
  type Adapter,
  scaleOfSpec,
  sliceStacked,
  stackAdapters,
} from '../../../adapters/lora/stack.ts'
import { matrix, multiply } from '../../../adapters/math/matrix.ts'
import { dot } from '../../../adapters/math/vector.ts'
import { seededRng } from '../../../adapters/random.ts'
import { expectCode } from '../../support/expect-code.ts'
import { largestDifference, randomVector } from '../../support/numbers.ts'

const shape = { layers: 4, hidden: 8, heads: 2, kvHeads: 1, headDim: 4, ffn: 12, vocab: 20 }
const specs: AdapterSpec[] = [
  { firstLayer: 0, endLayer: 2, modules: ['q', 'down'], rank: 2, alpha: 8 },
  { firstLayer: 1, endLayer: 4, modules: ['v', 'q'], rank: 3, alpha: 1.5 },
  { firstLayer: 3, endLayer: 4, modules: ['q'], rank: 1, alpha: 1 },
]
const random = (spec: AdapterSpec, seed: string): Adapter => ({
  spec,
  flat: randomVector(seededRng(seed), layoutSize(adapterLayout(shape, spec))),
})
const adapters = specs.map((s, i) => random(s, `adapter/${i}`))

/** scale·B·A of one linear; zeros where the adapter does not reach. */
const product = ({ spec, flat }: Adapter, layer: number, module: (typeof MODULES)[number]) => {
  const { in: inputs, out } = linearSize(shape, module)
  const own = adapterLayout(shape, spec).filter((s) => s.layer === layer && s.module === module)
  if (own.length === 0) return new Float64Array(inputs * out)
  const [a, b] = own.map((s) => matrix(s.shape[0]!, s.shape[1]!, segmentOf(flat, s)))
  return multiply(b!, a!).data.map((x) => x * scaleOfSpec(spec))
}

describe('stacked adapters', () => {
  test('change every linear by the sum of their own changes, to float32 rounding', () => {
    const stacked = stackAdapters(shape, adapters)
    expect(stacked.spec).toEqual({
      firstLayer: 0,
      endLayer: 4,
      modules: ['q', 'v', 'down'],
      rank: 6,
      alpha: 6,
    })
    for (let layer = 0; layer < shape.layers; layer++)
      for (const module of MODULES) {
        const parts = adapters.map((a) => product(a, layer, module))
        const expected = parts[0]!.map((_, i) => parts.reduce((sum, p) => sum + p[i]!, 0))
        expect(largestDifference(product(stacked, layer, module), expected)).toBeLessThan(1e-5)
      }
  })

  test('one adapter alone keeps its function', () => {
    const stacked = stackAdapters(shape, [adapters[0]!])
    for (const module of MODULES)
      expect(
        largestDifference(product(stacked, 1, module), product(adapters[0]!, 1, module)),
      ).toBeLessThan(1e-5)
  })

  test('slices of a gradient obey the chain rule', () => {
    // For every direction d of one adapter's numbers: ⟨slice, d⟩ = ⟨gradient, stack(d) with the others still⟩.
    const { flat, spec } = stackAdapters(shape, adapters)
    const gradient = randomVector(seededRng('gradient'), flat.length)
    const slices = sliceStacked(shape, specs, gradient)
    for (const [i, own] of adapters.entries()) {
      const direction = randomVector(seededRng(`direction/${i}`), own.flat.length)
      const others = adapters.map((a, j) => ({
        ...a,
        flat: i === j ? direction : new Float32Array(a.flat.length),
      }))
      const moved = stackAdapters(shape, others).flat
      expect(moved).toHaveLength(layoutSize(adapterLayout(shape, spec)))
      expect(Math.abs(dot(slices[i]!, direction) - dot(gradient, moved))).toBeLessThan(1e-4)
    }
  })

  test('sizes must agree, and there must be an adapter', () => {
    expect(() => stackAdapters(shape, [])).toThrow(RangeError)
    const short = { ...adapters[0]!, flat: adapters[0]!.flat.subarray(1) }
    expectCode('E_SHAPE', () => stackAdapters(shape, [short]))
    expectCode('E_SHAPE', () => sliceStacked(shape, specs, new Float32Array(3)))
  })
})
