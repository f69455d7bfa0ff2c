/** The discrete Fourier transform of a size that is a power of two (Cooley & Tukey 1965). */

/**
 * In place: X[k] = Σ x[n]·e^{−2πikn/N}. re, im: [N], N a power of two. The inverse is the same with re
 * and im swapped, divided by N. RangeError for another size.
 */
export const fft = (re: Float64Array, im: Float64Array): void => {
  const size = re.length
  if (size === 0 || (size & (size - 1)) !== 0 || im.length !== size)
    throw new RangeError(`expected two arrays of a power of two, got ${size} and ${im.length}`)
  reverseBits(re, im)
  const [cos, sin] = rootsOfUnity(size)
  for (let half = 1; half < size; half *= 2) {
    const stride = size / (2 * half)
    for (let start = 0; start < size; start += 2 * half)
      for (let k = 0; k < half; k++) {
        const [a, b] = [start + k, start + k + half]
        const [wr, wi] = [cos[k * stride]!, sin[k * stride]!]
        const tr = re[b]! * wr - im[b]! * wi
        const ti = re[b]! * wi + im[b]! * wr
        re[b] = re[a]! - tr
        im[b] = im[a]! - ti
        re[a]! += tr
        im[a]! += ti
      }
  }
}

const rootsOfUnity = (size: number): [Float64Array, Float64Array] => {
  const half = size / 2
  const angle = (k: number) => (-2 * Math.PI * k) / size
  return [
    Float64Array.from({ length: half }, (_, k) => Math.cos(angle(k))),
    Float64Array.from({ length: half }, (_, k) => Math.sin(angle(k))),
  ]
}

const reverseBits = (re: Float64Array, im: Float64Array): void => {
  const size = re.length
  for (let i = 1, j = 0; i < size; i++) {
    let bit = size >> 1
    for (; j & bit; bit >>= 1) j ^= bit
    j ^= bit
    if (i < j) {
      ;[re[i], re[j]] = [re[j]!, re[i]!]
      ;[im[i], im[j]] = [im[j]!, im[i]!]
    }
  }
}
