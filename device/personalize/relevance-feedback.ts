/** What an edit or a choice says about the preferences of a profile: whether the user went their way, for this request. */
import type { Preference } from '../../adapters/wire/personalization.ts'
import { rowOf, type Wish, wishOf } from './dimensions.ts'
import { NAMED_FEATURES } from './features.ts'
import { analyze } from './text-analysis.ts'

export type Moved = { readonly wish: Wish; readonly isWithIt: boolean }

/** Least change along a dimension that is more than chance: a sixth more words, one emoji, a list line in seven. */
const LEAST = 0.15

/**
 * The preferences whose own features went one way or the other from the texts before (their mean) to the text after, answers to one
 * request. A dimension that hardly moved says nothing.
 */
export const movedPreferences = (
  request: string,
  before: readonly string[],
  after: string,
  preferences: readonly Preference[],
): Moved[] => {
  const asked = analyze(request)
  const measure = (text: string) => {
    const answer = analyze(text)
    return (preference: Preference) =>
      NAMED_FEATURES.reduce((sum, feature) => {
        const sign = rowOf(preference.dimension).features[feature.name]
        return sign === undefined ? sum : sum + sign * feature.of(answer, asked)
      }, 0)
  }
  const measured = before.map(measure)
  const last = measure(after)
  return preferences.flatMap((preference) => {
    if (measured.length === 0) return []
    const mean = measured.reduce((sum, m) => sum + m(preference) / measured.length, 0)
    const moved = preference.direction * (last(preference) - mean)
    return Math.abs(moved) < LEAST ? [] : [{ wish: wishOf(preference), isWithIt: moved > 0 }]
  })
}
