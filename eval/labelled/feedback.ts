/** How well stated preferences and follow-ups on style are recognised, on labelled messages. */

import { z } from 'zod'
import { asksForStyle, followUpPoles } from '../../device/feedback/follow-up-text.ts'
import { POLES, type Pole } from '../../device/preferences/dimensions.ts'
import { statedPreferences } from '../../device/preferences/stated.ts'
import type { Gate } from '../../device/store/states.ts'
import { readData } from '../data/read-data.ts'

const AnyWish = z.enum(POLES)
const StatedSet = z.array(z.tuple([z.string(), z.array(AnyWish)])).readonly()
const FollowUpSet = z.array(z.tuple([z.string(), AnyWish.nullable()])).readonly()

/** Messages with the lasting preferences that they state, if any. */
export type Stated = z.infer<typeof StatedSet>[number]

/** Second messages of a conversation, with what they ask of the style; null: nothing. */
export type FollowUp = z.infer<typeof FollowUpSet>[number]

/**
 * held: written before the rules of device/preferences/stated.ts, which were not tuned on them.
 * tuned: written after the rules, which were corrected on these. unseen: written when the rules
 * were done, for which nothing was changed.
 */
export const statedSet = (name: 'held' | 'tuned' | 'unseen'): readonly Stated[] =>
  readData(`labelled/feedback/stated-${name}.json`, StatedSet)

/** Written before the seeds and rules of device/feedback/follow-up-text.ts. */
export const followUpSet = (): readonly FollowUp[] =>
  readData('labelled/feedback/follow-ups.json', FollowUpSet)

export type Recognised = {
  readonly messages: number
  readonly precision: number
  readonly recall: number
}

/** Counts poles: one with the wrong direction is both false and missed. */
export const measureStated = (set: readonly Stated[]): Recognised => {
  const counted = set.map(([message, poles]) => {
    const found = statedPreferences(message).map((s) => s.pole)
    return { found, poles, right: found.filter((pole) => poles.includes(pole)).length }
  })
  const sum = (of: (c: (typeof counted)[number]) => number) =>
    counted.reduce((total, c) => total + of(c), 0)
  const right = sum((c) => c.right)
  return {
    messages: set.length,
    precision: right / sum((c) => c.found.length),
    recall: right / sum((c) => c.poles.length),
  }
}

/** rightWay: share of recognised ones with the right direction. read: null: by words alone. */
export const measureFollowUps = (
  set: readonly FollowUp[],
  read: { readonly gate: Gate; readonly pooled: readonly ArrayLike<number>[] } | null,
): Recognised & { readonly rightWay: number } => {
  const judged = set.map(([message, pole], i) => {
    const found: Pole[] = followUpPoles(message)
    const isFound = found.length > 0 && (!read || asksForStyle(read.gate, message, read.pooled[i]!))
    return { pole, isFound, isRight: isFound && pole !== null, found }
  })
  const right = judged.filter((j) => j.isRight)
  return {
    messages: set.length,
    precision: right.length / judged.filter((j) => j.isFound).length,
    recall: right.length / judged.filter((j) => j.pole !== null).length,
    rightWay: right.filter((j) => j.found.includes(j.pole!)).length / right.length,
  }
}
