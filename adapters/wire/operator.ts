/** Operator to server, over HTTP with a bearer credential: tokens, jobs, releases, devices. */

import { z } from 'zod'
import { DAY_MS } from '../time.ts'
import { JudgedView, ReleaseSummary, VerdictView } from './containers.ts'
import { JobState, JobView, Priority } from './jobs.ts'
import { Id, Protocol, Sha256, TimeMs } from './primitives.ts'

/**
 * POST /v1/operator/tokens: makes `count` one-time enrolment tokens. They are shown once; the
 * server keeps their hashes.
 */
export const CreateTokens = z.strictObject({
  protocol: Protocol,
  count: z.int().min(1).max(10_000).default(1),
  ttlMs: z
    .int()
    .min(1000)
    .max(365 * 24 * 3600 * 1000)
    .default(7 * 24 * 3600 * 1000),
  /** Each enrols an edge, which may stand for so many devices. Left out: each enrols a device. */
  edge: z.int().min(1).max(1_000_000).optional(),
})
export type CreateTokens = z.infer<typeof CreateTokens>

export const CreateTokensResponse = z.strictObject({
  protocol: Protocol,
  tokens: z.array(z.string().min(16).max(200)).max(10_000),
  expiresAt: TimeMs,
})
export type CreateTokensResponse = z.infer<typeof CreateTokensResponse>

/** What asks for a page. cursor: the `next` of the page before. */
const PAGING = {
  /** Left out: oldest first. */
  order: z.enum(['oldest', 'newest']).optional(),
  limit: z.coerce.number().int().min(1).max(1000).optional(),
  cursor: z
    .string()
    .regex(/^\d{1,16}$/)
    .optional(),
}
/** The cursor of the page after this one; null: the last. */
const Next = z.string().max(40).nullable().optional()
/** A SHA-256 or its first digits. */
const HashPrefix = z.string().regex(/^[0-9a-f]{1,64}$/)

/** POST /v1/operator/jobs, and what shows or changes one job. */
export const JobResponse = z.strictObject({ protocol: Protocol, job: JobView })
/** GET /v1/operator/jobs: a page. */
export const JobListResponse = z.strictObject({
  protocol: Protocol,
  jobs: z.array(JobView).max(10_000),
  next: Next,
})

/** state: some, with commas between. name: a part of it. All that is given must hold. */
export const JobQuery = z.strictObject({
  state: z
    .string()
    .max(100)
    .refine(
      (text) => text.split(',').every((one) => JobState.safeParse(one).success),
      `expected ${JobState.options.join(', ')}, some of them with commas between`,
    )
    .optional(),
  name: z.string().max(100).optional(),
  /** Of the base model, by the SHA-256 of its weights or the first digits of it: one population. */
  base: HashPrefix.optional(),
  /** Of each job so many of its newest rounds. Left out: 5. */
  rounds: z.coerce.number().int().min(0).max(200).optional(),
  ...PAGING,
})
export type JobQuery = z.infer<typeof JobQuery>

/** POST /v1/operator/jobs/:id/priority. */
export const PriorityRequest = z.strictObject({ protocol: Protocol, priority: Priority })

/** lineage: its whole id. hash: of the release. All that is given must hold. */
export const ReleaseQuery = z.strictObject({
  lineage: HashPrefix.optional(),
  hash: HashPrefix.optional(),
  ...PAGING,
})

/** GET /v1/operator/releases: a page; GET /v1/operator/releases/:hash. */
export const ReleaseListResponse = z.strictObject({
  protocol: Protocol,
  releases: z.array(ReleaseSummary).max(100_000),
  next: Next,
})
export const ReleaseResponse = z.strictObject({ protocol: Protocol, release: ReleaseSummary })

/** POST /v1/operator/lineages/:id/rollback: the parts of this version again, as the next one. */
export const RollbackRequest = z.strictObject({ protocol: Protocol, version: z.int().min(0) })

const staging = {
  /** Of the devices, which follow new releases at once. */
  share: z.number().min(0).max(1),
  /** Devices that must have judged a release before it is halted or promoted. */
  judges: z.int().min(2).max(1_000_000).optional(),
  /** Promotes by itself what proves to be no worse. */
  promotes: z.boolean().optional(),
  /** Nobody follows a release before its verdict; an alert says so when none came in this time. */
  gateMs: z
    .int()
    .min(1000)
    .max(366 * DAY_MS)
    .optional(),
}

/** POST /v1/operator/lineages/:id/stage. */
export const StageRequest = z.strictObject({ protocol: Protocol, ...staging })

/** POST /v1/operator/releases/:hash/verdict. */
export const VerdictRequest = VerdictView.omit({ at: true, by: true }).extend({
  protocol: Protocol,
})

/** A lineage and what its devices follow. share: 1 where nothing is staged. */
export const LineageView = z.strictObject({
  id: Id,
  base: z.string().max(100),
  head: Sha256,
  version: z.int().min(0),
  ...staging,
  /** What the share follows: with a gate the newest release that passed it, else the head. */
  staged: Sha256.optional(),
  /** What the other devices follow. */
  promoted: Sha256,
  promotedVersion: z.int().min(0),
  updatedAt: TimeMs,
  /** What devices say of the head; null before two have said so. */
  judged: JudgedView.nullable(),
  /** Of the head, on the operator's own evaluation set. */
  verdict: VerdictView.optional(),
})
export type LineageView = z.infer<typeof LineageView>

export const LineageResponse = z.strictObject({ protocol: Protocol, lineage: LineageView })
export const LineageListResponse = z.strictObject({
  protocol: Protocol,
  lineages: z.array(LineageView).max(10_000),
})

/** GET /v1/operator/devices. Nothing here says anything about a person. */
export const DeviceListResponse = z.strictObject({
  protocol: Protocol,
  devices: z
    .array(
      z.strictObject({
        id: Id,
        enrolledAt: TimeMs,
        lastSeenAt: TimeMs.nullable(),
        blockedAt: TimeMs.optional(),
        edge: z.int().min(1).max(1_000_000).optional(),
      }),
    )
    .max(1_000_000),
})
