import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createFold, restoreFold } from '../../../adapters/aggregate/exact-sum.ts'
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

const foldOf = (items: readonly Addend[]) => {
  const fold = createFold(3)
  for (const { vector, weight } of items) fold.add(Float32Array.from(vector), weight)
  return fold
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

describe('a fold', () => {
  test('gives the same bytes in whatever order, and whether or not it was restored on the way', () => {
    fc.assert(
      fc.property(addends, fc.nat(), (items, seed) => {
        const expected = foldOf(items).snapshot()
        const order = seededRng(seed).shuffle(items)
        const half = Math.floor(order.length / 2)
        const restored = restoreFold(foldOf(order.slice(0, half)).snapshot())
        for (const { vector, weight } of order.slice(half))
          restored.add(Float32Array.from(vector), weight)
        expect(restored.sum()).toEqual(foldOf(items).sum())
        // The running bound is the one number of a snapshot that may differ in its last bit.
        expect(restored.snapshot().slice(32)).toEqual(expected.slice(32))
        expect([restored.count(), restored.weight()]).toEqual([
          items.length,
          foldOf(items).weight(),
        ])
      }),
    )
  })

  test('is within 2⁻⁴³ an addend of the exact sum', () => {
    fc.assert(
      fc.property(addends, (items) => {
        const sum = foldOf(items).sum()
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
    const fold = createFold(1)
    fold.add(Float64Array.of(2 ** 40), 1)
    for (let i = 0; i < 8; i++) fold.add(Float64Array.of(2 ** -13), 1)
    fold.add(Float64Array.of(-(2 ** 40)), 1)
    expect(fold.sum()[0]).toBe(2 ** -10)
  })

  test('weighs its mean', () => {
    const fold = createFold(2)
    fold.add(Float32Array.of(1, 0), 1)
    fold.add(Float32Array.of(0, 4), 3)
    expect([...fold.mean()]).toEqual([0.25, 3])
    expect(fold.weight()).toBe(4)
    expect(() => createFold(2).mean()).toThrow(RangeError)
  })

  test('with many addends agrees with a plain loop to 1e-9', () => {
    const rng = seededRng(4)
    const fold = createFold(5)
    const plain = new Float64Array(5)
    for (let n = 0; n < 2000; n++) {
      const vector = Float32Array.from({ length: 5 }, () => rng.normal())
      const weight = rng.int(100)
      fold.add(vector, weight)
      for (let i = 0; i < 5; i++) plain[i]! += weight * vector[i]!
    }
    expect(largestDifference(fold.sum(), plain)).toBeLessThan(1e-9)
  })

  test.each([
    ['another size', 'E_SHAPE', Float32Array.of(1)],
    ['NaN', 'E_NOT_FINITE', Float32Array.of(1, Number.NaN)],
    ['infinity', 'E_NOT_FINITE', Float32Array.of(Number.NEGATIVE_INFINITY, 1)],
    ['numbers past the bound', 'E_NORM', Float32Array.of(1, 1e13)],
  ] as const)('refuses %s with %s and stays as it was', (_, code, vector) => {
    const fold = createFold(2)
    fold.add(Float32Array.of(1, 2), 1)
    const before = fold.snapshot()
    expectCode(code, () => fold.add(vector, 1))
    expect(fold.snapshot()).toEqual(before)
  })

  test.each([-1, Number.NaN, Number.POSITIVE_INFINITY])('refuses the weight %d', (weight) => {
    expect(() => createFold(1).add(Float32Array.of(1), weight)).toThrow(RangeError)
  })

  test('counts the addends together against the bound', () => {
    const fold = createFold(1)
    fold.add(Float64Array.of(2 ** 41), 1)
    fold.add(Float64Array.of(-(2 ** 41)), 1)
    expectCode('E_NORM', () => fold.add(Float64Array.of(1), 1))
  })

  test.each([
    ['nothing', new Uint8Array()],
    ['a cut snapshot', createFold(2).snapshot().subarray(0, 40)],
    ['bytes that are no numbers', new Uint8Array(33)],
    ['a size that is not whole', new Uint8Array(Float64Array.of(0.5, 0, 0, 0, 0).buffer)],
    ['NaN', new Uint8Array(Float64Array.of(1, 0, 0, 0, Number.NaN, 0).buffer)],
  ])('is not restored from %s', (_, bytes) => {
    expectCode('E_CONTAINER', () => restoreFold(bytes))
  })
})
