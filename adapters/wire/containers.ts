/**
 * JSON headers of the two binary messages, an update and a release. The container itself is
 * codec/container.ts.
 */

import { z } from 'zod'
import { Encoding } from '../formats/encoding.ts'
import { Contribution } from './jobs.ts'
import { NORM_SHARES } from './norm-shares.ts'
import {
  AdapterSpecSchema,
  BaseModelSchema,
  FeatureSpaceSchema,
  Id,
  MAX_BINARY_BYTES,
  Protocol,
  Sha256,
  TimeMs,
} from './primitives.ts'
import { ReleasePrivacy } from './privacy.ts'
import { RobustMetrics } from './robust.ts'

/**
 * A named matrix in the payload; offset and size count numbers, encoded or not. Order and contiguity are
 * checked on decode.
 */
export const SegmentSchema = z.strictObject({
  name: z.string().regex(/^[a-z][A-Za-z0-9._]{0,99}$/),
  shape: z.array(z.int().min(1).max(100_000_000)).min(1).max(4),
  offset: z.int().min(0),
  size: z.int().min(1),
  /** Left out: float32. */
  encoding: Encoding.optional(),
})

/**
 * What a device sends. Segments, in this order where present:
 * `layers.<i>.<module>.<A|B>` — the change of the round's factor, or of both (adapters/lora/layout.ts);
 * `prior.first` [D], `prior.second` [D(D+1)/2] — E[w], and the upper triangle of E[wwᵀ] row by row,
 * of this one device; or, with `directions` k, of its head in these (adapters/aggregate/prior-directions.ts),
 * [k] and [k(k+1)/2];
 * `statistics.count` [1], `statistics.sum` [D], `statistics.sumSquares` [D] — over within-request
 * centred features.
 */
export const UpdateHeader = z.strictObject({
  kind: z.literal('update'),
  protocol: Protocol,
  jobId: Id,
  roundId: Id,
  /** The release it was trained from. */
  release: Sha256,
  basisEpoch: z.int().min(0),
  base: BaseModelSchema,
  adapter: AdapterSpecSchema,
  features: FeatureSpaceSchema,
  factor: z.enum(['A', 'B', 'AB']).nullable(),
  /** Of the adapter part, whose directions are the leading ones of the release. Left out: the adapter's. */
  rank: z.int().min(1).max(256).optional(),
  /**
   * Training pairs behind the adapter part, 0 when there is none: its weight in the mean. With the
   * method `gradient` 1, which nothing reads.
   */
  pairs: z.int().min(0).max(100_000),
  /** What was asked for and cannot be used: the prior, where the release has no scale yet, or other directions. */
  leftOut: z.array(z.literal('prior')).max(1).optional(),
  /** Its prior part is in so many released directions. Left out: in all features. */
  directions: z.int().min(1).max(256).optional(),
  segments: z.array(SegmentSchema).min(1).max(10_000),
})
export type UpdateHeader = z.infer<typeof UpdateHeader>

/**
 * What an edge sends in place of its devices' updates: their exact sums. The payload holds, one after the
 * other, a partial sum (adapters/aggregate/partial-sum.ts) for each contribution that the round asks for.
 */
export const PartialUpdateHeader = z.strictObject({
  kind: z.literal('partial-update'),
  protocol: Protocol,
  jobId: Id,
  roundId: Id,
  release: Sha256,
  basisEpoch: z.int().min(0),
  factor: UpdateHeader.shape.factor,
  /** Of what the job asks for: an edge and its server mean the same job. */
  job: Sha256,
  /** Devices whose updates are in the sums. */
  devices: z.int().min(1).max(1_000_000),
  /** Their updates by norm: ReleaseMetrics.updateNorms. */
  norms: z.array(z.int().min(0).max(1_000_000)).length(NORM_SHARES.length),
  sums: z
    .array(z.strictObject({ name: Contribution, bytes: z.int().min(1).max(MAX_BINARY_BYTES) }))
    .min(1)
    .max(3),
})
export type PartialUpdateHeader = z.infer<typeof PartialUpdateHeader>

/**
 * A release: one bundle. Segments, in this order: every `layers.<i>.<module>.<A|B>`; then, where the
 * adapter has a residual, every `residual.layers.<i>.<module>.<A|B>`; then, once there is a prior,
 * `prior.mean` [D], `prior.directions` [k, D] (orthonormal rows; absent when k = 0),
 * `prior.variances` [k] (λ, absent when k = 0),
 * `prior.rest` [1] (ρ); then, once there are statistics, `statistics.scale` [D] (multiplies a raw
 * feature).
 */
