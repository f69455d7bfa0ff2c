import { expect, test } from 'vitest'
import { isSameSecret } from '../../../adapters/node/secrets.ts'

test.each([
  ['secret', 'secret', true],
  ['', '', true],
  ['secret', 'Secret', false],
  ['secret', 'secret ', false],
  ['', 'secret', false],
])('%j and %j are the same: %s', (a, b, expected) => {
  expect(isSameSecret(a, b)).toBe(expected)
  expect(isSameSecret(b, a)).toBe(expected)
})
