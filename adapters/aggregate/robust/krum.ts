/** Krum's scores (Blanchard et al. 2017, section 3), from squared distances. */

/**
 * distances: squared, [n, n]. s(i) = Σ of the squared distances from i to the n − f − 2 others that are
 * closest to it. -> [n].
 */
export const krumScores = (distances: Float64Array, n: number, f: number): Float64Array => {
  const others = new Float64Array(n - 1)
  return Float64Array.from({ length: n }, (_, i) => {
    const row = distances.subarray(i * n, (i + 1) * n)
    others.set(row.subarray(0, i))
    others.set(row.subarray(i + 1), i)
    others.sort()
    let sum = 0
    for (let k = 0; k < n - f - 2; k++) sum += others[k]!
    return sum
  })
}
