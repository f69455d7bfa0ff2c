/**
 * The named style features of an answer, relative to its request: small, bounded or logarithmic,
 * zero for an empty answer. FEATURES.md has the same table, and a test compares
 * them.
 */
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { count, countWords, type WordKind } from './language.ts'
import { type AnalyzedText, analyze } from './text-analysis.ts'

const Texts = z.strictObject({
  name: z.string(),
  unit: z.string(),
  /** The formula. */
  describe: z.string(),
  /** Lower and higher values, as the reasons for a reward call them. */
  less: z.string(),
  more: z.string(),
})

export type NamedFeature = Readonly<z.infer<typeof Texts>> & {
  of(answer: AnalyzedText, request: AnalyzedText): number
}

/** ln(1 + n). */
const log = (n: number) => Math.log1p(n)
/** ln(1 + occurrences per 100 words); 20 words are added to damp single hits in short texts. */
const rate = (n: number, a: AnalyzedText) => Math.log1p((100 * n) / (a.wordCount + 20))
const wordRate = (kind: WordKind) => (a: AnalyzedText) =>
  rate(countWords(kind, a.language, a.prose), a)
const countOf = (pattern: RegExp) => (a: AnalyzedText) => log(count(a.prose, pattern))
const startsWith = (kind: WordKind, a: AnalyzedText, text: string) =>
  countWords(kind, a.language, text) > 0 ? 1 : 0

const PATTERNS = {
  bold: /\*\*[^*\n]{1,200}\*\*|__[^_\n]{1,200}__/g,
  question: /[?？]+/g,
  exclamation: /[!！]+/g,
  emoji:
    /(?![©®™])\p{Extended_Pictographic}|\p{Regional_Indicator}{2}|(?<=^|\s)[:;]-?[)(DP](?=\s|$)/gmu,
  number: /(?<![\p{L}\p{N}.,])\d+(?:[.,]\d+)*/gu,
  quote: /[“„«「『"][^“”„"«»「」『』\n]{1,200}[”“"»」』]/g,
  contraction:
    /\p{L}n['’]t\b|\p{L}['’](?:re|ve|ll|d|m)\b|\b(?:it|that|there|here|what|who|he|she|let)['’]s\b/giu,
  link: /\[[^\]\n]{1,200}\]\([^)\n]{1,500}\)|https?:\/\/[^\s)]{1,500}/g,
  parenthesis: /[(（][^()（）\n]{1,300}[)）]/g,
  itemNumber: /^\s{0,20}\d{1,3}(?:[.)]\s|、)/gm,
}

/** Signed logarithm of formal minus casual words per 100 words. */
const formality = (a: AnalyzedText): number => {
  const formal = countWords('formal', a.language, a.prose)
  const casual = countWords('casual', a.language, a.prose)
  return Math.sign(formal - casual) * rate(Math.abs(formal - casual), a)
}

/** Share of the request's longer words (4 letters or more) that the answer repeats. */
const echo = (a: AnalyzedText, request: AnalyzedText): number => {
  const asked = new Set(request.words.filter((w) => w.length >= 4))
  if (asked.size === 0) return 0
  const said = new Set(a.words)
  return [...asked].filter((w) => said.has(w)).length / asked.size
}

const languageMatches = (a: AnalyzedText, request: AnalyzedText): number =>
  a.wordCount === 0
    ? 0
    : [a, request].some((t) => t.language === 'unknown') || a.language === request.language
      ? 1
      : 0

/** Words of alphabetic scripts. */
const spelled = (a: AnalyzedText): string[] =>
  a.words.filter((w) => /^[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}'’-]+$/u.test(w))

const meanLetters = (a: AnalyzedText): number => {
  const words = spelled(a)
  return words.reduce((n, w) => n + w.length, 0) / Math.max(1, words.length)
}

/** LIX (Björnsson 1968): words per sentence plus the percentage of words over 6 letters. */
const lix = (a: AnalyzedText): number => {
  const words = spelled(a)
  const long = words.filter((w) => w.length > 6).length
  return a.wordCount / Math.max(1, a.sentences.length) + (100 * long) / Math.max(1, words.length)
}

/** The first three words, which show a preamble. */
const opening = (a: AnalyzedText): string =>
  (a.sentences[0] ?? '').split(/\s+/).slice(0, 3).join(' ').slice(0, 60)

/** Numbers, but not those of list items. */
const numbers = (a: AnalyzedText): number =>
  rate(Math.max(0, count(a.prose, PATTERNS.number) - count(a.prose, PATTERNS.itemNumber)), a)

const FORMULAS: Readonly<Record<string, NamedFeature['of']>> = {
  length: (a) => log(a.wordCount),
  list_share: (a) => a.items / Math.max(1, a.lines),
  steps: (a) => log(a.numberedItems),
  headings: (a) => log(a.headings),
  bold: countOf(PATTERNS.bold),
  tables: (a) => log(a.tableRows),
  code_share: (a) => a.codeChars / Math.max(1, a.text.length),
  paragraphs: (a) => log(a.paragraphs),
  sentence_length: (a) => log(a.wordCount / Math.max(1, a.sentences.length)),
  word_length: (a) => log(meanLetters(a)),
  first_person: wordRate('first-person'),
  second_person: wordRate('second-person'),
  questions: countOf(PATTERNS.question),
  exclamations: countOf(PATTERNS.exclamation),
  emoji: countOf(PATTERNS.emoji),
  hedging: wordRate('hedging'),
  numbers,
  quotes: countOf(PATTERNS.quote),
  contractions: (a) => rate(count(a.prose, PATTERNS.contraction), a),
  formality,
  preamble: (a) => startsWith('preamble', a, opening(a)),
  closing_offer: (a) => startsWith('closing', a, a.sentences.slice(-2).join(' ').slice(-400)),
  summary: (a) => log(countWords('summary', a.language, a.prose)),
  examples: (a) => log(countWords('example', a.language, a.prose)),
  links: countOf(PATTERNS.link),
  parentheses: (a) => rate(count(a.prose, PATTERNS.parenthesis), a),
  apology: (a) => startsWith('apology', a, a.sentences.slice(0, 3).join(' ').slice(0, 400)),
  echo,
  language_match: languageMatches,
  readability: (a) => log(lix(a)),
}

export const NAMED_FEATURES: readonly NamedFeature[] = z
  .array(Texts)
  .parse(JSON.parse(readFileSync(new URL('./named-features.json', import.meta.url), 'utf8')))
  .map((texts) => {
    const of = FORMULAS[texts.name]
    if (!of) throw new Error(`named-features.json: no formula for ${texts.name}`)
    return { ...texts, of }
  })

/** Their names in order: part of the federation's contract. Append only. */
export const FEATURE_NAMES: string[] = NAMED_FEATURES.map((f) => f.name)

/** [FEATURE_NAMES.length], unstandardized. Only the first 60,000 characters of a text count. */
export const namedFeatures = (answer: string, request: string): Float64Array => {
  const a = analyze(answer)
  const r = analyze(request)
  return Float64Array.from(NAMED_FEATURES, (f) => f.of(a, r))
}
