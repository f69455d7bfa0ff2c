/** What the user's own message demands, in four languages; it outranks any preference. */
import { z } from 'zod'
import { readData } from '../data/read-data.ts'
import { DIMENSIONS, type Dimension, type Style } from './style.ts'

/** levels are exact: 0 never, 1 always. */
export type Constraints = {
  readonly levels: Partial<Style>
  readonly limits: { readonly maxSentences?: number }
}

/** Whole words only; a word boundary of JavaScript knows no accents. */
const said = (...phrases: readonly string[]): RegExp =>
  new RegExp(`(?<!\\p{L})(?:${phrases.join('|')})(?!\\p{L})`, 'u')

const DEMANDS = readData(
  'answers/demands.json',
  z.array(
    z.strictObject({
      phrases: z.array(z.string()),
      levels: z.partialRecord(z.enum(DIMENSIONS), z.number().min(0).max(1)),
    }),
  ),
).map(({ phrases, levels }) => ({ pattern: said(...phrases), levels }))

const NUMBERS: Readonly<Record<string, number>> = Object.fromEntries(
  [
    'a one single einem un une una uno',
    'two zwei dos deux',
    'three drei tres trois',
    'four vier cuatro quatre',
    'five fünf cinco cinq',
  ].flatMap((words, i) => words.split(' ').map((word) => [word, i + 1])),
)

const SENTENCES = said(
  '(?:in|with|at most|max(?:imum)?|mit|höchstens|maximal|en|con|como máximo|au maximum) ' +
    '(?:just |only |exactly |at most |nur |solo ' +
    `)?(${Object.keys(NUMBERS).join('|')}|[1-9])(?: single)?(?: short| kurzen)? ` +
    '(?:sentences?|satz|sätzen?|frases?|oraci(?:ón|ones)|phrases?)',
)

/** A later demand outranks an earlier one in the table. */
export const readConstraints = (message: string): Constraints => {
  const text = message.toLowerCase()
  const levels: Partial<Record<Dimension, number>> = {}
  for (const demand of DEMANDS) if (demand.pattern.test(text)) Object.assign(levels, demand.levels)
  const count = SENTENCES.exec(text)?.[1]
  if (count === undefined) return { levels, limits: {} }
  return {
    levels: { ...levels, lists: 0, headings: 0 },
    limits: { maxSentences: NUMBERS[count] ?? Number(count) },
  }
}
