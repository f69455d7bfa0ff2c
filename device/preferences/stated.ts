/**
 * Finds lasting preferences that the user states in a message: "remember that I prefer …", "from
 * now on …", "never … in your answers" (`stated/…` in text/words). Quotations, pasted text, code,
 * questions and sentences about other texts or people do not count. A miss costs nothing, and a find
 * counts only once the user confirms it.
 */
import { holdsDelimiter } from '../text/imitation.ts'
import { pattern, wholeWords } from '../text/words.ts'
import type { Pole } from './dimensions.ts'
import { clausesOf, demandedPoles } from './style-demand.ts'

/** said: the sentence that states it. */
export type StatedPreference = { readonly pole: Pole; readonly said: string }

/** Longer messages contain material. */
const MAX_MESSAGE_CHARS = 1500
const MAX_SAID_CHARS = 300

export const statedPreferences = (message: string): StatedPreference[] => {
  if (message.length > MAX_MESSAGE_CHARS || holdsDelimiter(message)) return []
  const found = new Map<Pole, string>()
  for (const sentence of sentencesOf(ownWords(message))) {
    if (!isLasting(sentence)) continue
    for (const clause of clausesOf(sentence))
      if (!OTHER_TEXT.test(clause))
        for (const pole of demandedPoles(clause))
          if (!found.has(pole)) found.set(pole, sentence.slice(0, MAX_SAID_CHARS))
  }
  // Both ends of a dimension cancel out.
  return [...found]
    .filter(([pole]) => !found.has(opposite(pole)))
    .map(([pole, said]) => ({ pole, said }))
}

const opposite = (pole: Pole): Pole =>
  `${pole.slice(0, -1)}${pole.endsWith('+') ? '-' : '+'}` as Pole

/** Announces a lasting preference before a colon; any other colon introduces another text. */
const ANNOUNCES = pattern(String.raw`{stated/announces}[\p{L}\s]{0,12}$`, 'iu')

/** The message without code, tags, quotations, and the text after a colon that introduces another. */
const ownWords = (message: string): string => {
  const text = message
    .normalize('NFKC')
    .replace(/[’‘]/g, "'")
    .replace(/```[\s\S]*?(?:```|$)|~~~[\s\S]*?(?:~~~|$)/g, '\n')
    .replace(/^\s*>.*$/gm, '')
    .replace(/<([\w-]+)[^>]*>[\s\S]*?(?:<\/\1>|$)/g, ' ')
    .replace(/"[^"]*"|“[^”]*”|„[^“”]*[“”]|«[^»]*»|「[^」]*」|『[^』]*』|`[^`]*`/g, ' … ')
    .replace(/(?<!\p{L})'[^'\n]{2,300}?'(?!\p{L})/gu, ' … ')
    .replace(/\{[\s\S]*\}/g, ' ')
  const colon = [...text.matchAll(/[:：](?=\s|$|[^\p{ASCII}])/gu)].find(
    ({ index }) => !ANNOUNCES.test(text.slice(Math.max(0, index - 60), index)),
  )
  return colon ? text.slice(0, colon.index) : text
}

export const sentencesOf = (text: string): string[] =>
  (text.match(/[^.!?\n。！？]+[.!?。！？]*/g) ?? []).map((s) => s.trim()).filter((s) => s !== '')

/** Announces that something holds from now on. */
const LASTING = pattern(
  String.raw`\b{stated/lasting@en}\b` +
    String.raw`|(?:^|[,:;.]\s*|\b{stated/before-always} ){stated/always}\b` +
    String.raw`|\b{stated/i-always}` +
    ['de', 'fr', 'es', 'it', 'pt']
      .map((language) => String.raw`|(?<!\p{L}){stated/lasting@${language}}(?!\p{L})`)
      .join('') +
    '|{stated/lasting@unspaced}',
  'iu',
)

/** Asks to remember something. */
const REMEMBER = pattern(
  String.raw`(?<!\p{L}){stated/remember@spaced}|{stated/remember@unspaced}`,
  'iu',
)

/** "I like" counts only beside a word for answers. */
const LIKES = wholeWords('stated/likes')
const ANSWERS = wholeWords('stated/answers')

/** About other people, about words, or hypothetical. */
const NOT_MEANT = wholeWords('stated/not-meant')

/** A clause about a text to be written, or about a thing that is no answer. */
const OTHER_TEXT = wholeWords('stated/other-text')

/** A question counts only if it asks for a lasting habit. */
const ASKS_DEVICE = pattern('^{stated/asks-device}', 'iu')

/** Whether a sentence states a preference for every answer from now on. */
export const isLasting = (whole: string): boolean => {
  const sentence = whole.replace(/,? (?:ok(?:ay)?|please|thanks|alright)[?？]$/i, '')
  if (/[?？]\s*$/.test(sentence) && !ASKS_DEVICE.test(sentence)) return false
  if (NOT_MEANT.test(sentence)) return false
  return (
    LASTING.test(sentence) ||
    REMEMBER.test(sentence) ||
    (LIKES.test(sentence) && ANSWERS.test(sentence))
  )
}
