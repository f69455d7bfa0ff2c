import { expect, test } from 'vitest'
import { sha256, sha256Hex } from '../../../adapters/node/sha256.ts'

// FIPS 180-4 examples, as published in NIST's SHA256.pdf.
test.each([
  ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
  [
    'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq',
    '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
  ],
])('the digest of %j is the published one', (text, expected) => {
  const bytes = new TextEncoder().encode(text)
  expect(sha256Hex(bytes)).toBe(expected)
  expect(Buffer.from(sha256(bytes)).toString('hex')).toBe(expected)
})
