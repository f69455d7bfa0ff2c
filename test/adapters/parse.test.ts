import { expect, test } from 'vitest'
import { z } from 'zod'
import { parseAs } from '../../adapters/parse.ts'
import { expectCode } from '../support/expect-code.ts'

const Schema = z.strictObject({ a: z.array(z.strictObject({ b: z.int().min(1) })) })
const read = (value: unknown, says?: 'message' | 'code') =>
  parseAs(Schema, value, 'E_DATA', 'the file: ', 'object', says)

test('a value that fits comes out as it is', () => {
  expect(read({ a: [{ b: 1 }] })).toEqual({ a: [{ b: 1 }] })
})

test.each([
  [{ a: [{ b: 1 }, { b: 0 }] }, /^the file: a\.1\.b: Too small/],
  [{ a: [], c: 1 }, /^the file: object: Unrecognized key/],
  ['text', /^the file: object: Invalid input/],
])('%j is refused with the place of its first fault', (value, expected) => {
  expectCode('E_DATA', () => read(value))
  expect(() => read(value)).toThrow(expected)
})

test('what was sent is not repeated where only the code is said', () => {
  expect(() => read({ a: [], secret: 1 }, 'code')).toThrow('the file: object: unrecognized_keys')
})
