import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { GGUF_TYPES, type GgufType } from '../../../../adapters/formats/gguf.ts'
import { dequantize } from '../../../../device/engine/model/dequantize.ts'

// Random blocks and their float32 numbers by gguf-py 0.19 (quants.py); see
// test/vectors/gguf/make-blocks.py.
const vectors = JSON.parse(
  readFileSync(new URL('../../../vectors/gguf/blocks.json', import.meta.url), 'utf8'),
) as Record<string, { bytes: string; values: string }>

test('there is a vector for every format but plain float32', () => {
  const types = Object.keys(GGUF_TYPES).filter((type) => type !== 'F32')
  expect(Object.keys(vectors).sort()).toEqual(types.sort())
})

test.each(Object.keys(vectors) as GgufType[])("%s gives gguf-py's numbers, bit for bit", (type) => {
  const { bytes, values } = vectors[type]!
  const got = dequantize(type, Buffer.from(bytes, 'base64'))
  expect(Buffer.from(got.buffer).toString('base64')).toBe(values)
})

/** IEEE half precision by its definition, bit by bit. */
const half = (bits: number): number => {
  const e = Math.floor(bits / 1024) % 32
  const f = bits % 1024
  const sign = bits >= 32_768 ? -1 : 1
  if (e === 31) return f === 0 ? sign * Infinity : Number.NaN
  return e === 0 ? sign * f * 2 ** -24 : sign * (1 + f / 1024) * 2 ** (e - 15)
}
const scale = (b: number[], at: number) => half(b[at]! + 256 * b[at + 1]!)
const nibble = (b: number[], start: number, i: number) =>
  i < 16 ? b[start + i]! % 16 : Math.floor(b[start + i - 16]! / 16)
const bit = (b: number[], start: number, i: number) =>
  Math.floor(b[start + Math.floor(i / 8)]! / 2 ** (i % 8)) % 2

const LEVELS = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113]

/** Number i of one block, straight from the format's description. */
const oracle: Partial<Record<GgufType, (block: number[], i: number) => number>> = {
  F32: (b) => Buffer.from(b).readFloatLE(),
  F16: (b) => scale(b, 0),
  Q4_0: (b, i) => scale(b, 0) * (nibble(b, 2, i) - 8),
  Q4_1: (b, i) => scale(b, 0) * nibble(b, 4, i) + scale(b, 2),
  Q5_0: (b, i) => scale(b, 0) * (nibble(b, 6, i) + 16 * bit(b, 2, i) - 16),
  Q5_1: (b, i) => scale(b, 0) * (nibble(b, 8, i) + 16 * bit(b, 4, i)) + scale(b, 2),
  Q8_0: (b, i) => {
    const q = b[2 + i]!
    return scale(b, 0) * (q > 127 ? q - 256 : q)
  },
  IQ4_NL: (b, i) => scale(b, 0) * LEVELS[nibble(b, 2, i)]!,
  IQ4_XS: (b, i) => {
    const run = Math.floor(i / 32)
    const low = Math.floor(b[4 + Math.floor(run / 2)]! / 16 ** (run % 2)) % 16
    const high = bit(b, 2, 2 * run) + 2 * bit(b, 2, 2 * run + 1)
    return scale(b, 0) * (low + 16 * high - 32) * LEVELS[nibble(b, 8 + 16 * run, i % 32)]!
  },
}

test.each(Object.entries(oracle))('%s agrees with its definition, to the last bit', (name, at) => {
  const type = name as GgufType
  const { bytes, numbers } = GGUF_TYPES[type]
  const blocks = fc.array(fc.uint8Array({ minLength: bytes, maxLength: bytes }), {
    minLength: 1,
    maxLength: 4,
  })
  fc.assert(
    fc.property(blocks, (list) => {
      const got = dequantize(type, Buffer.concat(list))
      const want = list.flatMap((block) =>
        Array.from({ length: numbers }, (_, i) => Math.fround(at([...block], i))),
      )
      expect([...got]).toEqual(want)
    }),
  )
})

test('bytes that do not begin at a multiple of four are read', () => {
  const bytes = new Uint8Array([9, ...new Uint8Array(Float32Array.of(1.5, -2).buffer)])
  expect([...dequantize('F32', bytes.subarray(1))]).toEqual([1.5, -2])
})

test.each([
  ['Q4_1', 19],
  ['Q6_K', 209],
] as const)('half a block of %s is refused', (type, bytes) => {
  expect(() => dequantize(type, new Uint8Array(bytes))).toThrow(RangeError)
})
