/**
 * The style of an answer: 22 levels in [0, 1]. The last six are about content: no formula on the
 * text can count them.
 */
import type { Rng } from '../../adapters/random.ts'

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
export const DEFAULT_STYLE: Style = {
  length: 0.5,
  lists: 0.45,
  headings: 0.25,
  bold: 0.35,
  formality: 0.5,
  contractions: 0.4,
  hedging: 0.35,
  emoji: 0.15,
  preamble: 0.4,
  closing: 0.4,
  question: 0.3,
  secondPerson: 0.4,
  exclamation: 0.2,
  numbers: 0.45,
  steps: 0.5,
  example: 0.4,
  analogy: 0.4,
  background: 0.4,
  mechanism: 0.55,
  anecdote: 0.3,
  caveats: 0.45,
  comparison: 0.4,
}

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
