import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createExactSum, type ExactSum } from '../../../adapters/aggregate/exact-sum.ts'
import {
  BLOCK,
  type FoldKernel,
  foldKernel,
  plainKernel,
  simdKernel,
} from '../../../adapters/aggregate/fold-kernel.ts'
import { decodePartial, encodePartial } from '../../../adapters/aggregate/partial-sum.ts'
import { encodeContainer, viewContainer } from '../../../adapters/container/container.ts'
import { seededRng } from '../../../adapters/random.ts'
import { expectCode } from '../../support/expect-code.ts'

type Addend = { readonly vector: Float32Array; readonly weight: number }
type Kernel = (size: number) => FoldKernel

const simd: Kernel = (size) => {
  const kernel = simdKernel(size)
  if (!kernel) throw new Error('this machine has no SIMD')
  return kernel
}
const KERNELS: readonly (readonly [string, Kernel])[] = [
  ['SIMD', simd],
  ['the plain loop', plainKernel],
]

/** What decides a rounding: halves of a step and their neighbours, tiny, large, and the bounds. */
const HARD = [
  ...[0, -0, 2 ** -43, -(2 ** -43), 3 * 2 ** -43, -3 * 2 ** -43, 2 ** -149, -(2 ** -149)],
  ...[2 ** -43 + 2 ** -66, 2 ** -43 - 2 ** -67, -(2 ** -43) - 2 ** -66, 2 ** -42, 2 ** -11],
  ...[511.99997, 512, 512.0001, -1024, 2 ** 20, -(2 ** 21), 2 ** 30 - 2 ** 6, -(2 ** 31)],
].map(Math.fround)

const number = fc.oneof(
  fc.constantFrom(...HARD),
  fc.float({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }),
  fc.integer({ min: -(2 ** 24), max: 2 ** 24 }).map((n) => n * 2 ** -43),
)
const weight = fc.oneof(
  fc.nat(64),
  fc.double({ min: 0, max: 100, noNaN: true }),
  fc.constant(2 ** -20),
)
const SIZE = 5
const addend = fc.record({
  vector: fc.array(number, { minLength: SIZE, maxLength: SIZE }).map((v) => Float32Array.from(v)),
  weight,
})
const addends = fc.array(addend, { minLength: 1, maxLength: 12 })

/** floor(x·2⁴² + ½) of a float64, from its bits. */
const stepsOf = (x: number): bigint => {
  const bits = new BigUint64Array(Float64Array.of(x).buffer)[0]!
  const exponent = Number((bits >> 52n) & 0x7ffn)
  const fraction = bits & 0xfffffffffffffn
  const magnitude = exponent === 0 ? fraction : fraction | (1n << 52n)
  const mantissa = bits >> 63n ? -magnitude : magnitude
  // x = mantissa·2^shift half steps; >> rounds down, also below zero.
  const shift = BigInt(Math.max(exponent, 1) - 1075 + 43)
  const halves = shift >= 0n ? mantissa << shift : mantissa >> -shift
  return (halves + 1n) >> 1n
}

/** The sum as whole steps. */
const oracle = (items: readonly Addend[], i: number): bigint =>
  items.reduce((sum, item) => {
    const factor = Math.round(item.weight * 2 ** 20) / 2 ** 20
    return sum + stepsOf(item.vector[i]! * factor)
  }, 0n)

const sumOf = (items: readonly Addend[], kernel: Kernel, size = SIZE): ExactSum => {
  const total = createExactSum(size, kernel)
  for (const item of items) total.add(item.vector, item.weight)
  return total
}

const bytesOf = (sum: ExactSum) => Buffer.from(encodePartial(sum.partial())).toString('hex')

