/**
 * Recognizes a message that asks for the last answer again in another style ("shorter please"). Its
 * words give the poles. In English a gate over the local model's pooled state rejects messages that
 * only use such words ("what is the shortest way?").
 */
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import type { Pole } from '../preferences/dimensions.ts'
import { gateScore, trainGate } from '../preferences/relevance.ts'
import { clausesOf, demandedPoles } from '../preferences/style-demand.ts'
import type { Gate } from '../store/states.ts'
import { analyze } from '../text/text-analysis.ts'

/** Longer messages say something new. */
const MAX_FOLLOW_UP_CHARS = 160

/** The gate's training texts: second messages that ask for another style, and others. */
const Seeds = z.strictObject({
  style: z.array(z.string().min(1)).min(1),
  other: z.array(z.string().min(1)).min(1),
})
const SEEDS = Seeds.parse(
  JSON.parse(readFileSync(new URL('./follow-up-seeds.json', import.meta.url), 'utf8')),
)

/** The texts whose states the gate needs, in order. */
export const FOLLOW_UP_TEXTS: readonly string[] = [...SEEDS.style, ...SEEDS.other]

/** pooled: of FOLLOW_UP_TEXTS. */
export const trainFollowUps = (pooled: readonly ArrayLike<number>[]): Gate =>
  trainGate(
    FOLLOW_UP_TEXTS.map((request, i) => ({
      request,
      pooled: pooled[i]!,
      isSo: i < SEEDS.style.length,
    })),
  )

/** Score from which a message is taken to ask for another style. */
const THRESHOLD = 0

/** Preferences that the words of a message may ask for; none if it cannot be a follow-up. */
export const followUpPoles = (message: string): Pole[] =>
  message.length > MAX_FOLLOW_UP_CHARS
    ? []
    : [...new Set(clausesOf(message).flatMap(demandedPoles))]

/** Whether the local model decides too; in other languages the words decide alone. */
export const isReadByModel = (message: string): boolean => {
  const { language } = analyze(message)
  return language === 'en' || language === 'unknown'
}

export const asksForStyle = (gate: Gate, message: string, pooled: ArrayLike<number>): boolean =>
  gateScore(gate, { request: message, pooled }) >= THRESHOLD
