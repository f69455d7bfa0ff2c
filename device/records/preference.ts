/**
 * A preference: a dimension, a direction, how sure the device is of it, and what the user may
 * change.
 */
import { z } from 'zod'
import { Id, Name, TimeMs } from '../../adapters/wire/primitives.ts'

/** What a preference can be about. dimensions.ts describes both ends. */
export const DIMENSIONS = [
  'length',
  'lists',
  'headings',
  'emphasis',
  'tables',
  'tone',
  'directness',
  'examples',
  'hedging',
  'questions',
  'emoji',
  'numbers',
  'closing',
  'steps',
] as const
export const Dimension = z.enum(DIMENSIONS)
export type Dimension = z.infer<typeof Dimension>

export const Direction = z.union([z.literal(-1), z.literal(1)])
export const Share = z.number().min(0).max(1)
const Count = z.int().min(0).max(1_000_000)

/**
 * direction: -1 less, +1 more. strength: distance from indifference, 0 … 1. scope: every request,
 * or those with one of the words. evidence.confidence: posterior probability of the direction (1 if
 * stated). for, against: choices that went its way and the other. undone: requests in which the
 * user undid it.
 */
export const Preference = z.strictObject({
  dimension: Dimension,
  direction: Direction,
  strength: Share,
  scope: z.union([z.literal('all'), z.array(Name).min(1).max(20)]),
  evidence: z.strictObject({
    choices: Count,
    confidence: Share,
    for: Count.optional(),
    against: Count.optional(),
    undone: Count.optional(),
  }),
  source: z.enum(['learned', 'stated']),
  pinned: z.boolean(),
  enabled: z.boolean(),
})
export type Preference = z.infer<typeof Preference>

/** At most one preference a dimension. */
export const Profile = z.strictObject({
  preferences: z
    .array(Preference)
    .max(DIMENSIONS.length)
    .refine(
      (all) => new Set(all.map((p) => p.dimension)).size === all.length,
      'dimensions must be distinct',
    ),
})
export type Profile = z.infer<typeof Profile>

/** The profile, and each preference in a sentence. */
export const DescribedProfile = z.strictObject({
  profile: Profile,
  sentences: z.array(z.string().max(300)).max(DIMENSIONS.length),
})
export type DescribedProfile = z.infer<typeof DescribedProfile>

/**
 * state: the user states it, which outranks what was learned. forget: removes it; it may be learned
 * again.
 */
export const ProfileChange = z.discriminatedUnion('op', [
  z.strictObject({
    op: z.literal('state'),
    dimension: Dimension,
    direction: Direction,
    strength: Share.default(1),
    scope: Preference.shape.scope.default('all'),
  }),
  z.strictObject({ op: z.literal('pin'), dimension: Dimension, pinned: z.boolean() }),
  z.strictObject({ op: z.literal('enable'), dimension: Dimension, enabled: z.boolean() }),
  z.strictObject({ op: z.literal('forget'), dimension: Dimension }),
])
export type ProfileChange = z.infer<typeof ProfileChange>

/**
 * A preference that the user seems to have stated in a conversation. It counts once they accept it.
 * sentence: as in the profile. said: the words it was read from.
 */
export const Proposal = z.strictObject({
  id: Id,
  at: TimeMs,
  dimension: Dimension,
  direction: Direction,
  sentence: z.string().max(300),
  said: z.string().max(300),
  decisionId: Id,
})
export type Proposal = z.infer<typeof Proposal>
