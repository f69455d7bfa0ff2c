/** Number formats of GGUF tensors to float32. Block formats as ggml defines them: 32 numbers share a float16 scale. */
import { float16 } from '../../../adapters/codec/safetensors.ts'

export type QuantType = 'F32' | 'F16' | 'Q4_0' | 'Q4_1' | 'Q8_0'

/** GGUF's number of each type that is read. */
export const QUANT_TYPES: Readonly<Record<number, QuantType>> = {
  0: 'F32',
  1: 'F16',
  2: 'Q4_0',
  3: 'Q4_1',
  8: 'Q8_0',
}

/** numbers per block and bytes per block. */
export const BLOCKS: Readonly<
  Record<QuantType, { readonly numbers: number; readonly bytes: number }>
> = {
  F32: { numbers: 1, bytes: 4 },
  F16: { numbers: 1, bytes: 2 },
  Q4_0: { numbers: 32, bytes: 18 },
  Q4_1: { numbers: 32, bytes: 20 },
  Q8_0: { numbers: 32, bytes: 34 },
}

/** bytes: whole blocks, as they lie in the file (little-endian) -> one number each. RangeError when a block is cut. */
export const dequantize = (type: QuantType, bytes: Uint8Array): Float32Array => {
  const block = BLOCKS[type]
  const blocks = bytes.length / block.bytes
  if (!Number.isInteger(blocks))
    throw new RangeError(`${type} needs blocks of ${block.bytes} bytes, got ${bytes.length} bytes`)
  const out = new Float32Array(blocks * block.numbers)
  kernels[type](bytes, out)
  return out
}

type Kernel = (bytes: Uint8Array, out: Float32Array) => void

const kernels: Record<QuantType, Kernel> = {
  F32: (bytes, out) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    for (let i = 0; i < out.length; i++) out[i] = view.getFloat32(4 * i, true)
  },
  F16: (bytes, out) => {
    for (let i = 0; i < out.length; i++) out[i] = halfAt(bytes, 2 * i)
  },
  // y = d·(q − 8); byte j of a block holds number j (low half) and number j + 16 (high half).
  Q4_0: (bytes, out) => {
    for (let at = 0, to = 0; to < out.length; at += 18, to += 32) {
      const d = halfAt(bytes, at)
      for (let j = 0; j < 16; j++) {
        const pair = bytes[at + 2 + j]!
        out[to + j] = d * ((pair & 15) - 8)
        out[to + 16 + j] = d * ((pair >> 4) - 8)
      }
    }
  },
  // y = d·q + m, the same order of halves.
  Q4_1: (bytes, out) => {
    for (let at = 0, to = 0; to < out.length; at += 20, to += 32) {
      const d = halfAt(bytes, at)
      const m = halfAt(bytes, at + 2)
      for (let j = 0; j < 16; j++) {
        const pair = bytes[at + 4 + j]!
        out[to + j] = d * (pair & 15) + m
        out[to + 16 + j] = d * (pair >> 4) + m
      }
    }
  },
  // y = d·q with signed bytes.
  Q8_0: (bytes, out) => {
    for (let at = 0, to = 0; to < out.length; at += 34, to += 32) {
      const d = halfAt(bytes, at)
      for (let j = 0; j < 32; j++) out[to + j] = d * ((bytes[at + 2 + j]! << 24) >> 24)
    }
  },
}

/** All 65,536 float16 values; building it costs a millisecond, and F16 tensors have millions of numbers. */
let halves: Float32Array | undefined
const halfAt = (bytes: Uint8Array, at: number): number => {
  halves ??= Float32Array.from({ length: 65_536 }, (_, bits) => float16(bits))
  return halves[bytes[at]! | (bytes[at + 1]! << 8)]!
}
