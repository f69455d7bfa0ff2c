/** Number formats of GGUF tensors to float32, as ggml defines them (ggml-quants.c). */

import { float16 } from '../../../adapters/formats/float16.ts'
import { GGUF_TYPES, type GgufType } from '../../../adapters/formats/gguf.ts'
import { type Dequantize, half, iq4nl, iq4xs, q2k, q3k, q4k, q5k, q6k } from './k-quants.ts'

/** bytes: whole blocks as in the file (little-endian). RangeError when a block is cut. */
export const dequantize = (type: GgufType, bytes: Uint8Array): Float32Array => {
  const block = GGUF_TYPES[type]
  const blocks = bytes.length / block.bytes
  if (!Number.isInteger(blocks))
    throw new RangeError(`${type} needs blocks of ${block.bytes} bytes, got ${bytes.length} bytes`)
  const out = new Float32Array(blocks * block.numbers)
  kernels[type](bytes, out, float16Table())
  return out
}

/** A format in blocks of 32: d, m if it has one, the numbers' fifth bits if they have them (bit i is
 *  of number i), then 16 bytes: number j in the low half, j + 16 in the high half.
 *  y = d·(q − middle) + m. */
const blocksOf32 =
  (middle: number, hasMinimum: boolean, hasFifthBit: boolean): Dequantize =>
  (bytes, out, halves) => {
    const fifth = hasMinimum ? 4 : 2
    const low = fifth + (hasFifthBit ? 4 : 0)
    for (let at = 0, to = 0; to < out.length; at += low + 16, to += 32) {
      const d = half(bytes, at, halves)
      // Adding −0 changes no number, not even −0.
      const m = hasMinimum ? half(bytes, at + 2, halves) : -0
      const high = hasFifthBit ? word(bytes, at + fifth) : 0
      for (let j = 0; j < 16; j++) {
        const pair = bytes[at + low + j]!
        const first = (pair & 15) | (((high >>> j) & 1) << 4)
        const second = (pair >> 4) | (((high >>> (j + 16)) & 1) << 4)
        out[to + j] = d * (first - middle) + m
        out[to + 16 + j] = d * (second - middle) + m
      }
    }
  }

const kernels: Record<GgufType, Dequantize> = {
  F32: (bytes, out) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    for (let i = 0; i < out.length; i++) out[i] = view.getFloat32(4 * i, true)
  },
  F16: (bytes, out, halves) => {
    for (let i = 0; i < out.length; i++) out[i] = half(bytes, 2 * i, halves)
  },
  BF16: (bytes, out) => {
    const words = new Uint32Array(out.buffer)
    for (let i = 0; i < words.length; i++)
      words[i] = (bytes[2 * i]! << 16) | (bytes[2 * i + 1]! << 24)
  },
  Q4_0: blocksOf32(8, false, false),
  Q4_1: blocksOf32(0, true, false),
  Q5_0: blocksOf32(16, false, true),
  Q5_1: blocksOf32(0, true, true),
  // y = d·q with signed bytes.
  Q8_0: (bytes, out, halves) => {
    for (let at = 0, to = 0; to < out.length; at += 34, to += 32) {
      const d = half(bytes, at, halves)
      for (let j = 0; j < 32; j++) out[to + j] = d * ((bytes[at + 2 + j]! << 24) >> 24)
    }
  },
  Q2_K: q2k,
  Q3_K: q3k,
  Q4_K: q4k,
  Q5_K: q5k,
  Q6_K: q6k,
  IQ4_NL: iq4nl,
  IQ4_XS: iq4xs,
}

const word = (bytes: Uint8Array, at: number): number =>
  bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)

/** All 65,536 float16 values, made once: tensors have millions of scales. */
const float16Table = (): Float32Array => {
  halves ??= Float32Array.from({ length: 65_536 }, (_, bits) => float16(bits))
  return halves
}
let halves: Float32Array | undefined
