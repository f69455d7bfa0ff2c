import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  axpy,
  clipNorm32,
  difference32,
  dot,
  isFiniteVector,
  norm,
  scaleBy,
  sum32,
} from '../../../adapters/math/vector.ts'

describe('vectors', () => {
  test('sums of float32 numbers are accumulated in float64', () => {
    const ones = new Float32Array(3).fill(1)
    // In float32, 2²⁴ + 1 + 1 would stay 2²⁴.
    expect(dot(Float32Array.of(2 ** 24, 1, 1), ones)).toBe(2 ** 24 + 2)
  })

  test('the norm of (3, 4) is 5', () => {
    expect(norm(Float32Array.of(3, 4))).toBe(5)
  })

  test('axpy and scaleBy change their first argument only', () => {
    const y = Float64Array.of(1, 2)
    const x = Float64Array.of(10, 20)
    axpy(y, 0.5, x)
    scaleBy(y, 2)
    expect([...y]).toEqual([12, 24])
    expect([...x]).toEqual([10, 20])
  })

  test('difference32 undoes sum32 where float32 is exact', () => {
    const a = Float32Array.of(1.5, -2)
    const b = Float32Array.of(0.25, 8)
    expect(difference32(sum32(a, b), b)).toEqual(a)
  })

  test('a clipped vector is never longer than the limit, and keeps its direction', () => {
    const vectors = fc.float32Array({
      minLength: 1,
      maxLength: 20,
      noNaN: true,
      min: -1e6,
      max: 1e6,
    })
    fc.assert(
      fc.property(vectors, fc.double({ min: 1e-3, max: 1e3, noNaN: true }), (a, limit) => {
        const clipped = clipNorm32(a, limit)
        expect(norm(clipped)).toBeLessThanOrEqual(limit)
        if (norm(a) <= limit) expect(clipped).toEqual(a)
        else expect(dot(clipped, a) / norm(a)).toBeGreaterThan(limit * (1 - 1e-6))
      }),
    )
  })

  test('sizes must agree', () => {
    for (const call of [dot, sum32, difference32])
      expect(() => call(new Float32Array(2), new Float32Array(3))).toThrow(RangeError)
    expect(() => axpy(new Float32Array(2), 1, new Float32Array(3))).toThrow(RangeError)
  })

  test.each([
    [[], true],
    [[0, -1], true],
    [[0, Number.NaN], false],
    [[Number.NEGATIVE_INFINITY], false],
  ])('%j finite: %s', (values, expected) => {
    expect(isFiniteVector(Float32Array.from(values))).toBe(expected)
  })
})
