/** Whether numbers are others in a smaller format. */
import { nearestEven } from '../formats/float16.ts'
import type { Dtype } from '../formats/safetensors.ts'

/** Bits of the fraction, and the smallest exponent of a normal number. */
const FORMATS: Partial<Record<Dtype, { readonly fraction: number; readonly least: number }>> = {
  F32: { fraction: 23, least: -126 },
  F16: { fraction: 10, least: -14 },
  BF16: { fraction: 7, least: -126 },
}

/** values: decoded from the format; exact: as many float32 numbers, each rounded to the nearest,
 *  halves to even. */
export const isRounded = (values: Float32Array, exact: Float32Array, dtype: Dtype): boolean => {
  const format = FORMATS[dtype]
  if (!format || values.length !== exact.length) return false
  const bits = new Uint32Array(exact.buffer, exact.byteOffset, exact.length)
  for (let i = 0; i < values.length; i++) {
    const exponent = Math.max(((bits[i]! >> 23) & 255) - 127, format.least)
    const unit = 2 ** (exponent - format.fraction)
    if (values[i] !== nearestEven(exact[i]! / unit) * unit) return false
  }
  return true
}
