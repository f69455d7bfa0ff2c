/**
 * Detects a text's language by its script and its most frequent small words, and counts the words
 * that style features are made of.
 */
import { filled, phrasesOf } from './words.ts'

const LATIN = ['en', 'de', 'fr', 'es', 'it', 'pt', 'other'] as const
/** unknown: too little text, or numbers, code, a name. other: a language without a word file. */
export type Language = (typeof LATIN)[number] | 'zh' | 'ja' | 'unknown'

/** The sections `answer/…` of the word files. */
export type WordKind =
  | 'first-person'
  | 'second-person'
  | 'hedging'
  | 'formal'
  | 'casual'
  | 'example'
  | 'summary'
  | 'preamble'
  | 'closing'
  | 'apology'

/** Scripts that write without spaces between words. */
export const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/gu

/** words: lower-cased words of the text, as text-analysis.ts cuts them. */
export const languageOf = (text: string, words: readonly string[]): Language => {
  const letters = count(text, /\p{L}/gu)
  if (letters === 0) return 'unknown'
  if (count(text, /[\p{Script=Hiragana}\p{Script=Katakana}]/gu) > 0.1 * letters) return 'ja'
  if (count(text, /\p{Script=Han}/gu) > 0.3 * letters) return 'zh'
  if (count(text, /\p{Script=Latin}/gu) < 0.5 * letters) return 'other'
  const hits = SMALL_WORDS.map(([language, small]) => ({
    language,
    n: words.filter((w) => small.has(w)).length,
  }))
  const [best, second] = hits.sort((a, b) => b.n - a.n)
  if (best && best.n > 0 && best.n > second!.n) return best.language
  // Latin letters with many accents are hardly English.
  return count(text, /[^\P{L}\p{ASCII}]/gu) > 0.03 * letters ? 'other' : 'unknown'
}

/**
 * Occurrences of a kind of words in a text. An unknown language is read as English; other languages
 * have no words.
 */
export const countWords = (kind: WordKind, language: Language, text: string): number => {
  const pattern = patternOf(kind, language)
  return pattern ? count(text, pattern) : 0
}

/** Matches of a global pattern. */
export const count = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0

const patterns = new Map<string, RegExp | null>()

const patternOf = (kind: WordKind, language: Language): RegExp | null => {
  const key = `${kind} ${language}`
  const cached = patterns.get(key)
  if (cached !== undefined) return cached
  const pattern = compile(`answer/${kind}`, language === 'unknown' ? 'en' : language)
  patterns.set(key, pattern)
  return pattern
}

const compile = (section: string, language: string): RegExp | null => {
  if (phrasesOf(section, language).length === 0) return null
  const words = filled(`{${section}@${language}}`)
  const isUnspaced = language === 'zh' || language === 'ja'
  return new RegExp(isUnspaced ? words : `(?<![\\p{L}\\p{N}])${words}(?![\\p{L}\\p{N}])`, 'giu')
}

const SMALL_WORDS = LATIN.map(
  (language) => [language, new Set(phrasesOf('text/small-words', language))] as const,
)
