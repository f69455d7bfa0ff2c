/**
 * How the numbers of a segment stand in a container: as float32, or in fewer bits.
 * - float16: IEEE 754 binary16, rounded to nearest, ties to even.
 * - int8, int4: blocks of 64 numbers, each block a float32 scale and its numbers as multiples of it,
 *   -127 to 127 or -7 to 7, rounded up or down at random so that the expectation is the number itself
 *   (QSGD, Alistarh et al. 2017, with the largest magnitude of a block as its scale); of the largest
 *   alone it is up to 2⁻¹⁶ more, since its scale is rounded up. A scale has 17
 *   significant bits, so that its multiples are exact in float32: what was decoded once is encoded to the
 *   same bytes again, whatever is drawn.
 * A segment's bytes are: all scales, then all numbers; int4 has two numbers a byte, the first in the
 * low half, each plus 8. Little-endian, filled with zeros to a multiple of 4 bytes.
 */
import { z } from 'zod'
import { FedError } from '../errors.ts'
import type { Rng } from '../random.ts'
import { float16, float16Bits, LARGEST_FLOAT16 } from './float16.ts'

export const Encoding = z.enum(['float16', 'int8', 'int4'])
export type Encoding = z.infer<typeof Encoding>

const BLOCK = 64

type Codec = {
  /** Of so many numbers. */
  bytes(size: number): number
  encode(values: ArrayLike<number>, bytes: Uint8Array, rng: Rng): void
  decode(bytes: Uint8Array, values: Float32Array): void
}

/** Bytes of a segment, a multiple of 4. undefined: float32. */
export const encodedBytes = (encoding: Encoding | undefined, size: number): number =>
  encoding === undefined ? 4 * size : Math.ceil(CODECS[encoding].bytes(size) / 4) * 4

/** rng: for the random rounding of int8 and int4. RangeError where a number is too large for float16. */
export const encodeValues = (
  encoding: Encoding,
  values: ArrayLike<number>,
  rng: Rng,
): Uint8Array => {
  const bytes = new Uint8Array(encodedBytes(encoding, values.length))
  CODECS[encoding].encode(values, bytes, rng)
  return bytes
}

/** Into values, as many as it holds. Fails with E_CONTAINER where the fill is not zero. */
export const decodeValues = (
  encoding: Encoding | undefined,
  bytes: Uint8Array,
  values: Float32Array,
): void => {
  if (encoding === undefined) {
    new Uint8Array(values.buffer, values.byteOffset, values.byteLength).set(bytes)
    return
  }
  const codec = CODECS[encoding]
  if (bytes.subarray(codec.bytes(values.length)).some((byte) => byte !== 0))
    throw new FedError('E_CONTAINER', 'container: padding of a segment must be zero')
  codec.decode(bytes, values)
}

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

const float16Codec: Codec = {
  bytes: (size) => 2 * size,
  encode(values, bytes) {
    const view = viewOf(bytes)
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!
      if (!(Math.abs(value) <= LARGEST_FLOAT16))
        throw new RangeError(`float16 holds at most ${LARGEST_FLOAT16}, got ${value}`)
      view.setUint16(2 * i, float16Bits(value), true)
    }
  },
  decode(bytes, values) {
    const view = viewOf(bytes)
    for (let i = 0; i < values.length; i++) values[i] = float16(view.getUint16(2 * i, true))
  },
}

/** levels: on each side of 0. width: bytes of so many numbers. */
const blockCodec = (
  levels: number,
  width: (size: number) => number,
  put: (bytes: Uint8Array, at: number, i: number, level: number) => void,
  get: (bytes: Uint8Array, at: number, i: number) => number,
): Codec => {
  const scaleBytes = (size: number) => 4 * Math.ceil(size / BLOCK)
  return {
    bytes: (size) => scaleBytes(size) + width(size),
    encode(values, bytes, rng) {
      const view = viewOf(bytes)
      const at = scaleBytes(values.length)
      for (let start = 0; start < values.length; start += BLOCK) {
        const end = Math.min(start + BLOCK, values.length)
        let largest = 0
        for (let i = start; i < end; i++) largest = Math.max(largest, Math.abs(values[i]!))
        const scale = scaleFor(largest, levels)
        view.setFloat32((4 * start) / BLOCK, scale, true)
        for (let i = start; i < end; i++) {
          const value = values[i]!
          // The largest stays so, or the block would have another scale the next time.
          const level =
            scale === 0
              ? 0
              : Math.abs(value) === largest
                ? Math.sign(value) * levels
                : Math.floor(value / scale + rng.uniform())
          put(bytes, at, i, Math.max(-levels, Math.min(levels, level)))
        }
      }
    },
    decode(bytes, values) {
      const view = viewOf(bytes)
      const at = scaleBytes(values.length)
      for (let start = 0; start < values.length; start += BLOCK) {
        const scale = view.getFloat32((4 * start) / BLOCK, true)
        const end = Math.min(start + BLOCK, values.length)
        for (let i = start; i < end; i++) values[i] = scale * get(bytes, at, i)
      }
    },
  }
}

/** The least of 17 significant bits of which `levels` times reach the largest number; 0 for zeros alone. */
const scaleFor = (largest: number, levels: number): number => {
  const scale = upTo17Bits(largest / levels)
  return scale * levels >= largest ? scale : upTo17Bits(scale * (1 + 2 ** -20))
}

const single = new Float32Array(1)
const bitsOf = new Uint32Array(single.buffer)

const upTo17Bits = (value: number): number => {
  single[0] = value
  bitsOf[0] = (bitsOf[0]! + 0x7f) & ~0x7f
  return single[0]
}

const CODECS: Readonly<Record<Encoding, Codec>> = {
  float16: float16Codec,
  int8: blockCodec(
    127,
    (size) => size,
    (bytes, at, i, level) => {
      bytes[at + i] = level
    },
    (bytes, at, i) => (bytes[at + i]! << 24) >> 24,
  ),
  int4: blockCodec(
    7,
    (size) => Math.ceil(size / 2),
    (bytes, at, i, level) => {
      bytes[at + (i >> 1)]! |= (level + 8) << (4 * (i & 1))
    },
    (bytes, at, i) => ((bytes[at + (i >> 1)]! >> (4 * (i & 1))) & 15) - 8,
  ),
}
