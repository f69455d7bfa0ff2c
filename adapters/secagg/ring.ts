/** Vectors of numbers modulo 2³², in which masks are added and taken away again. */
import type { Ciphers } from './ciphers.ts'

/** Into `sum`, modulo 2³². */
export const addTo = (sum: Uint32Array, vector: Uint32Array): void => {
  const [a, b] = [signed(sum), signed(vector)]
  for (let i = 0; i < a.length; i++) a[i] = (a[i]! + b[i]!) | 0
}

/** Out of `sum`, modulo 2³². */
const takeFrom = (sum: Uint32Array, vector: Uint32Array): void => {
  const [a, b] = [signed(sum), signed(vector)]
  for (let i = 0; i < a.length; i++) a[i] = (a[i]! - b[i]!) | 0
}

/** The same bits: numbers beyond 2³¹ would be added as floating point, four times as slow. */
const signed = ({ buffer, byteOffset, length }: Uint32Array): Int32Array =>
  new Int32Array(buffer, byteOffset, length)

/** Numbers at once: what stays in the processor's cache. */
const CHUNK = 16_384

/** Into `sum`: the mask of a key, which is its key stream as little-endian numbers. */
export const addMask = (ciphers: Ciphers, key: Uint8Array, sum: Uint32Array): void =>
  withMask(ciphers, key, sum, addTo)

/** Out of `sum`. */
export const takeMask = (ciphers: Ciphers, key: Uint8Array, sum: Uint32Array): void =>
  withMask(ciphers, key, sum, takeFrom)

const withMask = (
  ciphers: Ciphers,
  key: Uint8Array,
  sum: Uint32Array,
  apply: (sum: Uint32Array, mask: Uint32Array) => void,
): void => {
  const next = ciphers.stream(key)
  for (let at = 0; at < sum.length; at += CHUNK) {
    const part = sum.subarray(at, at + CHUNK)
    apply(part, numbersOf(next(4 * part.length)))
  }
}

const numbersOf = (bytes: Uint8Array): Uint32Array => {
  const whole = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes)
  return new Uint32Array(whole.buffer, whole.byteOffset, whole.length / 4)
}
