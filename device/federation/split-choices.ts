/** Which choices a round's adapter learns from, and which its head. */
import { seededRng } from '../../adapters/random.ts'
import type { Assignment } from '../../adapters/wire/federation.ts'
import type { ChoiceFeatures } from '../reward/choice-features.ts'

/** With fewer choices the adapter is trained on those that its head was fitted to. */
const MIN_SPLIT_CHOICES = 8

/** Choices that a gradient's head is fitted to, as a multiple of those that the gradient is over. */
const HEAD_SHARE = 4

/**
 * The choices that a round reads. choices: most recent first. A gradient is bounded by maxPairs,
 * so the pass that its head needs is bounded too; the other contributions read all choices.
 */
export const choicesFor = <T>(
  { contributions, training }: Pick<Assignment, 'contributions' | 'training'>,
  choices: readonly T[],
): readonly T[] =>
  training.method === 'gradient' && contributions.every((name) => name === 'adapter')
    ? choices.slice(0, (1 + HEAD_SHARE) * training.maxPairs)
    : choices

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
