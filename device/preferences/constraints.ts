/**
 * What a person's message demands explicitly. The profile stays silent about every dimension that a
 * message speaks of, and about what would contradict it. A false alarm costs one preference for one
 * conversation, a miss contradicts the user: hence wide word lists (`demand/…` in text/words).
 */

import { DIMENSIONS, type Dimension } from '../records/preference.ts'
import { bothEnds, READ_CHARS } from '../text/clauses.ts'
import { foldedMatcher, foldWords } from '../text/word-match.ts'
import { pattern, phrasesOf, wholeWords } from '../text/words.ts'
import type { Pole } from './dimensions.ts'

export type Constraints = {
  readonly strictOutput: boolean
  readonly otherLanguage: boolean
  /** Dimensions that the conversation decides itself. */
  readonly dimensions: ReadonlySet<Dimension>
  /** Preferences without a place in it: those dimensions, and what would work against a demand. */
  readonly silent: ReadonlySet<Pole>
}

/** template: phrases that speak of the dimensions in `about`, or demand something of them. */
type Cue = {
  readonly about: readonly Dimension[]
  readonly silences?: readonly Pole[]
  readonly template: string
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

const CUES: readonly Cue[] = [
  { about: ['length'], silences: ADDITIONS, template: '{demand/limit}|{demand/short}' },
  { about: ['length'], template: '{demand/long}' },
  {
    about: ['lists', 'steps'],
    silences: ['tables+', 'headings+', 'emphasis+'],
    template: '{demand/prose}',
  },
  {
    about: ['lists', 'steps', 'headings', 'emphasis', 'tables'],
    template: '{demand/plain-text}',
  },
  {
    about: ['directness'],
    silences: ['length+', ...ADDITIONS],
    template: '{demand/only-the-answer}',
  },
  { about: ['tone'], silences: ['emoji+', 'directness-'], template: '{demand/sober}' },
  { about: ['lists'], silences: ['steps+', 'steps-', 'tables+'], template: '{demand/lists}' },
  { about: ['steps'], silences: ['lists-', 'lists+'], template: '{demand/steps}' },
  { about: ['headings'], template: '{demand/headings}' },
  { about: ['emphasis'], template: '{demand/emphasis}' },
  { about: ['tables'], silences: ['lists+', 'steps+'], template: '{demand/tables}' },
  { about: ['tone'], silences: ['directness+', 'length+'], template: '{demand/tone}' },
  { about: ['directness'], silences: ['closing+'], template: '{demand/directness}' },
  { about: ['examples'], template: '{demand/examples}' },
  { about: ['hedging'], template: '{demand/hedging}' },
  { about: ['questions'], template: '{demand/questions}' },
  { about: ['emoji'], template: '{demand/emoji}' },
  { about: ['numbers'], silences: ['steps+', 'steps-'], template: '{demand/numbers}' },
  { about: ['closing'], template: '{demand/closing}' },
]

const MATCHERS = CUES.map((cue) => ({ ...cue, pattern: foldedMatcher(cue.template) }))

/**
 * Only one form of output will do, or the output is a given text: no preference has a place here.
 */
const STRICT = foldedMatcher('{demand/strict-output}')
/** The same for data formats: tested only where one is named, since it is slow. */
const STRICT_DATA = foldedMatcher(
  String.raw`\b{data/format}\b[^.\n]{0,60}\b{data/order-behind}\b` +
    String.raw`|\b{data/order-before}\b[^.\n]{0,40}\b{data/format-behind}\b`,
)
const DATA_FORMAT = pattern(String.raw`\b{data/format}\b`)

/** folded: lower-cased, without accents. */
const isStrict = (folded: string): boolean =>
  STRICT.test(folded) || (DATA_FORMAT.test(folded) && STRICT_DATA.test(folded))

/** The answer is wanted in a named language: only what holds in any language may be asked for. */
const OTHER_LANGUAGE = pattern(String.raw`(?<!\p{L}){demand/in} {demand/language}(?!\p{L})`, 'iu')

const ABOUT_THE_ANSWER = wholeWords('demand/about-the-answer')

const isKnown = (part: string): boolean =>
  OTHER_LANGUAGE.test(part) || isKnownFolded(foldWords(part))
const isKnownFolded = (folded: string): boolean =>
  isStrict(folded) || MATCHERS.some((m) => m.pattern.test(folded))

/** Speaks of a question itself: "this question" demands none. Blanked out. */
const ASIDE = pattern(String.raw`(?<!\p{L}){demand/aside}(?!\p{L})`, 'giu')

/** texts: what a person wrote. */
export const constraintsOf = (texts: readonly string[]): Constraints => {
  const read = texts.map((t) => mend(bothEnds(t).normalize('NFKC')).replace(ASIDE, '…'))
  const isAnywhere = (pattern: RegExp) => read.some((t) => pattern.test(t))
  const folded = read.map(foldWords)
  const found = MATCHERS.filter((m) => folded.some((t) => m.pattern.test(t)))
  // A demand that no list knows is most often about the tone of the answer.
  const unknown: readonly Dimension[] = read.some(holdsUnknownDemand) ? ['tone'] : []
  const dimensions = new Set(
    DIMENSIONS.filter((d) => unknown.includes(d) || found.some(({ about }) => about.includes(d))),
  )
  return {
    strictOutput: folded.some(isStrict),
    otherLanguage: isAnywhere(OTHER_LANGUAGE),
    dimensions,
    silent: new Set<Pole>([
      ...[...dimensions].flatMap((d) => [`${d}-`, `${d}+`] as const),
      ...found.flatMap(({ silences = [] }) => silences),
    ]),
  }
}

/** A sentence says how the answer is to be, in words that no list has. */
const holdsUnknownDemand = (text: string): boolean =>
  (text.slice(0, READ_CHARS).match(/[^.!?;\n。！？；]+[.!?;\n。！？；]*/g) ?? []).some(
    (sentence) =>
      (ABOUT_THE_ANSWER.test(sentence) || MANNER.test(sentence.trim())) && !isKnown(sentence),
  )

/** A short order to write or speak in some way, or a phrase without a subject that says how. */
const MANNER = pattern(
  '^(?:(?:{manner/polite} )*(?:{manner/verb} |{manner/write} {manner/how} )' +
    String.raw`|(?:{manner/please} )*{manner/like} (?!.*(?<!\p{L}){manner/subject}(?!\p{L})))` +
    '[^?？]{2,90}$',
  'iu',
)

/** Words of demands that are recognised with one letter missing, added, wrong or swapped. */
const MENDED = phrasesOf('demand/mended')
/** Words close to those that mean what they say. */
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

/** Two neighbouring letters are swapped. */
const isSwap = (a: string, b: string): boolean => {
  if (a.length !== b.length) return false
  const i = commonPrefix(a, b)
  return a[i] === b[i + 1] && a[i + 1] === b[i] && a.slice(i + 2) === b.slice(i + 2)
}

/** One letter is missing, too many, or another; or two are swapped. */
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
