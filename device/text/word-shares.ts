/**
 * How common words and marks are in an answer. People differ in the wording that they like, and most
 * of it shows in words that everybody uses: function words, and how sentences are cut.
 */
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { MAX_CHARS } from './text-analysis.ts'

/**
 * In falling frequency; a line break counts as a mark. English: in another language the marks
 * remain. They are part of the federation's contract: another list is another name.
 */
const COMMON_WORDS = z
  .array(z.string().min(1))
  .parse(JSON.parse(readFileSync(new URL('./common-words.json', import.meta.url), 'utf8')))

export const WORD_LIST = { list: 'common-1', count: COMMON_WORDS.length } as const

const PLACES = new Map(COMMON_WORDS.map((word, i) => [word, i]))
const WORD_OR_MARK = /[\p{L}\p{M}]+(?:'[\p{L}\p{M}]+)?|\p{N}+|\n+|[^\p{L}\p{M}\p{N}\s]/gu

/**
 * √(occurrences / all words and marks) for each of the list, [WORD_LIST.count]; zero for an empty
 * answer. The root keeps the few commonest from outweighing the rest (Hellinger distance).
 */
export const wordShares = (answer: string): Float64Array => {
  const shares = new Float64Array(WORD_LIST.count)
  const text = answer.slice(0, MAX_CHARS).toLowerCase().replaceAll('’', "'")
  let total = 0
  for (const [found] of text.matchAll(WORD_OR_MARK)) {
    total++
    const place = PLACES.get(found.startsWith('\n') ? '\n' : found)
    if (place !== undefined) shares[place]!++
  }
  return total === 0 ? shares : shares.map((n) => Math.sqrt(n / total))
}