export const ReleaseHeader = z.strictObject({
  kind: z.literal('release'),
  protocol: Protocol,
  base: BaseModelSchema,
  adapter: AdapterSpecSchema,
  exitLayer: z.int().min(1).max(256),
  features: FeatureSpaceSchema,
  basisEpoch: z.int().min(0),
  /** Number of the release in its line, from 0. */
  version: z.int().min(0),
  parent: Sha256.nullable(),
  jobId: Id.nullable(),
  roundId: Id.nullable(),
  /** Devices whose updates are in it. */
  cohort: z.int().min(0),
  /** Digests of those updates, hashed together: SHA-256 over the sorted digests. */
  inputs: Sha256.nullable(),
  createdAt: TimeMs,
  segments: z.array(SegmentSchema).min(1).max(10_000),
})
export type ReleaseHeader = z.infer<typeof ReleaseHeader>

/** No norm of finite float32 weights is near it. */
const MAX_NORM = 1e45

/** What a round says of itself: sums and counts over all its devices. Norms are Frobenius norms. */
export const ReleaseMetrics = z.strictObject({
  /** Of the adapter's change of the weights, ΔW. */
  adapterNorm: z.number().min(0).max(MAX_NORM),
  /** How far ΔW has moved since the parent. */
  adapterChange: z.number().min(0).max(MAX_NORM),
  /** How far the prior's mean has moved since the parent; null without a prior. */
  priorChange: z.number().min(0).max(MAX_NORM).nullable(),
  /** Updates at most as long as each of NORM_SHARES, and longer than the one before it. */
  updateNorms: z.array(z.int().min(0)).length(NORM_SHARES.length),
  /**
   * ‖ΔW‖ by which the product of the mean factors misses the mean of the products, an estimate; where a
   * round averages both factors.
   */
  averagingError: z.number().min(0).max(MAX_NORM).optional(),
  /** What a robust rule made of each contribution, where the job has one. */
  robust: z
    .strictObject({
      adapter: RobustMetrics.optional(),
      prior: RobustMetrics.optional(),
      statistics: RobustMetrics.optional(),
    })
    .optional(),
  /**
   * Where products are averaged: shares of the squared norm that lie beyond a rank. `flex`: of the mean
   * product, by the ranks that devices train; `fedex`: of the residual, by the rank that it is cut to.
   */
  discarded: z
    .array(z.strictObject({ rank: z.int().min(1), share: z.number().min(0).max(1) }))
    .max(8)
    .optional(),
  /** ‖released − exact‖ / ‖exact‖, where the job has its releases compressed. */
  compressionError: z.number().min(0).max(1).optional(),
})
export type ReleaseMetrics = z.infer<typeof ReleaseMetrics>

const Difference = z.number().min(-1).max(1)
const interval = { mean: Difference, low: Difference, high: Difference }
const predictions = {
  /** Mean negative log-likelihood of a choice. */
  loss: z.number().min(0).max(8).optional(),
  /** Share of pairs that the heads order as the users did. */
  accuracy: z.number().min(0).max(1).optional(),
}

/**
 * What devices say of a release: mean of the differences that it makes to each, from -1 (worse) to 1,
 * with its 95 % interval.
 */
export const JudgedView = z.strictObject({
  devices: z.int().min(2),
  ...interval,
  ...predictions,
})

/** The same by the choices of a log, which the operator's own machine has judged. */
export const VerdictView = z.strictObject({
  choices: z.int().min(1).max(1e9),
  ...interval,
  ...predictions,
  /** SHA-256 of the log. */
  log: Sha256,
  at: TimeMs,
  /** Id of the operator's token. */
  by: Id,
})
export type VerdictView = z.infer<typeof VerdictView>

/**
 * What `release list` and `release show` print: the header without its segments, and the content
 * hash.
 */
export const ReleaseSummary = z.strictObject({
  hash: Sha256,
  bytes: z.int().min(0),
  ...ReleaseHeader.omit({ kind: true, segments: true, protocol: true }).shape,
  parts: z.array(z.enum(['adapter', 'prior', 'statistics'])).max(3),
  /** Of its lineage. */
  lineage: Id.optional(),
  /** Left out where no round made it, and of releases of version 0.1. */
  metrics: ReleaseMetrics.optional(),
  /** Where its round had noise. Then it tells no norms of updates, and cohort is the job's minimum. */
  privacy: ReleasePrivacy.optional(),
  /** Where it holds the parts of an earlier release again: the version of that one. */
  restores: z.int().min(0).optional(),
  /** Left out before two devices have said so. */
  judged: JudgedView.optional(),
  verdict: VerdictView.optional(),
})
export type ReleaseSummary = z.infer<typeof ReleaseSummary>
