/**
 * A randomized Hadamard rotation: afterwards no number of a vector is much larger than the others, so
 * that one scale serves them all (Suresh et al. 2017, section 3). A vector whose length is no power of
 * two is not filled up: the largest power of two of its numbers is rotated at its start, then as many at
 * its end. Both keep every length.
 */

/** One bit a sign. */
export type Signs = Uint8Array

/** Bytes of signs for a vector of so many numbers. */
export const signBytes = (size: number): number => 2 * Math.ceil(blockOf(size) / 8)

/** In place. signs: signBytes(length) random bytes, the same for all whose rotations are added. */
export const rotate = (vector: Float64Array, signs: Signs): void => {
  for (const { block, flips } of passes(vector, signs)) {
    flip(block, flips)
    hadamard(block)
  }
}

/** The inverse, in place. */
export const rotateBack = (vector: Float64Array, signs: Signs): void => {
  for (const { block, flips } of passes(vector, signs).reverse()) {
    hadamard(block)
    flip(block, flips)
  }
}

/**
 * After a rotation a number is at most this many times the vector's length over √block, but for a
 * probability of 4·block·e^(−SPREAD²/2): 2⁻³⁶ for a million numbers (Hoeffding).
 */
const SPREAD = 9

/** What a number of a rotated vector of this length can be. */
export const rotatedRange = (size: number, norm: number): number =>
  Math.min(norm, (SPREAD * norm) / Math.sqrt(blockOf(size)))

/** The largest power of two up to size. */
const blockOf = (size: number): number => {
  let block = 1
  while (2 * block <= size) block *= 2
  return block
}

const passes = (vector: Float64Array, signs: Signs) => {
  const block = blockOf(vector.length)
  const first = { block: vector.subarray(0, block), flips: signs }
  if (block === vector.length) return [first]
  const flips = signs.subarray(Math.ceil(block / 8))
  return [first, { block: vector.subarray(vector.length - block), flips }]
}

const flip = (block: Float64Array, flips: Signs): void => {
  for (let i = 0; i < block.length; i++) if ((flips[i >> 3]! >> (i & 7)) & 1) block[i] = -block[i]!
}

/** The fast Walsh-Hadamard transform, scaled so that it is its own inverse. */
const hadamard = (block: Float64Array): void => {
  const n = block.length
  for (let half = 1; half < n; half *= 2)
    for (let start = 0; start < n; start += 2 * half)
      for (let i = start; i < start + half; i++) {
        const [a, b] = [block[i]!, block[i + half]!]
        block[i] = a + b
        block[i + half] = a - b
      }
  const scale = 1 / Math.sqrt(n)
  for (let i = 0; i < n; i++) block[i]! *= scale
}
