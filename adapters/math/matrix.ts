/**
 * Dense float64 matrices, row-major, and the few products that LoRA and the head prior need. Sizes
 * must agree (RangeError).
 */
import { dot, type Vector } from './vector.ts'

export type Matrix = { readonly rows: number; readonly cols: number; readonly data: Float64Array }

/** data: rows·cols numbers, copied to float64; zeros when left out. */
export const matrix = (rows: number, cols: number, data?: ArrayLike<number>): Matrix => {
  if (data && data.length !== rows * cols)
    throw new RangeError(`a ${rows}×${cols} matrix does not hold ${data.length} numbers`)
  return { rows, cols, data: data ? Float64Array.from(data) : new Float64Array(rows * cols) }
}

/** How many numbers the upper triangle of a matrix [size, size] has. */
export const triangleSize = (size: number): number => (size * (size + 1)) / 2

/** A view of one row. */
export const row = (a: Matrix, i: number): Float64Array =>
  a.data.subarray(i * a.cols, (i + 1) * a.cols)

export const transpose = (a: Matrix): Matrix => {
  const out = matrix(a.cols, a.rows)
  for (let i = 0; i < a.rows; i++)
    for (let j = 0; j < a.cols; j++) out.data[j * a.rows + i] = a.data[i * a.cols + j]!
  return out
}

/** a·b.  a: [m, k], b: [k, n] -> [m, n]. */
export const multiply = (a: Matrix, b: Matrix): Matrix => {
  if (a.cols !== b.rows) throw new RangeError(`cannot multiply ${size(a)} by ${size(b)}`)
  const out = matrix(a.rows, b.cols)
  for (let i = 0; i < a.rows; i++) {
    const target = row(out, i)
    for (let k = 0; k < a.cols; k++) {
      const factor = a.data[i * a.cols + k]!
      const source = row(b, k)
      for (let j = 0; j < b.cols; j++) target[j]! += factor * source[j]!
    }
  }
  return out
}

/** Columns from … to − 1; zeros past the last one. */
export const columns = (a: Matrix, from: number, to: number): Matrix => {
  const out = matrix(a.rows, to - from)
  for (let i = 0; i < a.rows; i++) row(out, i).set(row(a, i).subarray(from, to))
  return out
}

/** One below the other. */
export const stackRows = (parts: readonly Matrix[]): Matrix => {
  const cols = parts[0]?.cols ?? 0
  const out = matrix(
    parts.reduce((sum, { rows }) => sum + rows, 0),
    cols,
  )
  let at = 0
  for (const part of parts) {
    if (part.cols !== cols) throw new RangeError(`cannot stack ${size(part)} on ${cols} columns`)
    out.data.set(part.data, at)
    at += part.data.length
  }
  return out
}

/** One beside the other. */
export const stackColumns = (parts: readonly Matrix[]): Matrix =>
  transpose(stackRows(parts.map(transpose)))

/** a + factor·b. */
export const add = (a: Matrix, b: Matrix, factor = 1): Matrix => {
  if (a.rows !== b.rows || a.cols !== b.cols)
    throw new RangeError(`cannot add ${size(a)} and ${size(b)}`)
  return matrix(
    a.rows,
    a.cols,
    a.data.map((x, i) => x + factor * b.data[i]!),
  )
}

/** Columns times factors: a·diag(d). */
export const scaleColumns = (a: Matrix, d: ArrayLike<number>): Matrix =>
  matrix(
    a.rows,
    a.cols,
    a.data.map((x, i) => x * d[i % a.cols]!),
  )

/**
 * Makes the rows orthonormal, in place (Gram-Schmidt, each row twice: "twice is enough", Giraud et
 * al. 2005). RangeError when a row depends on those above it.
 */
export const orthonormalizeRows = (a: Matrix): void => {
  for (let i = 0; i < a.rows; i++) {
    const current = row(a, i)
    const before = Math.sqrt(dot(current, current))
    for (let pass = 0; pass < 2; pass++)
      for (let j = 0; j < i; j++) subtractProjection(current, row(a, j))
    const length = Math.sqrt(dot(current, current))
    if (!(length > before * 1e-10)) throw new RangeError(`row ${i} depends on the rows above it`)
    for (let k = 0; k < current.length; k++) current[k]! /= length
  }
}

const subtractProjection = (target: Vector, direction: Vector): void => {
  const amount = dot(target, direction)
  for (let k = 0; k < target.length; k++) target[k]! -= amount * direction[k]!
}

const size = (a: Matrix): string => `${a.rows}×${a.cols}`
