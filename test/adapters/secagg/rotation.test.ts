import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { randomBytes, seededRng } from '../../../adapters/random.ts'
import { rotate, rotateBack, rotatedRange, signBytes } from '../../../adapters/secagg/rotation.ts'

const lengthOf = (vector: Float64Array) => Math.hypot(...vector)

describe('the rotation', () => {
  test('is the Hadamard matrix where no sign changes', () => {
    const vector = Float64Array.of(1, 2, 3, 4)
    rotate(vector, new Uint8Array(signBytes(4)))
    expect([...vector]).toEqual([5, -1, -2, 0])
  })

  test('keeps the length of every vector, and goes back', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.integer(), (size, seed) => {
        const rng = seededRng(seed)
        const vector = Float64Array.from({ length: size }, () => rng.normal())
        const signs = randomBytes(signBytes(size))
        const rotated = vector.slice()
        rotate(rotated, signs)
        expect(lengthOf(rotated)).toBeCloseTo(lengthOf(vector), 10)
        rotateBack(rotated, signs)
        expect(lengthOf(rotated.map((x, i) => x - vector[i]!))).toBeLessThan(1e-10)
      }),
    )
  })

  test.each([1024, 1500, 2047])(
    'spreads one number over %i, whichever it is, within the range',
    (size) => {
      for (let at = 0; at < size; at += 41) {
        const vector = new Float64Array(size)
        vector[at] = 10
        rotate(vector, randomBytes(signBytes(size)))
        const peak = vector.reduce((most, x) => Math.max(most, Math.abs(x)), 0)
        expect(peak).toBeLessThanOrEqual(rotatedRange(size, 10))
      }
      expect(rotatedRange(size, 10)).toBeLessThan(3)
    },
  )
})
