import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { WORD_LIST, wordShares } from '../../../device/text/word-shares.ts'

/** By what they count in texts of one word or mark. */
const placeOf = (word: string) => wordShares(word).findIndex((share) => share > 0)

describe('wordShares', () => {
  test('the list is part of the federation contract', () => {
    expect(WORD_LIST).toEqual({ list: 'common-1', count: 192 })
    expect(['.', ',', '\n', 'the', 'however', 'xylophone'].map(placeOf)).toEqual([
      0, 1, 2, 3, -1, -1,
    ])
  })

  test('are roots of shares of all words and marks, known or not', () => {
    const shares = wordShares('The cat and the dog.')
    expect(shares[placeOf('the')]).toBeCloseTo(Math.sqrt(2 / 6), 12)
    expect(shares[placeOf('and')]).toBeCloseTo(Math.sqrt(1 / 6), 12)
    expect(shares[placeOf('.')]).toBeCloseTo(Math.sqrt(1 / 6), 12)
    expect(shares.filter((s) => s > 0)).toHaveLength(3)
  })

  test('case, the kind of apostrophe and how many lines are empty make no difference', () => {
    expect(wordShares("IT'S\n\n\nthere")).toEqual(wordShares('it’s\nthere'))
    expect(placeOf("it's")).toBeGreaterThan(0)
  })

  test('an empty answer has none, and any text gives finite shares whose squares are at most 1', () => {
    expect(wordShares('').every((share) => share === 0)).toBe(true)
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
        const squares = wordShares(text).reduce((sum, share) => sum + share * share, 0)
        expect(squares).toBeLessThanOrEqual(1 + 1e-12)
      }),
    )
  })
})
