import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  decodeValues,
  Encoding,
  encodedBytes,
  encodeValues,
} from '../../../adapters/formats/encoding.ts'
import { float16, float16Bits } from '../../../adapters/formats/float16.ts'
import { seededRng } from '../../../adapters/random.ts'
import { expectCode } from '../../support/expect-code.ts'
import { randomVector } from '../../support/numbers.ts'

const roundTrip = (encoding: Encoding, values: ArrayLike<number>, seed = 'a'): Float32Array => {
  const out = new Float32Array(values.length)
  decodeValues(encoding, encodeValues(encoding, values, seededRng(seed)), out)
  return out
}

describe('float16', () => {
  test('every number of 16 bits comes back', () => {
    for (let bits = 0; bits < 65_536; bits++) {
      const value = float16(bits)
      if (Number.isNaN(value)) expect(Number.isNaN(float16(float16Bits(value)))).toBe(true)
      else expect(float16Bits(value)).toBe(bits)
    }
  })

  // IEEE 754-2019, 3.6 and 4.3.1: largest 65504, halfway to the next power is infinite.
  test.each([
    [65_504, 0x7bff],
    [65_519, 0x7bff],
    [65_520, 0x7c00],
    [-65_520, 0xfc00],
    [1 + 2 ** -11, 0x3c00],
    [1 + 3 * 2 ** -11, 0x3c02],
    [2 ** -24, 0x0001],
    [2 ** -25, 0x0000],
    [1.5 * 2 ** -24, 0x0002],
    [(1 - 2 ** -12) * 2 ** -14, 0x0400],
  ])('%d rounds to the nearest, ties to even', (value, bits) => {
    expect(float16Bits(value)).toBe(bits)
  })

  test('a number that it cannot hold is refused', () => {
    expect(() => encodeValues('float16', [65_505], seededRng(1))).toThrow(RangeError)
  })
})

describe.each(Encoding.options)('%s', (encoding) => {
  test('takes as many bytes as it says, a multiple of four, for any size', () => {
    for (const size of [1, 2, 3, 63, 64, 65, 127, 1024]) {
      const bytes = encodeValues(encoding, new Float32Array(size).fill(0.5), seededRng(1))
      expect(bytes.length).toBe(encodedBytes(encoding, size))
      expect(bytes.length % 4).toBe(0)
      expect(roundTrip(encoding, new Float32Array(size))).toEqual(new Float32Array(size))
    }
  })

  test('no number moves by more than a step of its block', () => {
    const steps = { float16: 2 ** -11, int8: 1 / 127, int4: 1 / 7 }
    fc.assert(
      fc.property(
        fc.float32Array({ noNaN: true, max: 60_000, min: -60_000, minLength: 1, maxLength: 200 }),
        (values) => {
          const out = roundTrip(encoding, values)
          for (let start = 0; start < values.length; start += 64) {
            const block = values.subarray(start, start + 64)
            const largest = block.reduce((most, x) => Math.max(most, Math.abs(x)), 0)
            // Tolerance: the scale has 17 bits, and float16 has no numbers between multiples of 2⁻²⁴.
            for (const [i, x] of block.entries())
              expect(Math.abs(out[start + i]! - x)).toBeLessThanOrEqual(
                largest * steps[encoding] * (1 + 2 ** -15) + 2 ** -24,
              )
          }
        },
      ),
    )
  })

  test('what was decoded is encoded to the same bytes again, whatever is drawn', () => {
    const values = randomVector(seededRng(encoding), 1000, 0.1)
    for (const [i, by] of [1e-25, 1e-3, 1, 300].entries()) {
      const once = roundTrip(encoding, encoding === 'float16' ? values : values.map((x) => x * by))
      const [one, other] = [1, 2].map((seed) => encodeValues(encoding, once, seededRng(seed + i)))
      expect(one).toEqual(other)
      expect(roundTrip(encoding, once, 'b')).toEqual(once)
    }
  })

  test('what fills it up must be zero', () => {
    const bytes = encodeValues(encoding, [1, 2, 3], seededRng(1))
    if (encodedBytes(encoding, 3) === bytes.length) bytes[bytes.length - 1] = 1
    expectCode('E_CONTAINER', () => decodeValues(encoding, bytes, new Float32Array(3)))
  })
})

test.each(['int8', 'int4'] as const)(
  '%s: over many devices the mean is the number itself',
  (encoding) => {
    const values = randomVector(seededRng('values'), 200, 1)
    const sum = new Float64Array(values.length)
    const devices = 4000
    for (let i = 0; i < devices; i++)
      for (const [j, x] of roundTrip(encoding, values, `device/${i}`).entries()) sum[j]! += x
    const largest = Math.max(...values.map(Math.abs))
    const step = largest / (encoding === 'int8' ? 127 : 7)
    // Five standard deviations of the mean: one rounding has at most step/2.
    for (const [j, x] of values.entries())
      expect(Math.abs(sum[j]! / devices - x)).toBeLessThan((5 * step) / 2 / Math.sqrt(devices))
  },
)
