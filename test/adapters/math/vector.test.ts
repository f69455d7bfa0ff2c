import { describe, expect, test } from 'vitest'
import { axpy, dot, isFiniteVector, norm, scaleBy } from '../../../adapters/math/vector.ts'

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

  test('sizes must agree', () => {
    expect(() => dot(new Float32Array(2), new Float32Array(3))).toThrow(RangeError)
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
