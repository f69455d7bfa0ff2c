/**
 * The style of an answer: 22 levels in [0, 1]. The last six are about content: no formula on the
 * text can count them.
 */
import { z } from 'zod'
import type { Rng } from '../../adapters/random.ts'
import { readData } from '../data/read-data.ts'

const SURFACE_DIMENSIONS = [
  'length',
  'lists',
  'headings',
  'bold',
  'formality',
  'contractions',
  'hedging',
  'emoji',
  'preamble',
  'closing',
  'question',
  'secondPerson',
  'exclamation',
  'numbers',
  'steps',
  'example',
] as const

export const CONTENT_DIMENSIONS = [
  'analogy',
  'background',
  'mechanism',
  'anecdote',
  'caveats',
  'comparison',
] as const

export const DIMENSIONS = [...SURFACE_DIMENSIONS, ...CONTENT_DIMENSIONS] as const
export type Dimension = (typeof DIMENSIONS)[number]

/** 0 never shows the dimension, 1 always does. */
export type Style = Readonly<Record<Dimension, number>>

/** What Claude leans to when nobody asks for anything else. */
export const DEFAULT_STYLE: Style = readData(
  'answers/default-style.json',
  z.record(z.enum(DIMENSIONS), z.number()),
)

/** A style as Claude would choose it unasked: the default with spread, so that answers differ. */
export const sampleStyle = (rng: Rng): Style => {
  const style: Record<string, number> = {}
  for (const name of DIMENSIONS) style[name] = clamp(DEFAULT_STYLE[name] + 0.32 * rng.normal())
  return style as Style
}

/** The style with some levels replaced, each kept within [0, 1]. */
export const withLevels = (style: Style, levels: Partial<Style>): Style => {
  const next: Record<string, number> = { ...style }
  for (const [name, level] of Object.entries(levels)) next[name] = clamp(level)
  return next as Style
}

const clamp = (x: number): number => Math.min(1, Math.max(0, x))
