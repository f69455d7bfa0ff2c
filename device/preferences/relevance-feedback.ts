/** Measures whether an edit or a choice followed the preferences of a profile. */
import type { Preference } from '../records/preference.ts'
import { NAMED_FEATURES } from '../text/named-features.ts'
import { analyze } from '../text/text-analysis.ts'
import { type Pole, poleOf, rowOf } from './dimensions.ts'

type Moved = { readonly pole: Pole; readonly isWithIt: boolean }

/** Smallest change that counts: a sixth more words, one emoji, a list line in seven. */
const MIN_CHANGE = 0.15

/** An answer's position along a preference: the signed sum of its dimension's features. */
export const alongPreference = (
  request: string,
  answer: string,
): ((preference: Pick<Preference, 'dimension' | 'direction'>) => number) => {
  const asked = analyze(request)
  const analyzed = analyze(answer)
  return ({ dimension, direction }) =>
    NAMED_FEATURES.reduce((sum, feature) => {
      const sign = rowOf(dimension).features[feature.name]
      return sign === undefined ? sum : sum + direction * sign * feature.of(analyzed, asked)
    }, 0)
}

/**
 * The preferences along which the text after differs from the mean of the texts before. All are
 * answers to one request.
 */
export const movedPreferences = (
  request: string,
  before: readonly string[],
  after: string,
  preferences: readonly Preference[],
): Moved[] => {
  if (before.length === 0) return []
  const measured = before.map((text) => alongPreference(request, text))
  const last = alongPreference(request, after)
  return preferences.flatMap((preference) => {
    const mean = measured.reduce((sum, m) => sum + m(preference) / measured.length, 0)
    const moved = last(preference) - mean
    return Math.abs(moved) < MIN_CHANGE ? [] : [{ pole: poleOf(preference), isWithIt: moved > 0 }]
  })
}
