import { expect, test } from 'vitest'
import { float16 } from '../../../adapters/formats/float16.ts'
import { isRounded } from '../../../adapters/lora/rounded.ts'

const of = (...numbers: number[]) => Float32Array.from(numbers)

// Nearest, halves to even: as PyTorch casts.
test.each<['F32' | 'F16' | 'BF16', number, number]>([
  ['F32', 0.1, 0.1],
  ['BF16', 1 + 2 ** -8, 1],
  ['BF16', 1 + 3 * 2 ** -8, 1 + 2 ** -6],
  ['BF16', -(1 + 2 ** -8 + 2 ** -12), -(1 + 2 ** -7)],
  ['F16', 1 + 2 ** -11, 1],
  ['F16', 2 ** -25 + 2 ** -30, 2 ** -24],
  ['F16', 0.1, float16(0x2e66)],
  ['BF16', 0, 0],
])('%s: %d is %d', (dtype, exact, rounded) => {
  expect(isRounded(of(rounded), of(exact), dtype)).toBe(true)
  expect(isRounded(of(rounded + 2 ** -6), of(exact), dtype)).toBe(false)
})

test('another count, and formats of whole numbers, are never it', () => {
  expect(isRounded(of(1), of(1, 1), 'F32')).toBe(false)
  expect(isRounded(of(1), of(1), 'I8')).toBe(false)
})
