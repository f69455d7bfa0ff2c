import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { randomBytes } from '../../../adapters/random.ts'
import {
  bytesOf,
  combine,
  elementOf,
  numberOf,
  PRIME,
  randomElement,
  SHARE_BYTES,
  split,
} from '../../../adapters/secagg/shamir.ts'

const littleEndian = (hex: string) => numberOf(Uint8Array.from(Buffer.from(hex, 'hex')).reverse())
/** a^e modulo PRIME. */
const power = (a: bigint, e: bigint): bigint => {
  let [result, square] = [1n, a % PRIME]
  for (; e > 0n; e >>= 1n, square = (square * square) % PRIME)
    if (e & 1n) result = (result * square) % PRIME
  return result
}

describe("Shamir's secret sharing", () => {
  test('gives the shares of RFC 9591, appendix E.1, over the scalars of edwards25519', () => {
    const prime = 2n ** 252n + 27742317777372353535851937790883648493n
    const secret = littleEndian('7b1c33d3f5291d85de664833beb1ad469f7fb6025a0ec78b3a790c6e13a98304')
    const slope = littleEndian('178199860edd8c62f5212ee91eff1295d0d670ab4ed4506866bae57e7030b204')
    const shares = split(secret, [1, 2, 3], 2, () => slope, prime)
    expect(shares.map(({ y }) => y)).toEqual(
      [
        '929dcc590407aae7d388761cddb0c0db6f5627aea8e217f4a033f2ec83d93509',
        'a91e66e012e4364ac9aaa405fcafd370402d9859f7b6685c07eed76bf409e80d',
        'd3cb090a075eb154e82fdb4b3cb507f110040905468bb9c46da8bdea643a9a02',
      ].map(littleEndian),
    )
    expect(combine([shares[0]!, shares[2]!], prime)).toBe(secret)
  })

  test('gives the shares of the worked example in its Wikipedia article, over 1613', () => {
    const coefficients = [166n, 94n]
    const shares = split(1234n, [1, 2, 3, 4, 5, 6], 3, () => coefficients.shift()!, 1613n)
    expect(shares.map(({ y }) => Number(y))).toEqual([1494, 329, 965, 176, 1188, 775])
    expect(combine([shares[1]!, shares[3]!, shares[4]!], 1613n)).toBe(1234n)
  })

  test('its field is that of a prime above every secret of 32 bytes', () => {
    expect(PRIME > 2n ** 256n).toBe(true)
    // Miller-Rabin.
    const odd = (PRIME - 1n) >> 3n
    expect((PRIME - 1n) % 8n).toBe(0n)
    expect(odd % 2n).toBe(1n)
    for (const base of [2n, 3n, 5n, 7n, 11n, 13n, 17n, 19n, 23n, 29n, 31n, 37n]) {
      const powers = [0, 1, 2].map((k) => power(base, odd << BigInt(k)))
      expect(powers[0] === 1n || powers.includes(PRIME - 1n)).toBe(true)
    }
  })

  test('any threshold of the shares gives every secret back, also as bytes', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 0, max: 5 }),
        (secret, threshold, more) => {
          const places = Array.from({ length: threshold + more }, (_, i) => 3 * i + 1)
          const shares = split(numberOf(secret), places, threshold, () =>
            randomElement(randomBytes),
          )
          const sent = shares.map(({ x, y }) => ({ x, y: elementOf(bytesOf(y, SHARE_BYTES))! }))
          expect(bytesOf(combine(sent.slice(more)), 32)).toEqual(secret)
        },
      ),
      { numRuns: 30 },
    )
  })

  test('fewer shares give something else', () => {
    const shares = split(5n, [1, 2, 3], 3, () => randomElement(randomBytes))
    expect(combine(shares.slice(1))).not.toBe(5n)
  })

  test('takes no element beyond its prime and no two shares of one place', () => {
    expect(elementOf(bytesOf(PRIME, SHARE_BYTES))).toBeUndefined()
    expect(elementOf(new Uint8Array(32))).toBeUndefined()
    expect(() =>
      combine([
        { x: 1, y: 2n },
        { x: 1, y: 3n },
      ]),
    ).toThrow(RangeError)
  })
})
