import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BLOCKS, dequantize, type QuantType } from '../../../../device/engine/model/dequantize.ts'

/** IEEE half precision by its definition, bit by bit. */
const half = (bits: number): number => {
  const e = Math.floor(bits / 1024) % 32
  const f = bits % 1024
  const sign = bits >= 32_768 ? -1 : 1
  if (e === 31) return f === 0 ? sign * Infinity : Number.NaN
  return e === 0 ? sign * f * 2 ** -24 : sign * (1 + f / 1024) * 2 ** (e - 15)
}

/** Number i of one block, straight from the format's description. */
const oracle: Record<QuantType, (block: number[], i: number) => number> = {
  F32: (b) => Buffer.from(b).readFloatLE(),
  F16: (b) => half(b[0]! + 256 * b[1]!),
  Q4_0: (b, i) => half(b[0]! + 256 * b[1]!) * (nibble(b, 2, i) - 8),
  Q4_1: (b, i) => half(b[0]! + 256 * b[1]!) * nibble(b, 4, i) + half(b[2]! + 256 * b[3]!),
  Q8_0: (b, i) => {
    const q = b[2 + i]!
    return half(b[0]! + 256 * b[1]!) * (q > 127 ? q - 256 : q)
  },
}
const nibble = (b: number[], start: number, i: number) =>
  i < 16 ? b[start + i]! % 16 : Math.floor(b[start + i - 16]! / 16)

test.each(Object.keys(BLOCKS) as QuantType[])(
  '%s agrees with its definition, to the last bit',
  (type) => {
    const { bytes, numbers } = BLOCKS[type]
    const blocks = fc.array(fc.uint8Array({ minLength: bytes, maxLength: bytes }), {
      minLength: 1,
      maxLength: 4,
    })
    fc.assert(
      fc.property(blocks, (list) => {
        const got = dequantize(type, Buffer.concat(list))
        const want = list.flatMap((block) =>
          Array.from({ length: numbers }, (_, i) => Math.fround(oracle[type]([...block], i))),
        )
        expect([...got]).toEqual(want)
      }),
    )
  },
)

test('bytes that do not begin at a multiple of four are read', () => {
  const bytes = new Uint8Array([9, ...new Uint8Array(Float32Array.of(1.5, -2).buffer)])
  expect([...dequantize('F32', bytes.subarray(1))]).toEqual([1.5, -2])
})

test('half a block is refused', () => {
  expect(() => dequantize('Q4_1', new Uint8Array(19))).toThrow(RangeError)
})
