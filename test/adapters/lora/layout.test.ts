import { describe, expect, test } from 'vitest'
import {
  adapterLayout,
  layoutSize,
  segmentOf,
  sequentialSegments,
} from '../../../adapters/lora/layout.ts'
import { linearSize, MODULES } from '../../../adapters/lora/spec.ts'
import { expectCode } from '../../support/expect-code.ts'

const shape = { layers: 3, hidden: 6, heads: 3, kvHeads: 1, headDim: 2, ffn: 10, vocab: 5 }
const spec = { firstLayer: 1, endLayer: 3, modules: ['v', 'q'] as const, rank: 2, alpha: 4 }

describe('the flat layout', () => {
  test('goes by layer, then module in the fixed order, then A before B', () => {
    const layout = adapterLayout(shape, spec)
    expect(layout.map((s) => `${s.name} [${s.shape}] ${s.offset}`)).toEqual([
      'layers.1.q.A [2,6] 0',
      'layers.1.q.B [6,2] 12',
      'layers.1.v.A [2,6] 24',
      'layers.1.v.B [2,2] 36',
      'layers.2.q.A [2,6] 40',
      'layers.2.q.B [6,2] 52',
      'layers.2.v.A [2,6] 64',
      'layers.2.v.B [2,2] 76',
    ])
    expect(layoutSize(layout)).toBe(80)
  })

  test('of one factor holds that factor only, without gaps', () => {
    const layout = adapterLayout(shape, spec, ['B'])
    expect(layout.map((s) => s.offset)).toEqual([0, 12, 16, 28])
    expect(layout.every((s) => s.factor === 'B')).toBe(true)
  })

  test("a linear's input is its neighbour's output", () => {
    expect(MODULES.map((m) => linearSize(shape, m))).toEqual([
      { in: 6, out: 6 },
      { in: 6, out: 2 },
      { in: 6, out: 2 },
      { in: 6, out: 6 },
      { in: 6, out: 10 },
      { in: 6, out: 10 },
      { in: 10, out: 6 },
    ])
  })

  test('a segment is a view, and must lie inside the vector', () => {
    const [first, second] = sequentialSegments([
      { name: 'x', shape: [2, 2] },
      { name: 'y', shape: [1] },
    ])
    const flat = Float32Array.of(1, 2, 3, 4, 5)
    segmentOf(flat, second!)[0] = 9
    expect(flat[4]).toBe(9)
    expect(segmentOf(flat, first!)).toHaveLength(4)
    expectCode('E_SHAPE', () => segmentOf(flat.subarray(0, 4), second!))
  })
})
