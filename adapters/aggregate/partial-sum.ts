/**
 * A partial sum as bytes: what one process hands to another, and what a later one goes on from. Equal
 * sums have equal bytes, in whatever order and parts they were made.
 */
import { z } from 'zod'
import { encodeContainer, viewContainer } from '../container/container.ts'
import { FedError } from '../errors.ts'
import { parseAs } from '../parse.ts'
import {
  LARGEST_SUM,
  LARGEST_WEIGHT,
  MAX_ADDENDS,
  MAX_DIGITS,
  type PartialSum,
} from './exact-sum.ts'

const Header = z.strictObject({
  kind: z.literal('partial'),
  size: z.int().min(0).max(100_000_000),
  weight: z.number().min(0).max(LARGEST_WEIGHT),
  count: z.int().min(0).max(MAX_ADDENDS),
  bound: z.number().min(0).max(LARGEST_SUM),
})

/** The digits of the sum as int32, the lowest of every number first. */
export const encodePartial = ({ digits, ...totals }: PartialSum): Uint8Array => {
  const payload = new Float32Array(digits.length * totals.size)
  // The same bits: a float32 read of them could be a NaN, which need not keep its own.
  const whole = new Int32Array(payload.buffer)
  for (const [k, digit] of digits.entries()) whole.set(digit, k * totals.size)
  return encodeContainer({ kind: 'partial', ...totals }, payload)
}

/** Digits may be views. Fails with E_CONTAINER (bytes), E_SHAPE (size), E_NORM (a number beyond the bound). */
export const decodePartial = (bytes: Uint8Array): PartialSum => {
  const container = viewContainer(bytes)
  const { kind: _, ...totals } = parseAs(
    Header,
    container.header,
    'E_CONTAINER',
    'container: header ',
    'object',
  )
  const { buffer, byteOffset, length } = container.payload
  const { size } = totals
  const count = size === 0 ? 0 : length / size
  if (!(Number.isInteger(count) && count <= MAX_DIGITS && count * size === length))
    throw new FedError('E_SHAPE', `a partial sum of ${size} numbers, got ${length} digits`)
  const whole = new Int32Array(buffer, byteOffset, length)
  const digits = Array.from({ length: count }, (_, k) => whole.subarray(k * size, (k + 1) * size))
  const partial = { ...totals, digits }
  checkBound(partial)
  return partial
}

/** Beyond the bound additions would no longer be exact. */
const checkBound = ({ size, digits, bound }: PartialSum): void => {
  for (let i = 0; i < size; i++) {
    let steps = 0
    for (let k = digits.length - 1; k >= 0; k--) steps = steps * 2 ** 32 + digits[k]![i]!
    if (Math.abs(steps) > bound * 2 ** 42)
      throw new FedError('E_NORM', `number ${i} of a partial sum is beyond its bound of ${bound}`)
  }
}
