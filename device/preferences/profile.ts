/** The profile: preferences learned by the head or stated by the user. Stated ones outrank learned. */
import { normalCdf, sigmoid } from '../../adapters/math/logistic.ts'
import { type FeatureSpace, featureCount } from '../../adapters/wire/primitives.ts'
import type { Dimension, Preference, Profile, ProfileChange } from '../records/preference.ts'
import {
  DIMENSION_ROWS,
  dimensionOf,
  directionOf,
  POLES,
  type Pole,
  poleOf,
  rowOf,
  sentenceOfPole,
} from './dimensions.ts'

/** Posterior probability of a direction that enters the profile. */
const MIN_CONFIDENCE = 0.8
/** Choices before the profile shows learned preferences. */
const MIN_CHOICES = 5

export const EMPTY_PROFILE: Profile = { preferences: [] }

/**
 * One preference for each dimension whose direction is certain enough. With u the dimension's unit
 * vector in the standardized space, u·w ~ N(u·ŵ, uᵀSu). Its sign is the direction, P(sign) the
 * confidence, and the strength is 2σ(|u·ŵ|·d) − 1: how much more often than chance choices go that
 * way. d is the usual difference of two candidates along u (√2 standard deviations, each 1/√named).
 */
export const learnedPreferences = (
  fit: { readonly w: Float64Array; variance(x: Float64Array): number },
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
 * Merges newly learned preferences into the last profile. Stated and pinned ones stay. A learned
 * one is replaced, but stays switched off if it was. A switched-off one stays even if it is no
 * longer certain, so that it cannot return unnoticed.
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

/**
 * Applies the user's edits, in order. Pinning or switching a dimension that is not in the profile
 * changes nothing.
 */
export const editProfile = (profile: Profile, changes: readonly ProfileChange[]): Profile =>
  changes.reduce((now, change) => {
    const known = new Map(now.preferences.map((p) => [p.dimension, p]))
    const old = known.get(change.dimension)
    const next = applyChange(old, change)
    return fromMap((d) => (d === change.dimension ? next : known.get(d)))
  }, profile)

/**
 * Text for users: "Length: Keep the answer short (learned from 40 choices, 25 for and 9 against, 97
 * % sure)". Long scopes are cut, so that a sentence stays below 300 characters.
 */
export const sentenceOf = (preference: Preference): string => {
  const { label } = rowOf(preference.dimension)
  const { choices, confidence, for: pro, against, undone } = preference.evidence
  const votes = pro === undefined ? '' : `, ${pro} for and ${against ?? 0} against`
  const origin =
    preference.source === 'stated'
      ? 'you said so'
      : `learned from ${choices} choices${votes}, ${Math.floor(100 * confidence)} % sure`
  const notes = [
    origin,
    preference.scope !== 'all' && `for requests with ${wordsOf(preference.scope)}`,
    undone && `undone in ${undone} ${undone === 1 ? 'request' : 'requests'}`,
    preference.pinned && 'pinned',
    !preference.enabled && 'off',
  ].filter(Boolean)
  return `${label}: ${lineOf(preference).replace(/\.$/, '')} (${notes.join(', ')})`
}

const wordsOf = (scope: readonly string[]): string => {
  const quoted = scope.slice(0, 3).map((word) => `“${word.slice(0, 20)}”`)
  return scope.length > 3 ? `${quoted.join(', ')} or ${scope.length - 3} more` : quoted.join(' or ')
}

/** Below this strength a line is phrased mildly. */
export const SLIGHT = 0.25

/** The block's line for a preference. */
export const lineOf = (
  preference: Pick<Preference, 'dimension' | 'direction' | 'strength'>,
): string => {
  const line = sentenceOfPole(poleOf(preference))
  return preference.strength < SLIGHT
    ? `Slightly preferred: ${line[0]!.toLowerCase()}${line.slice(1)}`
    : line
}

/** The change that states a pole at full strength for every request. */
export const stated = (pole: Pole): Extract<ProfileChange, { op: 'state' }> => ({
  op: 'state',
  dimension: dimensionOf(pole),
  direction: directionOf(pole),
  strength: 1,
  scope: 'all',
})

/** The pole that a line of the block asks for; undefined for a line of another version. */
export const poleOfLine = (line: string): Pole | undefined =>
  POLES.find((pole) => [0, 1].some((strength) => lineOf({ ...stated(pole), strength }) === line))

/** Choices whose answer was further along a preference (for), or less far (against), than the mean. */
type Votes = ReadonlyMap<Dimension, { readonly for: number; readonly against: number }>

/** raw: [D] of each candidate of a choice, as in ChoiceFeatures. */
export const votesOn = (
  preferences: readonly Preference[],
  choices: readonly { readonly raw: readonly ArrayLike<number>[]; readonly chosen: number }[],
  space: FeatureSpace,
): Votes =>
  new Map(
    preferences.flatMap(({ dimension, direction }) => {
      const u = unitVector(rowOf(dimension).features, space)
      if (!u) return []
      const moved = choices.map(({ raw, chosen }) => {
        const along = raw.map((x) => u.reduce((sum, v, j) => sum + v * x[j]!, 0))
        const mean = along.reduce((a, b) => a + b, 0) / Math.max(1, along.length)
        return direction * ((along[chosen] ?? mean) - mean)
      })
      const count = (isSo: (m: number) => boolean) => moved.filter(isSo).length
      return [[dimension, { for: count((m) => m > 1e-9), against: count((m) => m < -1e-9) }]]
    }),
  )

/** From so many requests with an undo on, a preference is weakened. */
const MIN_UNDONE_REQUESTS = 3

/**
 * Adds evidence from choices and undos to learned preferences. The strength halves for every three
 * requests with an undo, until choices outweigh it. undone: number of requests with an undo.
 */
export const withEvidence = (
  learned: readonly Preference[],
  votes: Votes,
  undone: ReadonlyMap<Dimension, number>,
): Preference[] =>
  learned.map((preference) => {
    const counted = votes.get(preference.dimension)
    const times = undone.get(preference.dimension) ?? 0
    return {
      ...preference,
      strength:
        times < MIN_UNDONE_REQUESTS ? preference.strength : preference.strength * 2 ** (-times / 3),
      evidence: { ...preference.evidence, ...counted, ...(times > 0 && { undone: times }) },
    }
  })

const applyChange = (
  old: Preference | undefined,
  change: ProfileChange,
): Preference | undefined => {
  switch (change.op) {
    case 'state': {
      const { op: _, ...preference } = change
      return {
        ...preference,
        evidence: { choices: old?.evidence.choices ?? 0, confidence: 1 },
        source: 'stated',
        pinned: old?.pinned ?? false,
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

/** Unit length, over the named part; null if the space lacks all of the features. */
const unitVector = (
  features: Readonly<Record<string, 1 | -1>>,
  space: FeatureSpace,
): Float64Array | null => {
  const u = new Float64Array(featureCount(space))
  let used = 0
  for (const [j, name] of space.named.entries()) {
    const sign = features[name]
    if (sign === undefined) continue
    u[u.length - space.named.length + j] = sign
    used++
  }
  return used === 0 ? null : u.map((v) => v / Math.sqrt(used))
}
