import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { nativeCiphers } from '../../../adapters/node/ciphers.ts'
import { type Ciphers, nobleCiphers } from '../../../adapters/secagg/ciphers.ts'

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'))
const hex = (of: Uint8Array) => Buffer.from(of).toString('hex')

describe.each<readonly [string, Ciphers]>([
  ['by noble', nobleCiphers],
  ['by the platform', nativeCiphers],
])('the ciphers %s', (_, ciphers) => {
  // RFC 7748, section 6.1.
  const ALICE = bytes('77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a')
  const BOB = bytes('5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb')

  test('agree on the keys of RFC 7748', () => {
    const [alice, bob] = [ciphers.publicKey(ALICE), ciphers.publicKey(BOB)]
    expect(hex(alice)).toBe('8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a')
    expect(hex(bob)).toBe('de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f')
    const agreed = '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742'
    expect(hex(ciphers.agree(ALICE, bob))).toBe(agreed)
    expect(hex(ciphers.agree(BOB, alice))).toBe(agreed)
  })

  test('refuse a public key whose agreement is zero', () => {
    expect(() => ciphers.agree(ALICE, new Uint8Array(32))).toThrow()
  })

  test.each([
    // RFC 5869, appendix A.1 and A.3.
    [
      '0b'.repeat(22),
      '000102030405060708090a0b0c',
      'f0f1f2f3f4f5f6f7f8f9',
      '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
    ],
    [
      '0b'.repeat(22),
      '',
      '',
      '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8',
    ],
  ])('derive the key of RFC 5869 from %s', (secret, salt, info, key) => {
    expect(hex(ciphers.derive(bytes(secret), bytes(salt), bytes(info), 42))).toBe(key)
  })

  test('have the key stream of RFC 8439, appendix A.1', () => {
    const [zero, one] = [ciphers.keystream(new Uint8Array(32), 128), bytes(`${'00'.repeat(31)}01`)]
    // Vectors 1 and 2: blocks 0 and 1.
    expect(hex(zero)).toBe(
      '76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7' +
        'da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586' +
        '9f07e7be5551387a98ba977c732d080dcb0f29a048e3656912c6533e32ee7aed' +
        '29b721769ce64e43d57133b074d839d531ed1f28510afb45ace10a1f4b794d6f',
    )
    // Vector 3: block 1.
    expect(hex(ciphers.keystream(one, 128).subarray(64))).toBe(
      '3aeb5224ecf849929b9d828db1ced4dd832025e8018b8160b82284f3c949aa5a' +
        '8eca00bbb4a73bdad192b5c42f73f2fd4e273644c8b36125a64addeb006c13a0',
    )
    // Vector 4: block 2.
    const key = bytes(`00ff${'00'.repeat(30)}`)
    expect(hex(ciphers.keystream(key, 192).subarray(128))).toBe(
      '72d54dfbf12ec44b362692df94137f328fea8da73990265ec1bbbea1ae9af0ca' +
        '13b25aa26cb4a648cb9b9d1be65b2c0924a66c54d545ec1b7374f4872e99f096',
    )
  })

  test('seal as RFC 8439 section 2.8.2 does, and open nothing that was changed', () => {
    const key = Uint8Array.from({ length: 32 }, (_, i) => 0x80 + i)
    const nonce = bytes('070000004041424344454647')
    const about = bytes('50515253c0c1c2c3c4c5c6c7')
    const plain = new TextEncoder().encode(
      "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the " +
        'future, sunscreen would be it.',
    )
    const sealed = ciphers.seal(key, nonce, plain, about)
    expect(hex(sealed)).toBe(
      'd31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da' +
        '92728b1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad67594' +
        '5585808b4831d7bc3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691',
    )
    expect(hex(ciphers.open(key, nonce, sealed, about)!)).toBe(hex(plain))
    expect(ciphers.open(key, nonce, sealed.with(3, sealed[3]! ^ 1), about)).toBeNull()
    expect(ciphers.open(key, nonce, sealed, about.with(0, 1))).toBeNull()
    expect(ciphers.open(key, nonce, sealed.subarray(0, 15), about)).toBeNull()
  })

  test('sign as RFC 8032 section 7.1, test 2, and verify nothing else', () => {
    const secret = bytes('4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb')
    const key = bytes('3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c')
    const signature = ciphers.sign(bytes('72'), secret)
    expect(hex(signature)).toBe(
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da' +
        '085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
    )
    expect(ciphers.verify(signature, bytes('72'), key)).toBe(true)
    expect(ciphers.verify(signature, bytes('73'), key)).toBe(false)
    expect(ciphers.verify(signature.with(0, 0), bytes('72'), key)).toBe(false)
    expect(ciphers.verify(signature.subarray(1), bytes('72'), key)).toBe(false)
  })
})

/** The stream of a key, of which the first part is of whole blocks. */
const inParts = (ciphers: Ciphers, key: Uint8Array, length: number): string => {
  const next = ciphers.stream(key)
  return hex(next(128)) + hex(next(length))
}

test.each([nobleCiphers, nativeCiphers as Ciphers])(
  'a stream in parts is the key stream',
  (one) => {
    const key = new Uint8Array(32).fill(7)
    expect(inParts(one, key, 300)).toBe(hex(one.keystream(key, 428)))
  },
)

test('the platform has the same bytes as noble, whatever is asked', () => {
  const key = fc.uint8Array({ minLength: 32, maxLength: 32 })
  const some = fc.uint8Array({ maxLength: 300 })
  fc.assert(
    fc.property(key, key, some, some, fc.integer({ min: 1, max: 400 }), (a, b, c, d, length) => {
      const nonce = b.subarray(0, 12)
      const [one, other] = [nobleCiphers, nativeCiphers as Ciphers].map((ciphers) => [
        hex(ciphers.sha256(c)),
        hex(ciphers.publicKey(a)),
        hex(ciphers.agree(a, ciphers.publicKey(b))),
        hex(ciphers.derive(a, c, d, length)),
        hex(ciphers.keystream(a, length)),
        inParts(ciphers, a, length),
        hex(ciphers.seal(a, nonce, c, d)),
        hex(ciphers.sign(c, a)),
      ])
      expect(one).toEqual(other)
    }),
    { numRuns: 20 },
  )
})
