import { describe, expect, test } from 'vitest'
import { initialPrior } from '../../../adapters/aggregate/prior.ts'
import { featureCount } from '../../../adapters/wire/primitives.ts'
import { DIMENSION_ROWS } from '../../../device/preferences/dimensions.ts'
import {
  EMPTY_PROFILE,
  editProfile,
  learnedPreferences,
  sentenceOf,
  updateProfile,
  votesOn,
  withEvidence,
} from '../../../device/preferences/profile.ts'
import { DIMENSIONS, type Preference, Profile } from '../../../device/records/preference.ts'
import { featureSpace } from '../../../device/reward/feature-space.ts'
import { fitHead } from '../../../device/reward/head.ts'
import { FEATURE_NAMES } from '../../../device/text/named-features.ts'

const space = featureSpace(3)
const size = featureCount(space)
const placeOf = (feature: string) => size - FEATURE_NAMES.length + FEATURE_NAMES.indexOf(feature)
const usual = Math.sqrt(2 / FEATURE_NAMES.length)

/** A user whose choices go by one feature. */
const fitOn = (feature: string, sign: number, choices: number) =>
  fitHead(
    Array.from({ length: choices }, () => {
      const difference = new Float64Array(size)
      difference[placeOf(feature)] = sign * usual
      return { difference, weight: 1 }
    }),
    initialPrior(size, 2),
  )

const preference = (change: Partial<Preference> = {}): Preference => ({
  dimension: 'length',
  direction: -1,
  strength: 0.5,
  scope: 'all',
  evidence: { choices: 20, confidence: 0.9 },
  source: 'learned',
  pinned: false,
  enabled: true,
  ...change,
})
const profileOf = (...preferences: Preference[]): Profile => ({ preferences })

test('every dimension reads features that exist', () => {
  for (const { features } of DIMENSION_ROWS)
    for (const name of Object.keys(features)) expect(FEATURE_NAMES).toContain(name)
  expect(DIMENSION_ROWS.map((r) => r.dimension)).toEqual([...DIMENSIONS])
})

describe('learnedPreferences', () => {
  test.each([
    ['length', -1, 'length', -1],
    ['formality', 1, 'tone', 1],
    ['contractions', 1, 'tone', -1],
    ['preamble', -1, 'directness', 1],
    ['closing_offer', 1, 'closing', 1],
  ] as const)('choices that go by %s × %i become %s %i', (feature, sign, dimension, direction) => {
    const learned = learnedPreferences(fitOn(feature, sign, 60), space, 60)
    expect(learned).toHaveLength(1)
    expect(learned[0]).toMatchObject({ dimension, direction, source: 'learned', enabled: true })
    expect(learned[0]!.strength).toBeGreaterThan(0.1)
    expect(Profile.safeParse(profileOf(...learned)).success).toBe(true)
  })

  test('says nothing without evidence', () => {
    expect(learnedPreferences(fitOn('length', 1, 0), space, 100)).toEqual([])
    expect(learnedPreferences(fitOn('length', 1, 60), space, 4)).toEqual([])
    const named = { pooled: 3, named: ['other'] }
    expect(learnedPreferences(fitHead([], initialPrior(4, 2)), named, 60)).toEqual([])
  })

  test('more choices make it stronger and surer', () => {
    const [few, many] = [30, 200].map((n) => learnedPreferences(fitOn('emoji', 1, n), space, n)[0]!)
    expect(many!.strength).toBeGreaterThan(few!.strength)
    expect(many!.evidence.confidence).toBeGreaterThan(few!.evidence.confidence)
  })
})

