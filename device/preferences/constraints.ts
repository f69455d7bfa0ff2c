/**
 * Finds what a person's message demands explicitly. A dimension that the message mentions silences
 * its preferences, and those that would contradict the demand. The word lists (`demand/…` in
 * text/words) are wide, because a false alarm costs one preference in one conversation, while a miss
 * contradicts the user.
 */

import { DIMENSIONS, type Dimension } from '../records/preference.ts'
import { bothEnds, READ_CHARS } from '../text/clauses.ts'
import { foldedMatcher, foldWords } from '../text/word-match.ts'
import { pattern, phrasesOf, wholeWords } from '../text/words.ts'
import { bothPoles, type Pole } from './dimensions.ts'

export type Constraints = {
  readonly strictOutput: boolean
  readonly otherLanguage: boolean
  /** Dimensions that the messages decide. */
  readonly dimensions: ReadonlySet<Dimension>
  /** Preferences on those dimensions, and those that would contradict a demand. */
  readonly silent: ReadonlySet<Pole>
}

/** Preferences that make an answer longer or put something around it. */
const ADDITIONS: readonly Pole[] = [
  'headings+',
  'lists+',
  'tables+',
  'steps+',
  'examples+',
  'closing+',
  'questions+',
  'directness-',
]

/** Sections of phrases, the dimensions that they are about, and what else they silence. */
const CUES: readonly (readonly [
  section: string,
  about: readonly Dimension[],
  silences?: readonly Pole[],
])[] = [
  ['demand/limit', ['length'], ADDITIONS],
  ['demand/short', ['length'], ADDITIONS],
  ['demand/long', ['length']],
  ['demand/prose', ['lists', 'steps'], ['tables+', 'headings+', 'emphasis+']],
  ['demand/plain-text', ['lists', 'steps', 'headings', 'emphasis', 'tables']],
  ['demand/only-the-answer', ['directness'], ['length+', ...ADDITIONS]],
  ['demand/sober', ['tone'], ['emoji+', 'directness-']],
  ['demand/lists', ['lists'], ['steps+', 'steps-', 'tables+']],
  ['demand/steps', ['steps'], ['lists-', 'lists+']],
  ['demand/headings', ['headings']],
  ['demand/emphasis', ['emphasis']],
  ['demand/tables', ['tables'], ['lists+', 'steps+']],
  ['demand/tone', ['tone'], ['directness+', 'length+']],
  ['demand/directness', ['directness'], ['closing+']],
  ['demand/examples', ['examples']],
  ['demand/hedging', ['hedging']],
  ['demand/questions', ['questions']],
  ['demand/emoji', ['emoji']],
  ['demand/numbers', ['numbers'], ['steps+', 'steps-']],
  ['demand/closing', ['closing']],
]
const MATCHERS = CUES.map(([section, about, silences = []]) => ({
  about,
  silences,
  pattern: foldedMatcher(`{${section}}`),
}))

/** The output must have an exact form or be a given text, so no preference applies. */
const STRICT = foldedMatcher('{demand/strict-output}')
/** The same for data formats. It is slow, and tested only where a format is named. */
const STRICT_DATA = foldedMatcher(
  String.raw`\b{data/format}\b[^.\n]{0,60}\b{data/order-behind}\b` +
    String.raw`|\b{data/order-before}\b[^.\n]{0,40}\b{data/format-behind}\b`,
)
const DATA_FORMAT = pattern(String.raw`\b{data/format}\b`)

const isStrict = (folded: string): boolean =>
  STRICT.test(folded) || (DATA_FORMAT.test(folded) && STRICT_DATA.test(folded))

/** Names the language of the answer. Then only preferences that fit any language apply. */
const OTHER_LANGUAGE = pattern(String.raw`(?<!\p{L}){demand/in} {demand/language}(?!\p{L})`, 'iu')

const ABOUT_THE_ANSWER = wholeWords('demand/about-the-answer')

const isKnown = (part: string): boolean =>
  OTHER_LANGUAGE.test(part) || isKnownFolded(foldWords(part))
