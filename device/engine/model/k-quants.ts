/** ggml's K formats: 256 numbers share one or two float16 scales, runs of 16 or 32 have small
 *  scales of their own; and the two formats of 4 bits whose numbers are not evenly spaced. */

export type Dequantize = (bytes: Uint8Array, out: Float32Array, halves: Float32Array) => void

/** d and m of the runs of one block, filled again for each. */
const scale = new Float32Array(16)
const minimum = new Float32Array(16)

/** A float16 number. */
export const half = (bytes: Uint8Array, at: number, halves: Float32Array): number =>
  halves[bytes[at]! | (bytes[at + 1]! << 8)]!

/** Bytes: 16 scales (low half) and minima (high), 64 of 2-bit numbers, d, dmin.  y = d·s·q −
 *  dmin·m. */
export const q2k: Dequantize = (bytes, out, halves) => {
  for (let at = 0, to = 0; to < out.length; at += 84, to += 256) {
    const d = half(bytes, at + 80, halves)
    const dmin = half(bytes, at + 82, halves)
    for (let run = 0; run < 16; run++) {
      scale[run] = d * (bytes[at + run]! & 15)
      minimum[run] = dmin * (bytes[at + run]! >> 4)
    }
    for (let line = 0; line < 8; line++) {
      const from = at + 16 + 32 * (line >> 2)
      const shift = 2 * (line & 3)
      for (let j = 0; j < 32; j++) {
        const run = 2 * line + (j >> 4)
        const q = (bytes[from + j]! >> shift) & 3
        out[to + 32 * line + j] = scale[run]! * q - minimum[run]!
      }
    }
  }
}

/** Bytes: 32 of high bits, 64 of 2-bit numbers, 12 of sixteen 6-bit scales, d.
 *  y = d·(s − 32)·(q − 4 where the high bit is 0). */
export const q3k: Dequantize = (bytes, out, halves) => {
  for (let at = 0, to = 0; to < out.length; at += 110, to += 256) {
    const d = half(bytes, at + 108, halves)
    for (let run = 0; run < 16; run++) {
      const low = (bytes[at + 96 + (run & 7)]! >> (4 * (run >> 3))) & 15
      const high = (bytes[at + 104 + (run & 3)]! >> (2 * (run >> 2))) & 3
      scale[run] = d * ((low | (high << 4)) - 32)
    }
    for (let line = 0; line < 8; line++) {
      const from = at + 32 + 32 * (line >> 2)
      const shift = 2 * (line & 3)
      for (let j = 0; j < 32; j++) {
        const minus = (bytes[at + j]! >> line) & 1 ? 0 : 4
        const q = ((bytes[from + j]! >> shift) & 3) - minus
        out[to + 32 * line + j] = scale[2 * line + (j >> 4)]! * q
      }
    }
  }
}

/** Eight 6-bit scales and minima in 12 bytes: low six bits of 0-3 first, four low bits of 4-7 last,
 *  their high bits above. */
const fillScales = (bytes: Uint8Array, at: number, d: number, dmin: number): void => {
  for (let run = 0; run < 4; run++) {
    const s = bytes[at + run]!
    const m = bytes[at + 4 + run]!
    const low = bytes[at + 8 + run]!
    scale[run] = d * (s & 63)
    minimum[run] = dmin * (m & 63)
    scale[4 + run] = d * ((low & 15) | ((s >> 2) & 48))
    minimum[4 + run] = dmin * ((low >> 4) | ((m >> 2) & 48))
  }
}

/** Bytes: d, dmin, 12 of scales, 128 of 4-bit numbers.  y = d·s·q − dmin·m. */
export const q4k: Dequantize = (bytes, out, halves) => {
  for (let at = 0, to = 0; to < out.length; at += 144, to += 256) {
    fillScales(bytes, at + 4, half(bytes, at, halves), half(bytes, at + 2, halves))
    for (let line = 0; line < 8; line++) {
      const from = at + 16 + 32 * (line >> 1)
      const shift = 4 * (line & 1)
      const s = scale[line]!
      const m = minimum[line]!
      for (let j = 0; j < 32; j++)
        out[to + 32 * line + j] = s * ((bytes[from + j]! >> shift) & 15) - m
    }
  }
}

