/**
 * Whether the next message of a conversation asks for the answer once more in another style ("shorter please"), and which: words give
 * the direction, and in English a gate over the local model's pooled state tells it from messages that only use such words ("what is
 * the shortest way?").
 */
import type { Wish } from '../preferences/dimensions.ts'
import { gateScore, trainGate } from '../preferences/relevance.ts'
import { clausesOf, demandedWishes } from '../preferences/style-demand.ts'
import type { Gate } from '../store/states.ts'
import { analyze } from '../text/text-analysis.ts'
import { OTHER_SEEDS, STYLE_SEEDS } from './follow-up-seeds.ts'

/** Longer messages bring something new. */
const MAX_CHARS = 160

const seedsOf = (text: string): string[] =>
  text
    .split(/[|\n]/)
    .map((seed) => seed.trim())
    .filter((seed) => seed !== '')

/** The texts whose states the gate needs, in order. */
export const FOLLOW_UP_TEXTS: readonly string[] = [...seedsOf(STYLE_SEEDS), ...seedsOf(OTHER_SEEDS)]

/** pooled: of FOLLOW_UP_TEXTS. */
export const trainFollowUps = (pooled: readonly ArrayLike<number>[]): Gate => {
  const style = seedsOf(STYLE_SEEDS).length
  return trainGate(
    FOLLOW_UP_TEXTS.map((request, i) => ({ request, pooled: pooled[i]!, isSo: i < style })),
  )
}

/** Score from which a message is taken to ask for another style. */
const THRESHOLD = 0

/** Wishes that a message's words may ask for; none where it cannot be a follow-up on style. */
export const followUpWishes = (message: string): Wish[] =>
  message.length > MAX_CHARS ? [] : [...new Set(clausesOf(message).flatMap(demandedWishes))]

/** Whether the local model is to be asked; in other languages the words decide alone. */
export const isReadByModel = (message: string): boolean => {
  const { language } = analyze(message)
  return language === 'en' || language === 'unknown'
}

export const asksForStyle = (gate: Gate, message: string, pooled: ArrayLike<number>): boolean =>
  gateScore(gate, { request: message, pooled }) >= THRESHOLD
