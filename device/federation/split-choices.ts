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
  let count = 0
  for (let pairs = 0; pairs < maxPairs && count < choices.length >> 1; count++)
    pairs += drawn[count]!.shown.length - 1
  return { learned: drawn.slice(count), trained: drawn.slice(0, count) }
}
