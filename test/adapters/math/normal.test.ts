import { expect, test } from 'vitest'
import { erfc, normalCells } from '../../../adapters/math/normal.ts'

// Abramowitz & Stegun, tables 7.1 and 7.3; NIST DLMF 7.23 for the far tail.
test.each([
  [0, 1],
  [0.5, 0.4795001221869535],
  [1, 0.15729920705028513],
  [2, 0.004677734981047266],
  [2.5, 4.069520174449589e-4],
  [3, 2.209049699858544e-5],
  [5, 1.5374597944280349e-12],
  [10, 2.088487583762545e-45],
  [25, 8.300172571196523e-274],
])('erfc(%d)', (x, value) => {
  expect(Math.abs(erfc(x) / value - 1)).toBeLessThan(1e-11)
})

test('the cells of a normal distribution are exact in both tails, and sum to 1', () => {
  const edges = [Number.NEGATIVE_INFINITY, -12, -10, -1, 0, 1, 10, 12]
  const cells = normalCells(edges, 0, 1)
  expect(cells).toHaveLength(edges.length + 1)
  expect([...cells].reduce((a, b) => a + b)).toBeCloseTo(1, 14)
  expect(cells[0]).toBe(0)
  const tail = (erfc(10 / Math.SQRT2) - erfc(12 / Math.SQRT2)) / 2
  expect(cells[2]! / tail).toBeCloseTo(1, 10)
  expect(cells[7]! / tail).toBeCloseTo(1, 10)
  const shifted = normalCells([5, 7], 3, 2)
  expect(shifted[1]).toBeCloseTo((erfc(1 / Math.SQRT2) - erfc(2 / Math.SQRT2)) / 2, 14)
})