describe('updateProfile', () => {
  const learned = [preference({ direction: 1 }), preference({ dimension: 'emoji' })]

  test('takes learned preferences, in the order of the dimensions', () => {
    expect(updateProfile(EMPTY_PROFILE, learned.toReversed()).preferences).toEqual(learned)
  })

  test.each([
    ['stated', { source: 'stated' as const }],
    ['pinned', { pinned: true }],
  ])('a %s preference stays as it is', (_, change) => {
    const kept = preference(change)
    expect(updateProfile(profileOf(kept), learned).preferences[0]).toEqual(kept)
    expect(updateProfile(profileOf(kept), []).preferences).toEqual([kept])
  })

  test('a preference that was switched off stays off, even when it is learned again', () => {
    const off = preference({ enabled: false })
    const gone = updateProfile(profileOf(off), [])
    expect(gone.preferences).toEqual([off])
    expect(updateProfile(gone, learned).preferences[0]).toMatchObject({
      direction: 1,
      enabled: false,
    })
  })

  test('drops what is no longer certain', () => {
    expect(updateProfile(profileOf(preference()), []).preferences).toEqual([])
  })
})

describe('editProfile', () => {
  test('stating outranks learning, forgetting lets it come back', () => {
    const said = editProfile(profileOf(preference()), [
      { op: 'state', dimension: 'length', direction: 1, strength: 1, scope: ['code'] },
    ])
    expect(said.preferences).toEqual([
      preference({
        direction: 1,
        strength: 1,
        scope: ['code'],
        source: 'stated',
        evidence: { choices: 20, confidence: 1 },
      }),
    ])
    expect(updateProfile(said, [preference()]).preferences[0]!.direction).toBe(1)
    const forgotten = editProfile(said, [{ op: 'forget', dimension: 'length' }])
    expect(forgotten).toEqual(EMPTY_PROFILE)
    expect(updateProfile(forgotten, [preference()]).preferences[0]!.direction).toBe(-1)
  })

  test('pins and switches existing preferences only', () => {
    const edited = editProfile(profileOf(preference()), [
      { op: 'pin', dimension: 'length', pinned: true },
      { op: 'enable', dimension: 'length', enabled: false },
      { op: 'pin', dimension: 'emoji', pinned: true },
    ])
    expect(edited).toEqual(profileOf(preference({ pinned: true, enabled: false })))
  })
})

test('a sentence says what is preferred and why', () => {
  expect(sentenceOf(preference())).toBe(
    'Length: Keep the answer short (learned from 20 choices, 90 % sure)',
  )
  expect(sentenceOf(preference({ source: 'stated', pinned: true, enabled: false }))).toBe(
    'Length: Keep the answer short (you said so, pinned, off)',
  )
  const counted = { choices: 40, confidence: 0.97, for: 25, against: 9, undone: 2 }
  const scope = ['garden', 'plants', 'soil', 'a'.repeat(60)]
  expect(sentenceOf(preference({ strength: 0.1, evidence: counted, scope }))).toBe(
    'Length: Slightly preferred: keep the answer short (learned from 40 choices, 25 for and 9 against, 97 % sure, for requests with “garden”, “plants”, “soil” or 1 more, undone in 2 requests)',
  )
})

describe('evidence', () => {
  const at = (feature: string, value: number) => {
    const raw = new Float64Array(size)
    raw[placeOf(feature)] = value
    return raw
  }
  const choice = (...values: number[]) => ({ raw: values.map((v) => at('length', v)), chosen: 0 })

  test('counts choices that went a preference’s way and the other', () => {
    const votes = votesOn(
      [preference()],
      [choice(1, 5), choice(1, 4, 3), choice(6, 2), choice(2, 2)],
      space,
    )
    expect(votes.get('length')).toEqual({ for: 2, against: 1 })
  })

  test('a preference undone in several requests is weaker, in one or two it is not', () => {
    const weighed = (times: number) =>
      withEvidence([preference()], new Map(), new Map([['length' as const, times]]))[0]!
    expect(weighed(2)).toMatchObject({ strength: 0.5, evidence: { undone: 2 } })
    expect(weighed(3).strength).toBeCloseTo(0.25, 9)
    expect(weighed(9).strength).toBeLessThan(0.07)
    expect(weighed(0).evidence).toEqual(preference().evidence)
    expect(Profile.safeParse(profileOf(weighed(4))).success).toBe(true)
  })
})
