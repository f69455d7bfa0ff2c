/** Vectors of numbers modulo 2³², in which masks are added and taken away again. */
import type { Ciphers } from './ciphers.ts'

/** Into `sum`, modulo 2³². */
export const addTo = (sum: Uint32Array, vector: Uint32Array): void => {
  for (let i = 0; i < sum.length; i++) sum[i]! += vector[i]!
}

/** Out of `sum`, modulo 2³². */
export const takeFrom = (sum: Uint32Array, vector: Uint32Array): void => {
  for (let i = 0; i < sum.length; i++) sum[i]! -= vector[i]!
}

/** The mask of a key: its key stream as little-endian numbers. */
export const maskOf = ({ keystream }: Ciphers, key: Uint8Array, size: number): Uint32Array => {
  const bytes = keystream(key, 4 * size)
  const isAligned = bytes.byteOffset % 4 === 0
  const whole = isAligned ? bytes : new Uint8Array(bytes)
  return new Uint32Array(whole.buffer, whole.byteOffset, size)
}
