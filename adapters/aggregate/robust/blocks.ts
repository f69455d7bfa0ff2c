/** What is done with a block of numbers of all updates: [n, width], row by row. */

/** So many numbers of two updates are compared at a time, which a processor's cache holds for all. */
const TILE = 2048

export type Block = {
  readonly numbers: Float32Array
  readonly rows: number
  readonly width: number
}

/** Adds the squared distances within the block; distances: [n, n], of which both halves are filled. */
export const addDistances = (distances: Float64Array, { numbers, rows, width }: Block): void => {
  for (let start = 0; start < width; start += TILE) {
    const end = Math.min(start + TILE, width)
    for (let i = 0; i < rows; i++)
      for (let j = i + 1; j < rows; j++) {
        const [a, b] = [i * width, j * width]
        let sum = 0
        for (let c = start; c < end; c++) {
          const difference = numbers[a + c]! - numbers[b + c]!
          sum += difference * difference
        }
        distances[i * rows + j]! += sum
        distances[j * rows + i] = distances[i * rows + j]!
      }
  }
}

/**
 * Of each number: without the `dropped` smallest and largest, the mean of the others goes to `out`, and
 * each row that is among them has its count in `kept` rise. Equal values share a place.
 */
export const trimmedMeans = (
  { numbers, rows, width }: Block,
  dropped: number,
  out: Float64Array,
  kept: Float64Array,
): void => {
  const values = new Float64Array(rows)
  const stay = rows - 2 * dropped
  for (let c = 0; c < width; c++) {
    for (let i = 0; i < rows; i++) values[i] = numbers[i * width + c]!
    values.sort()
    let sum = 0
    for (let k = dropped; k < rows - dropped; k++) sum += values[k]!
    out[c] = sum / stay
    const [low, high] = [values[dropped]!, values[rows - dropped - 1]!]
    for (let i = 0; i < rows; i++) {
      const value = numbers[i * width + c]!
      if (value >= low && value <= high) kept[i]! += 1
    }
  }
}
