/** The small schemas that every message shares. All are bounded; unknown fields are refused. */
import { z } from 'zod'
import { MODULES } from '../lora/spec.ts'

/** Raised when a message changes its meaning; both sides refuse another version with E_PROTOCOL. */
export const PROTOCOL_VERSION = 1 as const

export const MiB = 1024 * 1024
/** Largest JSON body, and largest binary body (an update or a release). */
export const MAX_JSON_BYTES = 1 * MiB
export const MAX_BINARY_BYTES = 64 * MiB

export const Protocol = z.literal(PROTOCOL_VERSION)
/**
 * SHA-256 in lower-case hexadecimal; names releases, updates, weights and tokenizers by their
 * bytes.
 */
export const Sha256 = z.string().regex(/^[0-9a-f]{64}$/)
export const Id = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/)
/** Raw Ed25519 public key, base64url without padding. */
export const PublicKey = z.string().regex(/^[A-Za-z0-9_-]{43}$/)
/** Of Ed25519, base64url. */
export const Signature = z.string().regex(/^[A-Za-z0-9_-]{86}$/)
export const Name = z.string().min(1).max(100)
/** Milliseconds since 1970 (UTC). */
export const TimeMs = z.int().min(0).max(8_640_000_000_000_000)
export const Purpose = z.enum(['personalization'])
export type Purpose = z.infer<typeof Purpose>

const size = (max: number) => z.int().min(1).max(max)

export const ModelShapeSchema = z.strictObject({
  layers: size(256),
  hidden: size(16_384),
  heads: size(256),
  kvHeads: size(256),
  headDim: size(1024),
  ffn: size(131_072),
  vocab: size(1_000_000),
})

export const AdapterSpecSchema = z
  .strictObject({
    firstLayer: z.int().min(0).max(255),
    endLayer: size(256),
    modules: z.array(z.enum(MODULES)).min(1).max(MODULES.length),
    rank: size(256),
    alpha: z.number().positive().max(4096),
    /** Rank of the frozen add-on in which `fedex` keeps what a mean of factors misses. */
    residual: size(256).optional(),
  })
  .refine((s) => s.firstLayer < s.endLayer, 'firstLayer must be below endLayer')
  .refine((s) => new Set(s.modules).size === s.modules.length, 'modules must be distinct')

/**
 * The joint feature space of the reward head: pooled states first, then shares of common words, then
 * the named features, in this order. Spaces of version 0.1 have no words.
 */
export const FeatureSpaceSchema = z.strictObject({
  pooled: z.int().min(0).max(16_384),
  /** list: names it; another list of words is another space. */
  words: z
    .strictObject({ list: z.string().regex(/^[a-z0-9-]{1,40}$/), count: z.int().min(1).max(4096) })
    .optional(),
  named: z.array(z.string().regex(/^[a-z][a-z0-9_]{0,39}$/)).max(128),
})
export type FeatureSpace = z.infer<typeof FeatureSpaceSchema>

/** D: length of the joint feature vector. */
export const featureCount = (space: FeatureSpace): number =>
  featureGroups(space).reduce((sum, { size }) => sum + size, 0)

/** The groups of the joint feature vector in its order, each a unit of its own in the scale. */
export const featureGroups = ({ pooled, words, named }: FeatureSpace) => [
  { name: 'pooled', size: pooled },
  { name: 'words', size: words?.count ?? 0 },
  { name: 'named', size: named.length },
]

/** What identifies the local model: other bytes are another base. */
export const BaseModelSchema = z.strictObject({
  name: Name,
  weights: Sha256,
  tokenizer: Sha256,
  shape: ModelShapeSchema,
})
export type BaseModel = z.infer<typeof BaseModelSchema>

/**
 * A count in a coarse bucket, so that a check-in does not tell how much somebody uses their device.
 */
export const CountBucket = z.enum(['0', '1-9', '10-29', '30-99', '100-299', '300+'])
export type CountBucket = z.infer<typeof CountBucket>

export const bucketOf = (count: number): CountBucket =>
  count < 1
    ? '0'
    : count < 10
      ? '1-9'
      : count < 30
        ? '10-29'
        : count < 100
          ? '30-99'
          : count < 300
            ? '100-299'
            : '300+'
