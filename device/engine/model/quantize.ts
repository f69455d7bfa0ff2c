/** Rounds a weight matrix to 4 or 8 bits in blocks of 32 (the layout of ONNX Runtime's
 *  MatMulNBits).
 *  8 bits: w ≈ scale·(code − 128), scale = max |w| / 127, which gives back a Q8_0 tensor as it is.
 *  4 bits: w ≈ scale·(code − 8) + offset, from the block's least to its largest weight, which gives
 *  back a Q4_1 tensor. */
import { QUANTIZED_BLOCK } from '../onnx/ops.ts'

export type QuantizedTensor = {
  readonly bits: 4 | 8
  /** [n, K / 32, 4·bits] bytes; of two 4-bit codes the lower half is the first. */
  readonly codes: Uint8Array
  /** [n, K / 32]. */
  readonly scales: Float32Array
  /** [K / 32, n], what is added to every weight of a block; 4 bits only. */
  readonly offsets?: Float32Array
  /** √(Σ error² / Σ w²). */
  readonly error: number
}

/** Four bits if that changes no weight beyond float32 rounding, else eight.  w: [n, K], 32 | K. */
export const quantize = (w: Float32Array, columns: number): QuantizedTensor => {
  const small = toFourBits(w, columns)
  return small.error < LOSSLESS ? small : toEightBits(w)
}

/** Relative error below which a tensor was made of such blocks in the first place. */
const LOSSLESS = 1e-6

const toFourBits = (w: Float32Array, columns: number): QuantizedTensor => {
  const blocks = w.length / QUANTIZED_BLOCK
  const perRow = columns / QUANTIZED_BLOCK
  const rows = blocks / perRow
  const codes = new Uint8Array(w.length / 2)
  const scales = new Float32Array(blocks)
  const offsets = new Float32Array(blocks)
  let error = 0
  let norm = 0
  for (let block = 0; block < blocks; block++) {
    const start = block * QUANTIZED_BLOCK
    let least = Number.POSITIVE_INFINITY
    let most = Number.NEGATIVE_INFINITY
    for (let i = start; i < start + QUANTIZED_BLOCK; i++) {
      least = Math.min(least, w[i]!)
      most = Math.max(most, w[i]!)
    }
    const scale = Math.fround((most - least) / 15)
    const offset = Math.fround(least + 8 * scale)
    scales[block] = scale
    offsets[(block % perRow) * rows + Math.floor(block / perRow)] = offset
    for (let i = start; i < start + QUANTIZED_BLOCK; i++) {
      const code = scale === 0 ? 8 : Math.min(15, Math.max(0, Math.round((w[i]! - least) / scale)))
      codes[i >> 1]! |= i & 1 ? code << 4 : code
      const miss = scale * (code - 8) + offset - w[i]!
      error += miss * miss
      norm += w[i]! * w[i]!
    }
  }
  return { bits: 4, codes, scales, offsets, error: relative(error, norm) }
}

const toEightBits = (w: Float32Array): QuantizedTensor => {
  const blocks = w.length / QUANTIZED_BLOCK
  const codes = new Uint8Array(w.length)
  const scales = new Float32Array(blocks)
  let error = 0
  let norm = 0
  for (let block = 0; block < blocks; block++) {
    const start = block * QUANTIZED_BLOCK
    let most = 0
    for (let i = start; i < start + QUANTIZED_BLOCK; i++) most = Math.max(most, Math.abs(w[i]!))
    const scale = Math.fround(most / 127)
    scales[block] = scale
    for (let i = start; i < start + QUANTIZED_BLOCK; i++) {
      const code = scale === 0 ? 128 : Math.round(w[i]! / scale) + 128
      codes[i] = code
      const miss = scale * (code - 128) - w[i]!
      error += miss * miss
      norm += w[i]! * w[i]!
    }
  }
  return { bits: 8, codes, scales, error: relative(error, norm) }
}

const relative = (error: number, norm: number): number => (norm === 0 ? 0 : Math.sqrt(error / norm))
