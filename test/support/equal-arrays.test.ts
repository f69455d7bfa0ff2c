import { expect, test } from 'vitest'

test('typed arrays are equal where their kind and their numbers are', () => {
  const bytes = new Uint8Array(2 ** 20).fill(7)
  expect(bytes.slice()).toEqual(bytes)
  expect({ bytes: bytes.subarray(1) }).toEqual({ bytes: bytes.slice(1) })
  expect(new Float32Array([1, Number.NaN])).toEqual(new Float32Array([1, Number.NaN]))
  expect(new Uint8Array([1, 2])).not.toEqual(new Uint8Array([1, 3]))
  expect(new Uint8Array([1, 2])).not.toEqual(new Uint8Array([1]))
  expect(new Int8Array([1])).not.toEqual(new Uint8Array([1]))
})
