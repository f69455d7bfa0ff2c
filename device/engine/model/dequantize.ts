/** Number formats of GGUF tensors to float32, as ggml defines them (ggml-quants.c). */
import { GGUF_TYPES, type GgufType } from '../../../adapters/formats/gguf.ts'
import { float16 } from '../../../adapters/formats/safetensors.ts'
import { type Dequantize, iq4nl, iq4xs, q2k, q3k, q4k, q5k, q6k } from './k-quants.ts'

/** bytes: whole blocks, as they lie in the file (little-endian) -> one number each. RangeError when
 *  a block is cut. */
export const dequantize = (type: GgufType, bytes: Uint8Array): Float32Array => {
  const block = GGUF_TYPES[type]
  const blocks = bytes.length / block.bytes
  if (!Number.isInteger(blocks))
    throw new RangeError(`${type} needs blocks of ${block.bytes} bytes, got ${bytes.length} bytes`)
  const out = new Float32Array(blocks * block.numbers)
  kernels[type](bytes, out, float16Table())
  return out
}

const half = (bytes: Uint8Array, at: number, halves: Float32Array): number =>
  halves[bytes[at]! | (bytes[at + 1]! << 8)]!

/** In the formats of 32, byte j of the numbers holds number j (low half) and number j + 16 (high
 *  half). */
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
  // y = d·(q − 8).
  Q4_0: (bytes, out, halves) => {
    for (let at = 0, to = 0; to < out.length; at += 18, to += 32) {
      const d = half(bytes, at, halves)
      for (let j = 0; j < 16; j++) {
        const pair = bytes[at + 2 + j]!
        out[to + j] = d * ((pair & 15) - 8)
        out[to + 16 + j] = d * ((pair >> 4) - 8)
      }
    }
  },
  // y = d·q + m.
  Q4_1: (bytes, out, halves) => {
    for (let at = 0, to = 0; to < out.length; at += 20, to += 32) {
      const d = half(bytes, at, halves)
      const m = half(bytes, at + 2, halves)
      for (let j = 0; j < 16; j++) {
        const pair = bytes[at + 4 + j]!
        out[to + j] = d * (pair & 15) + m
        out[to + 16 + j] = d * (pair >> 4) + m
      }
    }
  },
  // y = d·(q − 16); bit i of the 32 after d is the fifth bit of number i.
  Q5_0: (bytes, out, halves) => {
    for (let at = 0, to = 0; to < out.length; at += 22, to += 32) {
      const d = half(bytes, at, halves)
      const high = word(bytes, at + 2)
      for (let j = 0; j < 16; j++) {
        const pair = bytes[at + 6 + j]!
        out[to + j] = d * (((pair & 15) | (((high >>> j) & 1) << 4)) - 16)
        out[to + 16 + j] = d * (((pair >> 4) | (((high >>> (j + 16)) & 1) << 4)) - 16)
      }
    }
  },
  // y = d·q + m.
  Q5_1: (bytes, out, halves) => {
    for (let at = 0, to = 0; to < out.length; at += 24, to += 32) {
      const d = half(bytes, at, halves)
      const m = half(bytes, at + 2, halves)
      const high = word(bytes, at + 4)
      for (let j = 0; j < 16; j++) {
        const pair = bytes[at + 8 + j]!
        out[to + j] = d * ((pair & 15) | (((high >>> j) & 1) << 4)) + m
        out[to + 16 + j] = d * ((pair >> 4) | (((high >>> (j + 16)) & 1) << 4)) + m
      }
    }
  },
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

/** All 65,536 float16 values; building it costs a millisecond, and tensors have millions of
 *  scales. */
const float16Table = (): Float32Array => {
  halves ??= Float32Array.from({ length: 65_536 }, (_, bits) => float16(bits))
  return halves
}
let halves: Float32Array | undefined
