/**
 * The named style features of an answer, relative to its request: small, bounded or logarithmic, zero for an empty answer.
 * The README's table is made from this one, and a test holds them equal.
 */
import { count, countWords, type WordKind } from './language.ts'
import { type AnalyzedText, analyze } from './text-analysis.ts'

/** describe: the formula. less, more: what a lower and a higher value are called when a reward is explained. */
export type NamedFeature = {
  readonly name: string
  readonly unit: string
  readonly describe: string
  readonly less: string
  readonly more: string
  of(answer: AnalyzedText, request: AnalyzedText): number
}

/** ln(1 + n). */
const log = (n: number) => Math.log1p(n)
/** ln(1 + occurrences per 100 words); 20 words are added, so that one hit in a short text is no flood. */
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

/** Words of scripts that write letter by letter, with spaces between words. */
const spelled = (a: AnalyzedText): string[] =>
  a.words.filter((w) => /^[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}'’-]+$/u.test(w))

const meanLetters = (a: AnalyzedText): number => {
  const words = spelled(a)
  return words.reduce((n, w) => n + w.length, 0) / Math.max(1, words.length)
}

/** LIX (Björnsson 1968), made for comparing languages: words a sentence and the share of words over 6 letters, in percent. */
const lix = (a: AnalyzedText): number => {
  const words = spelled(a)
  const long = words.filter((w) => w.length > 6).length
  return a.wordCount / Math.max(1, a.sentences.length) + (100 * long) / Math.max(1, words.length)
}

type Row = [
  name: string,
  unit: string,
  describe: string,
  less: string,
  more: string,
  of: NamedFeature['of'],
]

// biome-ignore format: a table
const ROWS: readonly Row[] = [
  ['length', 'log words', 'ln(1 + words)', 'shorter', 'longer', (a) => log(a.wordCount)],
  ['list_share', '0 … 1', 'list lines / lines', 'fewer lists', 'more lists', (a) => a.items / Math.max(1, a.lines)],
  ['steps', 'log count', 'ln(1 + numbered lines)', 'fewer numbered steps', 'more numbered steps', (a) => log(a.numberedItems)],
  ['headings', 'log count', 'ln(1 + heading lines)', 'fewer headings', 'more headings', (a) => log(a.headings)],
  ['bold', 'log count', 'ln(1 + bold spans)', 'less bold text', 'more bold text', countOf(PATTERNS.bold)],
  ['tables', 'log count', 'ln(1 + table rows)', 'fewer table rows', 'more table rows', (a) => log(a.tableRows)],
  ['code_share', '0 … 1', 'code characters / characters', 'less code', 'more code', (a) => a.codeChars / Math.max(1, a.text.length)],
  ['paragraphs', 'log count', 'ln(1 + blocks between blank lines)', 'fewer paragraphs', 'more paragraphs', (a) => log(a.paragraphs)],
  ['sentence_length', 'log words', 'ln(1 + words / sentences)', 'shorter sentences', 'longer sentences', (a) => log(a.wordCount / Math.max(1, a.sentences.length))],
  ['word_length', 'log letters', 'ln(1 + letters / words)', 'shorter words', 'longer words', (a) => log(meanLetters(a))],
  ['first_person', 'log rate', 'ln(1 + I, we, my … per 100 words)', 'less first person', 'more first person', wordRate('first-person')],
  ['second_person', 'log rate', 'ln(1 + you, your … per 100 words)', 'less second person', 'more second person', wordRate('second-person')],
  ['questions', 'log count', 'ln(1 + question marks)', 'fewer questions', 'more questions', countOf(PATTERNS.question)],
  ['exclamations', 'log count', 'ln(1 + exclamation marks)', 'fewer exclamations', 'more exclamations', countOf(PATTERNS.exclamation)],
  ['emoji', 'log count', 'ln(1 + emoji and emoticons)', 'fewer emoji', 'more emoji', countOf(PATTERNS.emoji)],
  ['hedging', 'log rate', 'ln(1 + maybe, might, usually … per 100 words)', 'less hedging', 'more hedging', wordRate('hedging')],
  ['numbers', 'log rate', 'ln(1 + numbers per 100 words), without list marks', 'fewer figures', 'more figures', (a) => rate(Math.max(0, count(a.prose, PATTERNS.number) - count(a.prose, PATTERNS.itemNumber)), a)],
  ['quotes', 'log count', 'ln(1 + quoted spans)', 'fewer quotes', 'more quotes', countOf(PATTERNS.quote)],
  ['contractions', 'log rate', "ln(1 + don't, it's … per 100 words)", 'fewer contractions', 'more contractions', (a) => rate(count(a.prose, PATTERNS.contraction), a)],
  ['formality', 'signed log rate', '±ln(1 + abs(formal − casual words) per 100 words)', 'more casual', 'more formal', formality],
  ['preamble', '0 or 1', 'the first words are a greeting, praise or announcement', 'a direct opening', 'an opening preamble', (a) => startsWith('preamble', a, opening(a))],
  ['closing_offer', '0 or 1', 'the last two sentences offer more or wish well', 'no closing offer', 'a closing offer', (a) => startsWith('closing', a, a.sentences.slice(-2).join(' ').slice(-400))],
  ['summary', 'log count', 'ln(1 + in short, overall …)', 'no summing up', 'a summing up', (a) => log(countWords('summary', a.language, a.prose))],
  ['examples', 'log count', 'ln(1 + for example, such as …)', 'fewer examples', 'more examples', (a) => log(countWords('example', a.language, a.prose))],
  ['links', 'log count', 'ln(1 + links)', 'fewer links', 'more links', countOf(PATTERNS.link)],
  ['parentheses', 'log rate', 'ln(1 + bracketed asides per 100 words)', 'fewer asides in brackets', 'more asides in brackets', (a) => rate(count(a.prose, PATTERNS.parenthesis), a)],
  ['apology', '0 or 1', 'an apology or refusal in the first three sentences', 'no apology', 'an apology or refusal', (a) => startsWith('apology', a, a.sentences.slice(0, 3).join(' ').slice(0, 400))],
  ['echo', '0 … 1', "share of the request's words of 4 letters or more that come back", 'less of the question repeated', 'more of the question repeated', echo],
  ['language_match', '0 or 1', 'same language as the request, where both can be told', 'another language', 'the language of the request', languageMatches],
  ['readability', 'log LIX', 'ln(1 + words / sentences + 100 · words over 6 letters / words)', 'easier to read', 'harder to read', (a) => log(lix(a))],
]

/** The first three words, where a preamble shows itself. */
const opening = (a: AnalyzedText): string =>
  (a.sentences[0] ?? '').split(/\s+/).slice(0, 3).join(' ').slice(0, 60)

export const NAMED_FEATURES: readonly NamedFeature[] = ROWS.map(
  ([name, unit, describe, less, more, of]) => ({ name, unit, describe, less, more, of }),
)

/** Their names in order: part of the feature space, so of the federation's contract. Append only. */
export const FEATURE_NAMES: string[] = NAMED_FEATURES.map((f) => f.name)

/** [FEATURE_NAMES.length], unstandardized. Any text is taken; only its first 60,000 characters count. */
export const namedFeatures = (answer: string, request: string): Float64Array => {
  const a = analyze(answer)
  const r = analyze(request)
  return Float64Array.from(NAMED_FEATURES, (f) => f.of(a, r))
}
