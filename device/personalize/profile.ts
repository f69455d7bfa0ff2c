/** The profile: what the head has learned, as a few typed preferences, and what the user has set, which outranks it. */

import type {
  Dimension,
  Preference,
  Profile,
  ProfileChange,
} from '../../adapters/wire/personalization.ts'
import type { FeatureSpace } from '../../adapters/wire/primitives.ts'
import { DIMENSION_ROWS, rowOf } from './dimensions.ts'
import type { HeadFit } from './head.ts'
import { normalCdf, sigmoid } from './logistic.ts'

/** Least posterior probability of a direction for it to enter the profile. */
export const MIN_CONFIDENCE = 0.8
/** Fewest choices before anything is said to be learned. */
export const MIN_CHOICES = 5

export const EMPTY_PROFILE: Profile = { preferences: [] }

/**
 * One preference for each dimension whose direction is certain enough. With u the dimension's unit vector in the standardized space,
 * u·w ~ N(u·ŵ, uᵀSu): its sign is the direction, P(sign) the confidence, and the strength is 2σ(|u·ŵ|·d) − 1, d the usual difference
 * of two candidates along u (√2 standard deviations, each 1/√named): how much more often than chance choices go that way.
 */
export const learnedPreferences = (
  fit: Pick<HeadFit, 'w' | 'variance'>,
  space: FeatureSpace,
  choices: number,
): Preference[] => {
  if (choices < MIN_CHOICES) return []
  const usual = Math.sqrt(2 / Math.max(1, space.named.length))
  return DIMENSION_ROWS.flatMap(({ dimension, features }) => {
    const u = unitVector(features, space)
    if (!u) return []
    const mean = u.reduce((sum, v, j) => sum + v * fit.w[j]!, 0)
    const spread = Math.sqrt(fit.variance(u))
    const confidence = spread > 0 ? normalCdf(Math.abs(mean) / spread) : mean === 0 ? 0.5 : 1
    if (confidence < MIN_CONFIDENCE) return []
    return [
      {
        dimension,
        direction: mean > 0 ? (1 as const) : (-1 as const),
        strength: 2 * sigmoid(Math.abs(mean) * usual) - 1,
        scope: 'all' as const,
        evidence: { choices, confidence },
        source: 'learned' as const,
        pinned: false,
        enabled: true,
      },
    ]
  })
}

/**
 * The last profile with what is learned now: stated and pinned preferences stay as they are; a learned one is replaced, keeping
 * whether it is switched off; a learned one that is off stays even when it can no longer be told, so that it cannot sneak back.
 */
export const updateProfile = (last: Profile, learned: readonly Preference[]): Profile => {
  const known = new Map(last.preferences.map((p) => [p.dimension, p]))
  return fromMap((dimension) => {
    const old = known.get(dimension)
    const fresh = learned.find((p) => p.dimension === dimension)
    if (old && (old.source === 'stated' || old.pinned)) return old
    if (!fresh) return old && !old.enabled ? old : undefined
    return { ...fresh, enabled: old?.enabled ?? true }
  })
}

/** The user's edits, in order. Pinning or switching a dimension that is not in the profile changes nothing. */
export const editProfile = (profile: Profile, changes: readonly ProfileChange[]): Profile =>
  changes.reduce((now, change) => {
    const known = new Map(now.preferences.map((p) => [p.dimension, p]))
    const old = known.get(change.dimension)
    const next = applyChange(old, change)
    return fromMap((d) => (d === change.dimension ? next : known.get(d)))
  }, profile)

/** For people: "Length: keep the answer short (learned from 40 choices, 97 % sure)". */
export const sentenceOf = (preference: Preference): string => {
  const { label } = rowOf(preference.dimension)
  const { choices, confidence } = preference.evidence
  const origin =
    preference.source === 'stated'
      ? 'you said so'
      : `learned from ${choices} choices, ${Math.floor(100 * confidence)} % sure`
  const notes = [origin, preference.pinned && 'pinned', !preference.enabled && 'off'].filter(
    Boolean,
  )
  return `${label}: ${lineOf(preference).replace(/\.$/, '')} (${notes.join(', ')})`
}

/** What the block says for a preference. */
export const lineOf = ({
  dimension,
  direction,
}: Pick<Preference, 'dimension' | 'direction'>): string =>
  rowOf(dimension)[direction < 0 ? 'less' : 'more']

const applyChange = (
  old: Preference | undefined,
  change: ProfileChange,
): Preference | undefined => {
  switch (change.op) {
    case 'state': {
      const { dimension, direction, strength, scope } = change
      const evidence = { choices: old?.evidence.choices ?? 0, confidence: 1 }
      const pinned = old?.pinned ?? false
      return {
        dimension,
        direction,
        strength,
        scope,
        evidence,
        source: 'stated',
        pinned,
        enabled: true,
      }
    }
    case 'pin':
      return old && { ...old, pinned: change.pinned }
    case 'enable':
      return old && { ...old, enabled: change.enabled }
    case 'forget':
      return undefined
  }
}

const fromMap = (find: (dimension: Dimension) => Preference | undefined): Profile => ({
  preferences: DIMENSION_ROWS.flatMap((row) => find(row.dimension) ?? []),
})

/** Length 1, over the named part; null when the space lacks all of the features. */
const unitVector = (
  features: Readonly<Record<string, 1 | -1>>,
  space: FeatureSpace,
): Float64Array | null => {
  const u = new Float64Array(space.pooled + space.named.length)
  let used = 0
  for (const [j, name] of space.named.entries()) {
    const sign = features[name]
    if (sign === undefined) continue
    u[space.pooled + j] = sign
    used++
  }
  return used === 0 ? null : u.map((v) => v / Math.sqrt(used))
}