/** Bytes: d, dmin, 12 of scales, 32 of high bits, 128 of 4-bit numbers.  y = d·s·q − dmin·m. */
export const q5k: Dequantize = (bytes, out, halves) => {
  for (let at = 0, to = 0; to < out.length; at += 176, to += 256) {
    fillScales(bytes, at + 4, half(bytes, at, halves), half(bytes, at + 2, halves))
    for (let line = 0; line < 8; line++) {
      const from = at + 48 + 32 * (line >> 1)
      const shift = 4 * (line & 1)
      const s = scale[line]!
      const m = minimum[line]!
      for (let j = 0; j < 32; j++) {
        const high = ((bytes[at + 16 + j]! >> line) & 1) << 4
        out[to + 32 * line + j] = s * (((bytes[from + j]! >> shift) & 15) | high) - m
      }
    }
  }
}

/** Bytes: 128 of low halves, 64 of high 2-bit parts, 16 signed scales, d.  y = d·s·(q − 32). */
export const q6k: Dequantize = (bytes, out, halves) => {
  for (let at = 0, to = 0; to < out.length; at += 210, to += 256) {
    const d = half(bytes, at + 208, halves)
    for (let run = 0; run < 16; run++) scale[run] = d * ((bytes[at + 192 + run]! << 24) >> 24)
    for (let line = 0; line < 8; line++) {
      const low = at + 64 * (line >> 2) + 32 * (line & 1)
      const lowShift = 4 * ((line >> 1) & 1)
      const high = at + 128 + 32 * (line >> 2)
      const highShift = 2 * (line & 3)
      for (let j = 0; j < 32; j++) {
        const top = ((bytes[high + j]! >> highShift) & 3) << 4
        const q = ((bytes[low + j]! >> lowShift) & 15) | top
        out[to + 32 * line + j] = scale[2 * line + (j >> 4)]! * (q - 32)
      }
    }
  }
}

/** The values of the 4-bit codes of IQ4_NL and IQ4_XS (ggml: kvalues_iq4nl). */
const LEVELS = Float32Array.of(
  ...[-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113],
)

/** Bytes: d, 16 of two 4-bit numbers: j (low half) and j + 16 (high half).  y = d·level(q). */
export const iq4nl: Dequantize = (bytes, out, halves) => {
  for (let at = 0, to = 0; to < out.length; at += 18, to += 32)
    fillLevels(bytes, at + 2, out, to, half(bytes, at, halves))
}

/** Bytes: d, 2 of eight high 2-bit parts and 4 of eight low 4-bit parts of scales, 128 of numbers
 *  as in IQ4_NL.  y = d·(s − 32)·level(q). */
export const iq4xs: Dequantize = (bytes, out, halves) => {
  for (let at = 0, to = 0; to < out.length; at += 136, to += 256) {
    const d = half(bytes, at, halves)
    const high = bytes[at + 2]! | (bytes[at + 3]! << 8)
    for (let line = 0; line < 8; line++) {
      const low = (bytes[at + 4 + (line >> 1)]! >> (4 * (line & 1))) & 15
      const s = low | (((high >> (2 * line)) & 3) << 4)
      fillLevels(bytes, at + 8 + 16 * line, out, to + 32 * line, d * (s - 32))
    }
  }
}

const fillLevels = (bytes: Uint8Array, from: number, out: Float32Array, to: number, d: number) => {
  for (let j = 0; j < 16; j++) {
    const pair = bytes[from + j]!
    out[to + j] = d * LEVELS[pair & 15]!
    out[to + 16 + j] = d * LEVELS[pair >> 4]!
  }
}
