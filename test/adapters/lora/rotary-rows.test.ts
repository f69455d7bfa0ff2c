import fc from 'fast-check'
import { expect, test } from 'vitest'
import { halfSplitRows, interleavedRows } from '../../../adapters/lora/rotary-rows.ts'
import { expectCode } from '../../support/expect-code.ts'

test('the halves of each head are woven into pairs', () => {
  // Two heads of four rows, one number a row.
  const rows = Float32Array.of(0, 1, 2, 3, 10, 11, 12, 13)
  expect([...interleavedRows(rows, 8, 2)]).toEqual([0, 2, 1, 3, 10, 12, 11, 13])
})

test('one order is the inverse of the other', () => {
  const sizes = fc.record({
    heads: fc.integer({ min: 1, max: 5 }),
    half: fc.integer({ min: 1, max: 6 }),
    width: fc.integer({ min: 1, max: 4 }),
  })
  fc.assert(
    fc.property(sizes, ({ heads, half, width }) => {
      const rows = heads * half * 2
      const data = Float32Array.from({ length: rows * width }, (_, i) => i)
      expect(halfSplitRows(interleavedRows(data, rows, heads), rows, heads)).toEqual(data)
      expect(interleavedRows(halfSplitRows(data, rows, heads), rows, heads)).toEqual(data)
    }),
  )
})

test('heads with an odd number of rows are refused', () => {
  expectCode('E_MODEL_FILE', () => halfSplitRows(new Float32Array(6), 6, 2))
})
