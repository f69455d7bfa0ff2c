/**
 * Which style a clause asks for, with its direction. constraints.ts hears more, since a false alarm
 * costs little there; here every word must say which way. A negation a few words before a word
 * reverses it. The words are the sections `style/…` of text/words.
 */

import type { Dimension } from '../records/preference.ts'
import { filled, pattern } from '../text/words.ts'
import type { Pole } from './dimensions.ts'

/** In this order: of a dimension's two ends, the first one found counts. */
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
/** Words between a negation and what it turns round. */
const REACH = 4

const edges = (section: string) =>
  filled(`(?<![\\p{Script=Latin}\\p{N}]){${section}}(?![\\p{Script=Latin}\\p{N}])`)
const NOT = `(?<not>${edges('style/not')}(?:[\\s-]+[\\p{L}\\p{N}'-]+){0,${REACH}}[\\s-]+)?`
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
    const isTurned = UNSPACED.test(text)
      ? NOT_UNSPACED.test(text.replace(unspaced, ''))
      : found.groups?.['not'] !== undefined
    ends.set(dimension, isTurned ? (end === 1 ? -1 : 1) : end)
  }
  // A friendly greeting is about the greeting.
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
