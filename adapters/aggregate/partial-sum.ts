/**
 * A partial sum as bytes: what one process hands to another, and what a later one goes on from. Equal
 * sums have equal bytes, in whatever order and parts they were made.
 */
import { z } from 'zod'
import { encodeContainer, viewContainer } from '../container/container.ts'
import { FedError } from '../errors.ts'
import { parseAs } from '../parse.ts'
import {
  CARRIED,
  HIGH_STEPS,
  LARGEST_SUM,
  LARGEST_WEIGHT,
  MAX_ADDENDS,
  type PartialSum,
} from './exact-sum.ts'

/** Of 32 bits each, that a sum within its bound can need. */
export const MAX_DIGITS = 3

const Header = z.strictObject({
  kind: z.literal('partial'),
  size: z.int().min(0).max(100_000_000),
  weight: z.number().min(0).max(LARGEST_WEIGHT),
  count: z.int().min(0).max(MAX_ADDENDS),
  bound: z.number().min(0).max(LARGEST_SUM),
})

/**
 * The sum in steps is Σ digits[k]·2^(32k): int32, the lowest digit of every number first. Digits
 * that are all zero are left out at the end, so that small sums are small.
 */
export const encodePartial = ({ low, high, room: _, ...totals }: PartialSum): Uint8Array => {
  const digits = digitsOf(low, high)
  const payload = new Float32Array(digits.length * totals.size)
  // The same bits: a float32 read of them could be a NaN, which need not keep its own.
  const whole = new Int32Array(payload.buffer)
  for (const [k, digit] of digits.entries()) whole.set(digit, k * totals.size)
  return encodeContainer({ kind: 'partial', ...totals }, payload)
}

/**
 * expected: its size, where the caller knows it; another one takes no memory. Fails with E_CONTAINER
 * (bytes), E_SHAPE (size), E_NORM (a number beyond the bound).
 */
export const decodePartial = (bytes: Uint8Array, expected?: number): PartialSum => {
  const container = viewContainer(bytes)
  const { kind: _, ...totals } = parseAs(
    Header,
    container.header,
    'E_CONTAINER',
    'container: header ',
    'object',
  )
  const { buffer, byteOffset, length } = container.payload
  const { size, bound } = totals
  if (expected !== undefined && size !== expected)
    throw new FedError('E_SHAPE', `expected a partial sum of ${expected} numbers, got ${size}`)
  const count = size === 0 ? 0 : length / size
  if (!(Number.isInteger(count) && count <= MAX_DIGITS && count * size === length))
    throw new FedError('E_SHAPE', `a partial sum of ${size} numbers, got ${length} digits`)
  const digits = new Int32Array(buffer, byteOffset, length)
  const low = new Float64Array(size)
  const high = new Float64Array(count > 1 ? size : 0)
  low.set(digits.subarray(0, size))
  for (let k = 1; k < count; k++)
    for (let i = 0; i < size; i++) high[i]! += digits[k * size + i]! * HIGH_STEPS ** (k - 1)
  // Beyond the bound additions would no longer be exact.
  for (let i = 0; i < size; i++)
    if (Math.abs((high[i] ?? 0) * HIGH_STEPS + low[i]!) > bound * 2 ** 42)
      throw new FedError('E_NORM', `number ${i} of a partial sum is beyond its bound of ${bound}`)
  return { ...totals, low, high, room: CARRIED }
}

/** Several sums as the payload of one container, and how many bytes each of them has there. */
export const joinPartials = (
  sums: readonly PartialSum[],
): { readonly payload: Float32Array; readonly sizes: readonly number[] } => {
  const bodies = sums.map(encodePartial)
  const bytes = new Uint8Array(bodies.reduce((size, { length }) => size + length, 0))
  let at = 0
  for (const body of bodies) {
    bytes.set(body, at)
    at += body.length
  }
  // Partial sums are containers, whose length is a multiple of four.
  return {
    payload: new Float32Array(bytes.buffer),
    sizes: bodies.map(({ length }) => length),
  }
}

/** expected: as decodePartial has it. Fails with its codes. */
export const splitPartials = (
  { buffer, byteOffset, byteLength }: Float32Array,
  sizes: readonly number[],
  expected: readonly number[] = [],
): readonly PartialSum[] => {
  if (sizes.reduce((all, size) => all + size, 0) !== byteLength)
    throw new FedError('E_CONTAINER', 'container: its sums are not as long as its payload')
  let at = byteOffset
  return sizes.map((size, i) => {
    const body = new Uint8Array(buffer, at, size)
    at += size
    return decodePartial(body, expected[i])
  })
}

/** Each from −2³¹ up to, but without, 2³¹. */
const digitsOf = (low: Float64Array, high: Float64Array): Int32Array[] => {
  const digits: Int32Array[] = []
  const place = (k: number): Int32Array => {
    while (digits.length <= k) digits.push(new Int32Array(low.length))
    return digits[k]!
  }
  for (let i = 0; i < low.length; i++) {
    let left = low[i]!
    for (let k = 0; k < MAX_DIGITS; k++) {
      const over = Math.round(left / HIGH_STEPS)
      const digit = left - over * HIGH_STEPS
      if (digit !== 0) place(k)[i] = digit
      left = k === 0 && high.length > 0 ? over + high[i]! : over
    }
  }
  return digits
}