const isKnownFolded = (folded: string): boolean =>
  isStrict(folded) || MATCHERS.some((m) => m.pattern.test(folded))

/** Mentions of a question, such as "this question". They demand nothing and are blanked out. */
const ASIDE = pattern(String.raw`(?<!\p{L}){demand/aside}(?!\p{L})`, 'giu')

/** texts: messages of a person. */
export const constraintsOf = (texts: readonly string[]): Constraints => {
  const read = texts.map((t) => mend(bothEnds(t).normalize('NFKC')).replace(ASIDE, '…'))
  const isAnywhere = (pattern: RegExp) => read.some((t) => pattern.test(t))
  const folded = read.map(foldWords)
  const found = MATCHERS.filter((m) => folded.some((t) => m.pattern.test(t)))
  // A demand in unknown words is most often about tone.
  const unknown: readonly Dimension[] = read.some(holdsUnknownDemand) ? ['tone'] : []
  const dimensions = new Set(
    DIMENSIONS.filter((d) => unknown.includes(d) || found.some(({ about }) => about.includes(d))),
  )
  return {
    strictOutput: folded.some(isStrict),
    otherLanguage: isAnywhere(OTHER_LANGUAGE),
    dimensions,
    silent: new Set<Pole>([
      ...[...dimensions].flatMap(bothPoles),
      ...found.flatMap(({ silences }) => silences),
    ]),
  }
}

/** Whether a sentence says what the answer should be like in words that no list has. */
const holdsUnknownDemand = (text: string): boolean =>
  (text.slice(0, READ_CHARS).match(/[^.!?;\n。！？；]+[.!?;\n。！？；]*/g) ?? []).some(
    (sentence) =>
      (ABOUT_THE_ANSWER.test(sentence) || MANNER.test(sentence.trim())) && !isKnown(sentence),
  )

/** A short order to write or speak in some manner, or a phrase of manner without a subject. */
const MANNER = pattern(
  '^(?:(?:{manner/polite} )*(?:{manner/verb} |{manner/write} {manner/how} )' +
    String.raw`|(?:{manner/please} )*{manner/like} (?!.*(?<!\p{L}){manner/subject}(?!\p{L})))` +
    '[^?？]{2,90}$',
  'iu',
)

/** Words that are recognized with one letter missing, added, wrong or swapped. */
const MENDED = phrasesOf('demand/mended')
/** Words that look like a misspelling of those but are correct. */
const MEANT: ReadonlySet<string> = new Set(phrasesOf('demand/not-mended'))

const MENDED_BY_LETTER = new Map(
  MENDED.map((m) => [m[0], MENDED.filter((other) => other[0] === m[0] && other.length > 4)]),
)
const isMended: ReadonlySet<string> = new Set(MENDED)

const mend = (text: string): string =>
  text.replace(/(?<!\p{L})[a-z]{4,15}(?!\p{L})/giu, (found) => {
    const word = found.toLowerCase()
    if (MEANT.has(word) || isMended.has(word)) return found
    return (
      MENDED_BY_LETTER.get(word[0])?.find(
        (m) => Math.abs(m.length - word.length) <= 1 && isSlip(word, m),
      ) ?? found
    )
  })

const isSwap = (a: string, b: string): boolean => {
  if (a.length !== b.length) return false
  const i = commonPrefix(a, b)
  return a[i] === b[i + 1] && a[i + 1] === b[i] && a.slice(i + 2) === b.slice(i + 2)
}

/** Whether one letter is missing, added or wrong, or two neighbouring ones are swapped. */
const isSlip = (a: string, b: string): boolean => {
  const i = commonPrefix(a, b)
  const rest = (text: string, skip: number) => text.slice(i + skip)
  if (a.length === b.length) return rest(a, 1) === rest(b, 1) || isSwap(a, b)
  if (Math.abs(a.length - b.length) !== 1) return false
  return a.length < b.length ? rest(a, 0) === rest(b, 1) : rest(a, 1) === rest(b, 0)
}

const commonPrefix = (a: string, b: string): number => {
  let i = 0
  while (i < a.length && i < b.length && a[i] === b[i]) i++
  return i
}
