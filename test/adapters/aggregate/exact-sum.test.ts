import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createExactSum } from '../../../adapters/aggregate/exact-sum.ts'
import { seededRng } from '../../../adapters/random.ts'
import { expectCode } from '../../support/expect-code.ts'
import { largestDifference } from '../../support/numbers.ts'

const addends = fc.array(
  fc.record({
    vector: fc.tuple(
      fc.float({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }),
      fc.float({
        noNaN: true,
        noDefaultInfinity: true,
        min: -Math.fround(1e-3),
        max: Math.fround(1e-3),
      }),
      fc.float({ noNaN: true, noDefaultInfinity: true, min: -1, max: 1 }),
    ),
    weight: fc.oneof(fc.nat(1000), fc.double({ min: 0, max: 10, noNaN: true })),
  }),
  { minLength: 1, maxLength: 40 },
)

type Addend = { vector: [number, number, number]; weight: number }

const sumOf = (items: readonly Addend[]) => {
  const total = createExactSum(3)
  for (const { vector, weight } of items) total.add(Float32Array.from(vector), weight)
  return total
}

/** An exact sum of the same addends, as integers of 2⁻¹⁰⁷⁴. */
const exactSum = (values: readonly number[]): number => {
  const scaled = values.map((v) => {
    const [mantissa, exponent] = split(v)
    return mantissa << BigInt(exponent + 1074)
  })
  const total = scaled.reduce((a, b) => a + b, 0n)
  // Dividing in two steps keeps the quotient inside a double.
  return Number(total / 2n ** 900n) / 2 ** 174 + Number(total % 2n ** 900n) / 2 ** 900 / 2 ** 174
}

/** v = mantissa·2^exponent. */
const split = (v: number): [bigint, number] => {
  if (v === 0) return [0n, 0]
  const exponent = Math.max(-1074, Math.floor(Math.log2(Math.abs(v))) - 53)
  return [BigInt(v / 2 ** exponent), exponent]
}

describe('an exact sum', () => {
  test('gives the same bytes in whatever order', () => {
    fc.assert(
      fc.property(addends, fc.nat(), (items, seed) => {
        const [sum, shuffled] = [sumOf(items), sumOf(seededRng(seed).shuffle(items))]
        expect(shuffled.sum()).toEqual(sum.sum())
        expect([shuffled.count(), shuffled.weight()]).toEqual([items.length, sum.weight()])
      }),
    )
  })

  test('is within 2⁻⁴³ an addend of the exact sum', () => {
    fc.assert(
      fc.property(addends, (items) => {
        const sum = sumOf(items).sum()
        for (let i = 0; i < 3; i++) {
          const exact = exactSum(
            items.map(
              ({ vector, weight }) => vector[i]! * (Math.round(weight * 2 ** 20) / 2 ** 20),
            ),
          )
          const allowed = items.length * 2 ** -43 + Math.abs(exact) * 2 ** -52
          expect(Math.abs(sum[i]! - exact)).toBeLessThanOrEqual(allowed)
        }
      }),
    )
  })

  test('adds what float64 alone would lose', () => {
    const total = createExactSum(1)
    total.add(Float64Array.of(2 ** 40), 1)
    for (let i = 0; i < 8; i++) total.add(Float64Array.of(2 ** -13), 1)
    total.add(Float64Array.of(-(2 ** 40)), 1)
    expect(total.sum()[0]).toBe(2 ** -10)
  })

  test('weighs its mean', () => {
    const total = createExactSum(2)
    total.add(Float32Array.of(1, 0), 1)
    total.add(Float32Array.of(0, 4), 3)
    expect([...total.mean()]).toEqual([0.25, 3])
    expect(total.weight()).toBe(4)
    expect(() => createExactSum(2).mean()).toThrow(RangeError)
  })

  test('with many addends agrees with a plain loop to 1e-9', () => {
    const rng = seededRng(4)
    const total = createExactSum(5)
    const plain = new Float64Array(5)
    for (let n = 0; n < 2000; n++) {
      const vector = Float32Array.from({ length: 5 }, () => rng.normal())
      const weight = rng.int(100)
      total.add(vector, weight)
      for (let i = 0; i < 5; i++) plain[i]! += weight * vector[i]!
    }
    expect(largestDifference(total.sum(), plain)).toBeLessThan(1e-9)
  })

  test.each([
    ['another size', 'E_SHAPE', Float32Array.of(1)],
    ['NaN', 'E_NOT_FINITE', Float32Array.of(1, Number.NaN)],
    ['infinity', 'E_NOT_FINITE', Float32Array.of(Number.NEGATIVE_INFINITY, 1)],
    ['numbers past the bound', 'E_NORM', Float32Array.of(1, 1e13)],
  ] as const)('refuses %s with %s and stays as it was', (_, code, vector) => {
    const total = createExactSum(2)
    total.add(Float32Array.of(1, 2), 1)
    expectCode(code, () => total.add(vector, 1))
    expect([[...total.sum()], total.count(), total.weight()]).toEqual([[1, 2], 1, 1])
    // Nor has the refused addend used up the bound.
    total.add(Float64Array.of(2 ** 42 - 2, 0), 1)
  })

  test.each([-1, Number.NaN, Number.POSITIVE_INFINITY])('refuses the weight %d', (weight) => {
    expect(() => createExactSum(1).add(Float32Array.of(1), weight)).toThrow(RangeError)
  })

  test('counts the addends together against the bound', () => {
    const total = createExactSum(1)
    total.add(Float64Array.of(2 ** 41), 1)
    total.add(Float64Array.of(-(2 ** 41)), 1)
    expectCode('E_NORM', () => total.add(Float64Array.of(1), 1))
  })
})
