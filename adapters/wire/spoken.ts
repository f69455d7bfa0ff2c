/**
 * Hashes as words that people can read to each other: 16 bits are a word of five letters, consonants
 * and vowels by turns, so that any two words differ in sound.
 */
import { sha256 } from '../node/sha256.ts'

const CONSONANTS = 'bdfghjklmnprstvz'
const VOWELS = 'aiou'

/** 128 bits: nobody finds another key, or another log, of the same words. */
const BYTES = 16

/** Of the first 128 bits of a hash: eight words with hyphens between. hash: hexadecimal digits. */
export const spokenHash = (hash: string): string => {
  const words: string[] = []
  for (let at = 0; at < 2 * BYTES; at += 4)
    words.push(wordOf(Number.parseInt(hash.slice(at, at + 4), 16)))
  return words.join('-')
}

/** Of a raw public key, base64url. */
export const fingerprintOf = (publicKey: string): string =>
  spokenHash(Buffer.from(sha256(Buffer.from(publicKey, 'base64url'))).toString('hex'))

/** As people write them: in capitals, with blanks. */
export const isSameSpoken = (said: string, words: string): boolean =>
  said
    .toLowerCase()
    .split(/[^a-z]+/)
    .filter(Boolean)
    .join('-') === words

export const SPOKEN = /^[a-z]{5}(?:-[a-z]{5}){7}$/

const wordOf = (bits: number): string =>
  CONSONANTS[bits >> 12]! +
  VOWELS[(bits >> 10) & 3]! +
  CONSONANTS[(bits >> 6) & 15]! +
  VOWELS[(bits >> 4) & 3]! +
  CONSONANTS[bits & 15]!
