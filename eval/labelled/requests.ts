/**
 * The independent test set of rewriting: requests labelled by hand, without a look at what the product was taught. Read by
 * rewriting/measure.ts only; nothing of it may flow into device/preferences.
 */
import { DIMENSIONS, type Dimension } from '../../device/records/preference.ts'
import { ENGLISH } from './requests-constrained.ts'
import { FILLERS, OTHER_LANGUAGES } from './requests-constrained-other.ts'
import { EARLIER, WHOLE } from './requests-constrained-whole.ts'
import { NONE } from './requests-none.ts'
import { KINDS, ORDINARY } from './requests-ordinary.ts'

/** direction as in a preference: -1 less, +1 more. */
export type Wish = { readonly dimension: Dimension; readonly direction: -1 | 1 }

/** applies: what surely applies; no: what clearly does not ('none' means that nothing does); the rest is open to debate. */
export type LabelledRequest = {
  readonly request: string
  readonly language: string
  readonly applies: 'none' | readonly Wish[]
  readonly no?: readonly Wish[]
}

/** forbids: what would contradict the user. messages: the conversation that ends with the request, where the constraint is older. */
export type ConstrainedRequest = {
  readonly request: string
  readonly language: string
  readonly forbids: readonly Wish[]
  readonly messages?: readonly { readonly role: 'user' | 'assistant'; readonly content: string }[]
}

type Line = { readonly heading: readonly string[]; readonly text: string }

/** Lines of text, each with the words of the heading above it. */
const linesOf = (text: string): Line[] => {
  let heading: readonly string[] = []
  return text.split('\n').flatMap((line) => {
    const words = /^\[([^\]]+)\]$/.exec(line)?.[1]
    if (words !== undefined) heading = words.split(' ')
    return words !== undefined || line === '' ? [] : [{ heading, text: breakLines(line) }]
  })
}

const breakLines = (line: string) => line.replaceAll('¶', '\n')

const languageOf = (heading: readonly string[]) =>
  heading.find((word) => /^[a-z]{2}$/.test(word)) ?? 'en'

const isDimension = (name: string): name is Dimension =>
  (DIMENSIONS as readonly string[]).includes(name)

/** "+tables" → one wish, "~tables" → both directions; other words say nothing. */
const wishesOf = (words: readonly string[]): Wish[] =>
  words.flatMap((word) => {
    const [, sign, name = ''] = /^([+~-])(\w+)$/.exec(word) ?? []
    if (sign === undefined) return []
    if (!isDimension(name)) throw new RangeError(`no dimension is named ${name}`)
    const directions = sign === '~' ? [-1, 1] : sign === '+' ? [1] : [-1]
    return directions.map((direction) => ({ dimension: name, direction: direction as -1 | 1 }))
  })

const ordinary = ({ heading, text }: Line): LabelledRequest => {
  const kind = KINDS[heading[0] ?? '']
  if (kind === undefined) throw new RangeError(`no kind is named ${heading[0]}`)
  const words = [...kind.split(' '), ...heading.slice(1)]
  return {
    request: text,
    language: languageOf(heading.slice(1)),
    applies: wishesOf(words),
    no: wishesOf(words.filter((w) => w.startsWith('!')).map((w) => w.slice(1))),
  }
}

export const LABELLED: readonly LabelledRequest[] = [
  ...linesOf(ORDINARY).map(ordinary),
  ...linesOf(NONE).map(({ heading, text }) => ({
    request: text,
    language: languageOf(heading),
    applies: 'none' as const,
  })),
]

const lowerFirst = (text: string) => text.charAt(0).toLowerCase() + text.slice(1)

/** How many questions each wording is asked with. */
const QUESTIONS_EACH = 2

const filled = ({ heading, text }: Line, index: number): ConstrainedRequest[] => {
  const language = languageOf(heading)
  const { questions, topics } = FILLERS[language]!
  return Array.from({ length: QUESTIONS_EACH }, (_, k) => {
    const question = questions[(index * QUESTIONS_EACH + k) % questions.length]!
    const topic = topics[(index + k) % topics.length] ?? ''
    const request = text
      .replace('{q}', question)
      .replace('{s}', lowerFirst(question))
      .replace('{Q}', question.toUpperCase())
      .replace('{n}', topic)
    return { request, language, forbids: wishesOf(heading) }
  })
}

const afterEarlier = ({ heading, text }: Line): ConstrainedRequest => {
  const [standing = '', reply = '', request = ''] = text.split(' | ')
  return {
    request,
    language: languageOf(heading),
    forbids: wishesOf(heading),
    messages: [
      { role: 'user', content: standing },
      { role: 'assistant', content: reply },
      { role: 'user', content: request },
    ],
  }
}

export const CONSTRAINED: readonly ConstrainedRequest[] = [
  ...linesOf(ENGLISH + OTHER_LANGUAGES).flatMap(filled),
  ...linesOf(WHOLE).map(({ heading, text }) => ({
    request: text,
    language: languageOf(heading),
    forbids: wishesOf(heading),
  })),
  ...linesOf(EARLIER).map(afterEarlier),
]
