/**
 * The dimensions of a profile: the named features of each, and the sentences for its two poles. One
 * table.
 */
import { DIMENSIONS, type Dimension, type Preference } from '../records/preference.ts'

/** One pole of a dimension, which is a preference without its strength: `length-` is shorter. */
export type Pole = `${Dimension}${'+' | '-'}`

export const POLES: readonly Pole[] = DIMENSIONS.flatMap((d) => [`${d}-`, `${d}+`] as const)

/**
 * features: names with the sign of the dimension's +1 pole. less, more: the block's line for -1 and
 * +1. anyLanguage: can be measured and requested in any language.
 */
export type DimensionRow = {
  readonly dimension: Dimension
  readonly label: string
  readonly features: Readonly<Record<string, 1 | -1>>
  readonly less: string
  readonly more: string
  readonly anyLanguage: boolean
}

type Row = Omit<DimensionRow, 'dimension'>

const ROWS: Readonly<Record<Dimension, Row>> = {
  length: {
    label: 'Length',
    features: { length: 1 },
    less: 'Keep the answer short.',
    more: 'Give a full, detailed answer.',
    anyLanguage: true,
  },
  lists: {
    label: 'Lists',
    features: { list_share: 1 },
    less: 'Avoid bullet lists.',
    more: 'Use bullet lists.',
    anyLanguage: true,
  },
  headings: {
    label: 'Headings',
    features: { headings: 1 },
    less: 'Leave out headings.',
    more: 'Use headings for the parts of the answer.',
    anyLanguage: true,
  },
  emphasis: {
    label: 'Emphasis',
    features: { bold: 1 },
    less: 'Avoid bold text.',
    more: 'Set key terms in bold.',
    anyLanguage: true,
  },
  tables: {
    label: 'Tables',
    features: { tables: 1 },
    less: 'Avoid tables.',
    more: 'Use a table where several things share several properties.',
    anyLanguage: true,
  },
  tone: {
    label: 'Tone',
    features: { formality: 1, contractions: -1 },
    less: 'Write in a casual register.',
    more: 'Write in a formal register.',
    anyLanguage: false,
  },
  directness: {
    label: 'Directness',
    features: { preamble: -1 },
    less: 'Open with a friendly introductory sentence.',
    more: 'Answer directly, without a preamble.',
    anyLanguage: false,
  },
  examples: {
    label: 'Examples',
    features: { examples: 1 },
    less: 'Leave out examples.',
    more: 'Include a concrete example.',
    anyLanguage: false,
  },
  hedging: {
    label: 'Hedging',
    features: { hedging: 1 },
    less: 'Avoid hedging.',
    more: 'Hedge what is uncertain.',
    anyLanguage: false,
  },
  questions: {
    label: 'Questions',
    features: { questions: 1 },
    less: 'Ask no questions back.',
    more: 'Ask a follow-up question.',
    anyLanguage: true,
  },
  emoji: {
    label: 'Emoji',
    features: { emoji: 1 },
    less: 'Use no emoji.',
    more: 'Use emoji.',
    anyLanguage: true,
  },
  numbers: {
    label: 'Figures',
    features: { numbers: 1 },
    less: 'Use few figures.',
    more: 'Give figures and quantities.',
    anyLanguage: true,
  },
  closing: {
    label: 'Closing offer',
    features: { closing_offer: 1 },
    less: 'Leave out a closing offer.',
    more: 'End with an offer of further help.',
    anyLanguage: false,
  },
  steps: {
    label: 'Steps',
    features: { steps: 1 },
    less: 'Avoid numbered steps.',
    more: 'Use numbered steps for what has to be done.',
    anyLanguage: true,
  },
}

export const DIMENSION_ROWS: readonly DimensionRow[] = DIMENSIONS.map((dimension) => ({
  dimension,
  ...ROWS[dimension],
}))

export const rowOf = (dimension: Dimension): DimensionRow => ({ dimension, ...ROWS[dimension] })

export const poleOf = ({
  dimension,
  direction,
}: Pick<Preference, 'dimension' | 'direction'>): Pole => `${dimension}${direction < 0 ? '-' : '+'}`

export const dimensionOf = (pole: Pole): Dimension => pole.slice(0, -1) as Dimension

/** The line of the block that asks for a pole. */
export const sentenceOfPole = (pole: Pole): string =>
  ROWS[dimensionOf(pole)][pole.endsWith('-') ? 'less' : 'more']
