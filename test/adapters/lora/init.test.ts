import { describe, expect, test } from 'vitest'
import { initAdapter } from '../../../adapters/lora/init.ts'
import { adapterLayout, segmentOf } from '../../../adapters/lora/layout.ts'
import { matrix } from '../../../adapters/math/matrix.ts'
import { expectCode } from '../../support/expect-code.ts'
import { rowsError } from '../../support/numbers.ts'

const shape = { layers: 3, hidden: 16, heads: 4, kvHeads: 2, headDim: 4, ffn: 24, vocab: 50 }
const spec = { firstLayer: 0, endLayer: 3, modules: ['q', 'k', 'down'] as const, rank: 4, alpha: 8 }
const segments = (s: typeof spec, flat: Float32Array) =>
  new Map(adapterLayout(shape, s).map((x) => [x.name, [...segmentOf(flat, x)]]))

describe('initAdapter', () => {
  test('every A has orthonormal rows (to float32 rounding) and every B is zero', () => {
    const flat = initAdapter(shape, spec, 7)
    for (const segment of adapterLayout(shape, spec)) {
      const [rows, cols] = segment.shape as [number, number]
      const values = segmentOf(flat, segment)
      if (segment.factor === 'A') expect(rowsError(matrix(rows, cols, values))).toBeLessThan(2e-7)
      else expect(values.every((x) => x === 0)).toBe(true)
    }
  })

  test('one seed gives one adapter, another seed another', () => {
    expect(initAdapter(shape, spec, 7)).toEqual(initAdapter(shape, spec, 7))
    expect(initAdapter(shape, spec, 7)).not.toEqual(initAdapter(shape, spec, 8))
  })

  test('a module has the same A whatever else the adapter covers', () => {
    const all = segments(spec, initAdapter(shape, spec, 7))
    const part = { ...spec, firstLayer: 1, endLayer: 2, modules: ['k'] as never }
    for (const [name, values] of segments(part, initAdapter(shape, part, 7)))
      expect(values).toEqual(all.get(name))
    expect(all.get('layers.0.q.A')).not.toEqual(all.get('layers.1.q.A'))
  })

  test('a rank above the size of a linear is refused with E_SHAPE', () => {
    expectCode('E_SHAPE', () => initAdapter(shape, { ...spec, rank: 9 }, 7))
  })
})