describe.each(KERNELS)('an exact sum by %s', (_, kernel) => {
  test('is the sum of whole numbers of any size, rounded once', () => {
    fc.assert(
      fc.property(addends, (items) => {
        const sum = sumOf(items, kernel).sum()
        // Number() of a whole number of any size rounds to the nearest float64.
        expect([...sum]).toEqual(
          Array.from({ length: SIZE }, (_, i) => Number(oracle(items, i)) / 2 ** 42),
        )
      }),
      { numRuns: 150 },
    )
  })

  test('has the same bytes in any order, split in any way, merged in any order', () => {
    fc.assert(
      fc.property(addends, fc.nat(), fc.integer({ min: 1, max: 4 }), (items, seed, parts) => {
        const rng = seededRng(seed)
        const shuffled = rng.shuffle(items)
        const partials = Array.from({ length: parts }, (_, part) =>
          sumOf(
            shuffled.filter((_, i) => i % parts === part),
            part % 2 === 0 ? kernel : plainKernel,
          ).partial(),
        )
        const merged = createExactSum(SIZE, kernel)
        for (const partial of rng.shuffle(partials))
          merged.merge(rng.int(2) ? partial : decodePartial(encodePartial(partial)))
        const flat = sumOf(items, kernel)
        expect(bytesOf(merged)).toBe(bytesOf(flat))
        expect(merged.sum()).toEqual(flat.sum())
      }),
      { numRuns: 100 },
    )
  })

  test.each([1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 17])(
    'adds every one of %d numbers',
    (size) => {
      const rng = seededRng(size)
      const items = Array.from({ length: 4 }, (_, k) => ({
        vector: Float32Array.from({ length: size }, () => rng.normal() * 10 ** (3 * k - 8)),
        weight: k + 0.3,
      }))
      const sum = sumOf(items, kernel, size).sum()
      for (let i = 0; i < size; i++)
        if (sum[i] !== Number(oracle(items, i)) / 2 ** 42) expect(`number ${i}`).toBe('the oracle')
    },
  )

  test.each([
    ['NaN', Number.NaN, 'E_NOT_FINITE'],
    ['infinity', Number.NEGATIVE_INFINITY, 'E_NOT_FINITE'],
    ['what passes the bound', 3e38, 'E_NORM'],
  ] as const)('takes back what it has added when %s comes last', (_, last, code) => {
    const size = 3 * BLOCK
    const rng = seededRng(7)
    const total = createExactSum(size, kernel)
    total.add(
      Float32Array.from({ length: size }, () => rng.normal()),
      3,
    )
    const before = bytesOf(total)
    const bad = Float32Array.from({ length: size }, (_, i) => rng.normal() * (i < BLOCK ? 1e6 : 1))
    bad[size - 1] = last
    expectCode(code, () => total.add(bad, 2.5))
    expect(bytesOf(total)).toBe(before)
    // And it goes on as if nothing had come.
    total.add(new Float32Array(size).fill(1), 1)
    expect(total.count()).toBe(2)
  })

  test('carries before a float64 would round', () => {
    const total = createExactSum(2, kernel)
    // 2⁻⁴² beside 500·40 would need 57 bits.
    for (let i = 0; i < 40; i++) total.add(Float32Array.of(500, 2 ** -42), 1)
    total.add(Float32Array.of(2 ** -42, 500), 1)
    for (let i = 0; i < 40; i++) total.add(Float32Array.of(-500, -(2 ** -42)), 1)
    expect([...total.sum()]).toEqual([2 ** -42, 500])
  })

  test('is exact at its bounds', () => {
    const total = createExactSum(2, kernel)
    for (const sign of [1, -1])
      total.add(Float32Array.of(sign * (2 ** 41 - 2 ** 17), sign * 2 ** -42), 1)
    total.add(Float32Array.of(-(2 ** -42), 2 ** 17), 1)
    expect([...total.sum()]).toEqual([-(2 ** -42), 2 ** 17])
    expectCode('E_NORM', () => total.add(Float32Array.of(2 ** 18, 0), 1))
  })
})

test('a large sum takes SIMD where the machine has it, a small one the plain loop', () => {
  const isWasm = (size: number) => foldKernel(size).steps.buffer.byteLength % 65_536 === 0
  expect([isWasm(100), isWasm(10 * BLOCK)]).toEqual([false, true])
})

test('two sums that are as full as they can be merge exactly', () => {
  const [a, b] = [createExactSum(1), createExactSum(1)]
  for (const sum of [a, b]) {
    for (let i = 0; i < 4; i++) sum.add(Float32Array.of(511.875), 1)
    sum.add(Float32Array.of(2 ** -42), 1)
  }
  for (let i = 0; i < 3; i++) a.merge(b.partial())
  for (let i = 0; i < 16; i++) a.add(Float32Array.of(-511.875), 1)
  expect(a.sum()[0]).toBe(4 * 2 ** -42)
})

describe('a partial sum', () => {
  const partial = () => sumOf([{ vector: Float32Array.of(1, -2, 3), weight: 2 }], plainKernel, 3)

  test('of small numbers has one digit each, of none none, of large ones up to three', () => {
    const digits = (x: number) =>
      viewContainer(
        encodePartial(
          sumOf([{ vector: Float32Array.of(x, 0), weight: 1 }], plainKernel, 2).partial(),
        ),
      ).payload.length / 2
    expect([0, 2 ** -12, 1, 2 ** 30, -(2 ** 40)].map(digits)).toEqual([0, 1, 2, 3, 3])
  })

  test('is refused where size, weight, count or bound do not allow it, and changes nothing', () => {
    const total = partial()
    const given = total.partial()
    const before = bytesOf(total)
    expectCode('E_SHAPE', () => total.merge({ ...given, size: 2 }))
    expectCode('E_NORM', () => total.merge({ ...given, bound: 2 ** 42 }))
    expect(() => total.merge({ ...given, weight: 2 ** 32 })).toThrow(RangeError)
    expect(() => total.merge({ ...given, count: 2 ** 20 })).toThrow(RangeError)
    expect(bytesOf(total)).toBe(before)
  })

  test.each([
    ['numbers beyond the bound', 'E_NORM', { bound: 1 }, 3],
    ['another size', 'E_SHAPE', { size: 2 }, 3],
    ['too many digits', 'E_SHAPE', {}, 12],
    ['a negative count', 'E_CONTAINER', { count: -1 }, 3],
    ['a weight beyond all', 'E_CONTAINER', { weight: 2 ** 33 }, 3],
  ] as const)('whose bytes have %s is refused with %s', (_, code, header, length) => {
    const payload = new Float32Array(new Int32Array(length).fill(2 ** 30).buffer)
    const totals = { kind: 'partial', size: 3, weight: 1, count: 1, bound: 2 ** 40, ...header }
    if (code === 'E_NORM') payload.set(new Float32Array(new Int32Array(3).fill(2 ** 31 - 1).buffer))
    const large = new Float32Array([...payload, ...payload])
    const bytes = encodeContainer(totals, code === 'E_NORM' ? large : payload)
    expectCode(code, () => decodePartial(bytes))
  })
})
