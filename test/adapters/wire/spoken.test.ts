import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fingerprintOf, isSameSpoken, SPOKEN, spokenHash } from '../../../adapters/wire/spoken.ts'

// The examples of Wilkerson, "A Proposal for Proquints" (2009): 127.0.0.1 and 63.84.220.193.
test('16 bits are a word of five letters', () => {
  expect(spokenHash(`7f000001${'0'.repeat(24)}`)).toMatch(/^lusab-babad-/)
  expect(spokenHash(`3f54dcc1${'0'.repeat(24)}`)).toMatch(/^gutih-tugad-/)
})

const hash = fc.stringMatching(/^[0-9a-f]{64}$/)

test('hashes that differ in their first 128 bits have other words', () => {
  fc.assert(
    fc.property(hash, hash, (a, b) => {
      expect(spokenHash(a)).toMatch(SPOKEN)
      expect(spokenHash(a) === spokenHash(b)).toBe(a.slice(0, 32) === b.slice(0, 32))
    }),
  )
})

test('words are compared as people write them', () => {
  const words = fingerprintOf('A'.repeat(43))
  expect(isSameSpoken(` ${words.toUpperCase().replaceAll('-', '  ')}\n`, words)).toBe(true)
  expect(isSameSpoken(words.slice(6), words)).toBe(false)
  expect(isSameSpoken('', words)).toBe(false)
})
