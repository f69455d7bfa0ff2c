import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkSegments } from '../../../adapters/container/segments.ts'
import { sequentialSegments } from '../../../adapters/lora/layout.ts'
import { triangleSize } from '../../../adapters/math/matrix.ts'
import { featureCount } from '../../../adapters/wire/primitives.ts'
import { expectCode } from '../../support/expect-code.ts'

describe('segments', () => {
  test('the joint feature space has the pooled states and the named features', () => {
    expect(featureCount({ pooled: 576, named: ['length', 'lists'] })).toBe(578)
    expect(featureCount({ pooled: 0, named: [] })).toBe(0)
  })

  test('a triangle has as many numbers as there are pairs i ≤ j', () => {
    for (const n of [0, 1, 2, 7]) {
      let count = 0
      for (let i = 0; i < n; i++) for (let j = i; j < n; j++) count++
      expect(triangleSize(n)).toBe(count)
    }
    expect(triangleSize(607)).toBe(184_528)
  })

  test('matrices laid one after the other cover their payload, and no other size', () => {
    const shapes = fc.array(
      fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 }),
    )
    fc.assert(
      fc.property(shapes, fc.integer({ min: 1, max: 9 }), (dims, extra) => {
        const segments = sequentialSegments(dims.map((shape, i) => ({ name: `s${i}`, shape })))
        const total = segments.reduce((sum, s) => sum + s.size, 0)
        expect(() => checkSegments(segments, total)).not.toThrow()
        expectCode('E_SHAPE', () => checkSegments(segments, total + extra))
        if (segments.length > 1)
          expectCode('E_SHAPE', () => checkSegments(segments.toReversed(), total))
      }),
    )
  })

  test('two segments of one name are refused', () => {
    const twice = sequentialSegments([
      { name: 'x', shape: [1] },
      { name: 'x', shape: [1] },
    ])
    expectCode('E_SHAPE', () => checkSegments(twice, 2))
  })
})
