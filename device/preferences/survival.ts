/** Checks whether a rewording of a message keeps everything that matters. In doubt it does not. */
import { analyze } from '../text/text-analysis.ts'
import { pattern } from '../text/words.ts'
import { constraintsOf } from './constraints.ts'

/** The kinds of content that must survive, in the order of reports. */
const SURVIVORS = [
  'numbers',
  'names',
  'quotes',
  'links',
  'code',
  'negations',
  'constraints',
  'questions',
  'language',
  'length',
] as const
export type Survivor = (typeof SURVIVORS)[number]

const FENCED = /```[\s\S]*?(?:```|$)|~~~[\s\S]*?(?:~~~|$)/g
/** Inline code, camelCase, snake_case, calls, paths, flags. */
const CODE = new RegExp(
  String.raw`\x60[^\x60\n]+\x60|(?<![\p{L}\p{N}])(?:[\p{L}\p{N}]+(?:_[\p{L}\p{N}]+)+` +
    String.raw`|\p{Ll}+\p{Lu}[\p{L}\p{N}]*|[\p{L}_][\p{L}\p{N}_.]*\([^()\n]*\)|--?[a-z][\w-]*` +
    String.raw`|[\w.~-]*(?:\/[\w.-]+)+|\p{L}[\p{L}\p{N}-]*\.[a-z]{1,4}(?!\p{L}))`,
  'gu',
)
const LINK = /\b(?:https?:\/\/|www\.)[^\s<>"']+|[\w.+-]+@[\w-]+\.[\w.]+/g
const QUOTED = /["“„«「『][^"”“»」』\n]+["”“»」』]|(?<![\p{L}\p{N}])'[^'\n]+'(?![\p{L}\p{N}])/gu
const NUMBER = /[-+−]?[$€£¥]?\d+(?:[.,:/]\d+)*\s?(?:%|[$€£¥°])?/g
const WORD = /[\p{L}\p{M}]+(?:['’-][\p{L}\p{M}]+)*/gu
const NUMBER_WORD = pattern(String.raw`(?<!\p{L}){text/number-word}(?!\p{L})`, 'giu')
const NEGATION = pattern(String.raw`(?<!\p{L}){text/negation}(?!\p{L})|{text/negation-rest}`, 'giu')

/** Sorted lists of what a rewording must keep. Case counts where it carries meaning. */
const contentOf = (text: string) => {
  const fences = text.match(FENCED) ?? []
  const open = text.replace(FENCED, ' ')
  const links = open.match(LINK) ?? []
  const plain = open.replace(LINK, ' ')
  return {
    numbers: sorted([
      ...(plain.match(NUMBER) ?? []).map((n) => n.replace(/\s/g, '')),
      ...lower(plain.match(NUMBER_WORD)),
    ]),
    names: sorted(namesIn(plain)),
    quotes: sorted(plain.match(QUOTED) ?? []),
    links: sorted(links),
    code: sorted([...fences, ...(plain.match(CODE) ?? [])]),
    negations: sorted(
      lower(plain.match(NEGATION)).map((w) => (/n['’]t$|^cannot$/.test(w) ? 'not' : w)),
    ),
    questions: plain.match(/[?？]/g) ?? [],
  }
}

/** Capitalized words inside a sentence, and any word with a capital inside. */
const namesIn = (text: string): string[] =>
  [...text.matchAll(WORD)].flatMap(({ 0: word, index }) => {
    const isFirst = /(?:^|[.!?:;\n。！？]["”’)\s]*|[-*•]\s+)$/u.test(
      text.slice(Math.max(0, index - 40), index),
    )
    const isInside = /\p{Lu}/u.test(word.slice(1))
    const isCapital = /^\p{Lu}/u.test(word) && !/^I(?:['’]\p{L}+)?$/u.test(word)
    return isInside || (isCapital && !isFirst) ? [word] : []
  })

const sorted = (list: readonly string[]): string[] => list.toSorted()
const lower = (found: readonly string[] | null): string[] =>
  (found ?? []).map((w) => w.toLowerCase())
const isSame = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((v, i) => v === b[i])

/**
 * The kinds of content that differ between two texts. Numbers, names, quotes, links, code,
 * negations and question marks must occur equally often. Demands and language must be equal. The
 * length may at most double or halve.
 */
export const lostIn = (before: string, after: string): Survivor[] => {
  const [a, b] = [contentOf(before), contentOf(after)]
  const [wanted, kept] = [constraintsOf([before]), constraintsOf([after])]
  const lost = new Set<Survivor>()
  for (const kind of Object.keys(a) as (keyof typeof a)[])
    if (!isSame(a[kind], b[kind])) lost.add(kind)
  // A name that begins a sentence looks like any other word, so it only has to occur somewhere.
  if (opening(before).some((name) => !after.toLowerCase().includes(name.toLowerCase())))
    lost.add('names')
  if (
    wanted.strictOutput !== kept.strictOutput ||
    wanted.otherLanguage !== kept.otherLanguage ||
    !isSame(sorted([...wanted.silent]), sorted([...kept.silent]))
  )
    lost.add('constraints')
  if (analyze(before).language !== analyze(after).language) lost.add('language')
  if (
    after.trim() === '' ||
    after.length > 2 * before.length + 20 ||
    2 * after.length + 20 < before.length
  )
    lost.add('length')
  return SURVIVORS.filter((s) => lost.has(s))
}

/** Uncommon first words of sentences, which may be names. */
const opening = (text: string): string[] =>
  [...text.matchAll(/(?:^|[.!?]\s+)(\p{Lu}[\p{L}'’-]+)/gu)].flatMap(({ 1: word = '' }) =>
    SMALL.test(word) ? [] : [word],
  )
const SMALL = pattern('^{text/small-first-word}$', 'iu')
