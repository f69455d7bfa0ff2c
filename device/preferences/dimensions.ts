/**
 * The dimensions of a profile, from dimensions.json: the named features of each, and the block's
 * sentences for its two poles.
 */
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { DIMENSIONS, Dimension, Direction, type Preference } from '../records/preference.ts'

/** One pole of a dimension, which is a preference without its strength: `length-` is shorter. */
export type Pole = `${Dimension}${'+' | '-'}`

export const bothPoles = (dimension: Dimension): readonly [less: Pole, more: Pole] => [
  `${dimension}-`,
  `${dimension}+`,
]

export const POLES: readonly Pole[] = DIMENSIONS.flatMap(bothPoles)

const Rows = z.array(
  z.strictObject({
    dimension: Dimension,
    label: z.string(),
    /** Names of features, with the sign of the dimension's +1 pole. */
    features: z.record(z.string(), Direction),
    /** The block's lines for -1 and +1. */
    less: z.string(),
    more: z.string(),
    /** Whether it can be measured and requested in any language. */
    anyLanguage: z.boolean(),
  }),
)
type DimensionRow = Readonly<z.infer<typeof Rows>[number]>

/** In the order of DIMENSIONS. */
export const DIMENSION_ROWS: readonly DimensionRow[] = Rows.parse(
  JSON.parse(readFileSync(new URL('./dimensions.json', import.meta.url), 'utf8')),
)

export const rowOf = (dimension: Dimension): DimensionRow =>
  DIMENSION_ROWS[DIMENSIONS.indexOf(dimension)]!

export const poleOf = ({
  dimension,
  direction,
}: Pick<Preference, 'dimension' | 'direction'>): Pole => `${dimension}${direction < 0 ? '-' : '+'}`

export const dimensionOf = (pole: Pole): Dimension => pole.slice(0, -1) as Dimension

export const directionOf = (pole: Pole): Preference['direction'] => (pole.endsWith('+') ? 1 : -1)

/** The line of the block that asks for a pole. */
export const sentenceOfPole = (pole: Pole): string =>
  rowOf(dimensionOf(pole))[directionOf(pole) < 0 ? 'less' : 'more']
