/**
 * The two orders of q's and k's rows inside a head. transformers rotates row i with row i +
 * headDim/2 (half-split), llama.cpp's `llama` architecture row 2i with row 2i + 1 (interleaved), so
 * its converter reorders the rows of both.
 */
import { FedError } from '../errors.ts'

/**
 * Interleaved -> half-split. data: [rows, width], or one bias. E_MODEL_FILE when the rows do not
 * divide into heads.
 */
export const halfSplitRows = (data: Float32Array, rows: number, heads: number): Float32Array =>
  movedRows(data, rows, heads, (interleaved, half) => [interleaved, half])

/** Half-split -> interleaved; the inverse of halfSplitRows. */
export const interleavedRows = (data: Float32Array, rows: number, heads: number): Float32Array =>
  movedRows(data, rows, heads, (interleaved, half) => [half, interleaved])

/** Row 2i + j of a head on one side is row i + j·(headDim/2) on the other (j: 0, 1). */
const movedRows = (
  data: Float32Array,
  rows: number,
  heads: number,
  move: (interleaved: number, half: number) => readonly [from: number, to: number],
): Float32Array => {
  const width = data.length / rows
  const headDim = rows / heads
  if (!Number.isInteger(headDim / 2))
    throw new FedError('E_MODEL_FILE', `${rows} rows for ${heads} heads`)
  const out = new Float32Array(data.length)
  for (let row = 0; row < rows; row++) {
    const inHead = row % headDim
    const half = row - inHead + (inHead >> 1) + (inHead & 1) * (headDim / 2)
    const [from, to] = move(row, half)
    out.set(data.subarray(from * width, (from + 1) * width), to * width)
  }
  return out
}
