/** Which choices a round's adapter learns from, and which its head. */
import { seededRng } from '../../adapters/random.ts'
import type { ChoiceFeatures } from '../reward/choice-features.ts'

/** With fewer choices the adapter is trained on those that its head was fitted to. */
const MIN_SPLIT_CHOICES = 8

/**
 * Splits the choices, anew for each round: at most half train the adapter, the others fit its head.
 * On the choices that it was fitted to, a head leaves little to explain, and the adapter would learn
 * its noise.
 */
export const splitForRound = <T extends Pick<ChoiceFeatures, 'shown'>>(
  choices: readonly T[],
  roundId: string,
  maxPairs: number,
): { learned: readonly T[]; trained: readonly T[] } => {
  if (choices.length < MIN_SPLIT_CHOICES) return { learned: choices, trained: choices }
  const drawn = seededRng(`split/${roundId}`).shuffle(choices)
  const { count } = countUpTo(drawn.slice(0, choices.length >> 1), maxPairs)
  return { learned: drawn.slice(count), trained: drawn.slice(0, count) }
}

/** How many choices there are until they have maxPairs pairs, and how many pairs they have. */
export const countUpTo = (
  choices: readonly Pick<ChoiceFeatures, 'shown'>[],
  maxPairs: number,
): { readonly count: number; readonly pairs: number } => {
  let count = 0
  let pairs = 0
  for (; pairs < maxPairs && count < choices.length; count++)
    pairs += choices[count]!.shown.length - 1
  return { count, pairs }
}
