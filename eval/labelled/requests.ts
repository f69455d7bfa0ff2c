/**
 * The independent test set of rewriting: requests labelled by hand, without a look at what the
 * product was taught. Read by rewriting.ts only; nothing of it may flow into device/preferences.
 */
import { z } from 'zod'
import { DIMENSIONS, type Dimension } from '../../device/records/preference.ts'
import { readData } from '../data/read-data.ts'

/** direction as in a preference: -1 less, +1 more. */
export type Pole = { readonly dimension: Dimension; readonly direction: -1 | 1 }

/** applies: what surely applies; no: what surely does not; the rest is open to debate. */
export type LabelledRequest = {
  readonly request: string
  readonly language: string
  readonly applies: 'none' | readonly Pole[]
  readonly no?: readonly Pole[]
}

/** forbids: what would contradict the user. messages: given if the constraint is older. */
export type ConstrainedRequest = {
  readonly request: string
  readonly language: string
  readonly forbids: readonly Pole[]
  readonly messages?: readonly { readonly role: 'user' | 'assistant'; readonly content: string }[]
}

/** Texts under one heading: words that label them, and a language other than English. */
const sections = <T extends z.ZodType>(text: T) =>
  z
    .array(z.strictObject({ heading: z.string(), lines: z.array(text) }))
    .transform((all) =>
      all.flatMap(({ heading, lines }) =>
        lines.map((line) => ({ heading: heading.split(' '), text: line })),
      ),
    )
type Line = z.output<ReturnType<typeof sections<z.ZodString>>>[number]

const read = <S extends z.ZodType>(file: string, schema: S) =>
  readData(`labelled/rewriting/${file}.json`, schema)
const Texts = sections(z.string())

/**
 * Constraints as people word them: {q} stands for a question, {s} for one that begins in lower
 * case, {Q} for one in capitals, {n} for what may follow "explain". A heading names what would
 * contradict them.
 */
export const CONSTRAINT_WORDINGS: readonly Line[] = [
  ...read('constrained-english', Texts),
  ...read('constrained-other', Texts),
]

/** Every question bears every wording without saying anything about form itself. */
const FILLERS = read(
  'fillers',
  z.record(
    z.string(),
    z.strictObject({ questions: z.array(z.string()), topics: z.array(z.string()) }),
  ),
)

/** What surely applies to an ordinary request of a kind, and what clearly does not (`!`). */
const KINDS = read('kinds', z.record(z.string(), z.string()))

const languageOf = (heading: readonly string[]) =>
  heading.find((word) => /^[a-z]{2}$/.test(word)) ?? 'en'

const isDimension = (name: string): name is Dimension =>
  (DIMENSIONS as readonly string[]).includes(name)

/** "+tables" → one wish, "~tables" → both directions; other words say nothing. */
const polesOf = (words: readonly string[]): Pole[] =>
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
    applies: polesOf(words),
    no: polesOf(words.filter((w) => w.startsWith('!')).map((w) => w.slice(1))),
  }
}

/**
 * Headings of ordinary requests name the kind and what a request has besides: +x, -x or ~x (both)
 * surely applies, !+x clearly does not. To the others no preference applies: their form is fixed by
 * what is asked.
 */
export const LABELLED: readonly LabelledRequest[] = [
  ...read('ordinary', Texts).map(ordinary),
  ...read('none', Texts).map(({ heading, text }) => ({
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
    return { request, language, forbids: polesOf(heading) }
  })
}

/** The constraint stands in an earlier turn: what was said, the reply, the request. */
const EARLIER = read(
  'constrained-earlier',
  sections(z.tuple([z.string(), z.string(), z.string()])),
).map(
  ({ heading, text: [standing, reply, request] }): ConstrainedRequest => ({
    request,
    language: languageOf(heading),
    forbids: polesOf(heading),
    messages: [
      { role: 'user', content: standing },
      { role: 'assistant', content: reply },
      { role: 'user', content: request },
    ],
  }),
)

export const CONSTRAINED: readonly ConstrainedRequest[] = [
  ...CONSTRAINT_WORDINGS.flatMap(filled),
  ...read('constrained-whole', Texts).map(({ heading, text }) => ({
    request: text,
    language: languageOf(heading),
    forbids: polesOf(heading),
  })),
  ...EARLIER,
]
