/**
 * Finds the style that a clause asks for, with its direction (`style/…` in text/words). constraints.ts
 * finds more, since a false alarm costs little there; here every word must have a direction. A
 * negation up to four words before a word reverses it.
 */
import type { Dimension } from '../records/preference.ts'
import { filled, pattern } from '../text/words.ts'
import type { Pole } from './dimensions.ts'

/** The first end found of a dimension counts. */
const ENDS: readonly (readonly [dimension: Dimension, end: 1 | -1])[] = [
  ['length', -1],
  ['length', 1],
  ['lists', 1],
  ['lists', -1],
  ['headings', 1],
  ['emphasis', 1],
  ['tables', 1],
  ['tone', -1],
  ['tone', 1],
  ['directness', 1],
  ['directness', -1],
  ['examples', 1],
  ['hedging', 1],
  ['hedging', -1],
  ['questions', 1],
  ['emoji', 1],
  ['numbers', 1],
  ['closing', 1],
  ['steps', 1],
]

const NOT_UNSPACED = pattern('{style/not-unspaced}', 'u')
/** Words between a negation and the word that it reverses. */
const MAX_WORDS_BETWEEN = 4

const edges = (section: string) =>
  filled(`(?<![\\p{Script=Latin}\\p{N}]){${section}}(?![\\p{Script=Latin}\\p{N}])`)
const NOT = `(?<not>${edges('style/not')}(?:[\\s-]+[\\p{L}\\p{N}'-]+){0,${MAX_WORDS_BETWEEN}}[\\s-]+)?`
const MATCHERS = ENDS.map(([dimension, end]) => {
  const words = edges(`style/${dimension}/${end > 0 ? 'more' : 'less'}`)
  return {
    dimension,
    end,
    unspaced: new RegExp(words, 'iu'),
    pattern: new RegExp(NOT + words, 'iu'),
  }
})
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u

/** At most one end a dimension. */
export const demandedPoles = (clause: string): Pole[] => {
  const text = clause
    .normalize('NFKC')
    .replace(/[’‘]/g, "'")
    .replace(/\bnot enough\b/gi, 'more')
    .toLowerCase()
  const ends = new Map<Dimension, 1 | -1>()
  for (const { dimension, end, pattern, unspaced } of MATCHERS) {
    if (ends.has(dimension)) continue
    const found = pattern.exec(text)
    if (!found) continue
    const isReversed = UNSPACED.test(text)
      ? NOT_UNSPACED.test(text.replace(unspaced, ''))
      : found.groups?.['not'] !== undefined
    ends.set(dimension, isReversed ? (end === 1 ? -1 : 1) : end)
  }
  // "Friendly" then describes the greeting.
  if (ends.has('directness')) ends.delete('tone')
  return [...ends].map(([dimension, end]): Pole => `${dimension}${end > 0 ? '+' : '-'}`)
}

const BETWEEN_ORDERS = pattern(
  String.raw`[,;，、；:：]|\s+{style/but}\s+|\s+and\s+(?={style/order}\b)`,
  'iu',
)

/** Clauses of a sentence that ask for one thing each. */
export const clausesOf = (sentence: string): string[] =>
  sentence
    .split(BETWEEN_ORDERS)
    .map((part) => part.trim())
    .filter((part) => part !== '')
