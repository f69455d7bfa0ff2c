/** Shapes of results, and attributes read as lists. */
import { FedError } from '../../../adapters/errors.ts'
import type { Attributes, Shape } from './tensor.ts'

/** Right-aligned, sizes equal or 1. Fails with E_SHAPE. */
export const broadcastShape = (a: Shape, b: Shape): Shape => {
  const rank = Math.max(a.length, b.length)
  return Array.from({ length: rank }, (_, i) => {
    const x = a[i - rank + a.length] ?? 1
    const y = b[i - rank + b.length] ?? 1
    if (x !== y && x !== 1 && y !== 1)
      throw new FedError('E_SHAPE', `shapes must broadcast, got [${a}] and [${b}]`)
    return Math.max(x, y)
  })
}

export const matMulShape = (a: Shape, b: Shape): Shape => {
  const [m, k] = a.slice(-2)
  const [inner, n] = b.slice(-2)
  if (a.length < 2 || b.length < 2 || k !== inner)
    throw new FedError('E_SHAPE', `MatMul needs equal inner sizes, got [${a}] and [${b}]`)
  return [...broadcastShape(a.slice(0, -2), b.slice(0, -2)), m!, n!]
}

export const reducedShape = (x: Shape, axes: readonly number[]): Shape =>
  x.map((size, axis) => (axes.includes(axis) ? 1 : size))

export const ints = (attributes: Attributes, name: string): readonly number[] => {
  const value = attributes[name]
  if (!Array.isArray(value)) throw new TypeError(`attribute ${name} must be a list of integers`)
  return value
}

export const numberOf = (attributes: Attributes, name: string): number => {
  const value = attributes[name]
  if (typeof value !== 'number') throw new TypeError(`attribute ${name} must be a number`)
  return value
}

export const product = (shape: Shape): number => shape.reduce((a, b) => a * b, 1)

/** [n, batch, d] -> [batch, n, d]. */
export const batchFirst = ([n, batch, d]: Shape): Shape => [batch!, n!, d!]

/** The last two axes exchanged. */
export const swapped = (shape: Shape): Shape => [
  ...shape.slice(0, -2),
  ...shape.slice(-2).reverse(),
]
