/** Edge to server: a server to its own devices, and to another server one participant that stands for them. */
import { z } from 'zod'
import { UpdateHeader } from './containers.ts'
import { AbandonReason, Region } from './job-life.ts'
import { JobSpec } from './jobs.ts'
import { Id, Protocol, Sha256, TimeMs } from './primitives.ts'

/** Most places, and most rounds that are left, in one check-in. */
export const MAX_EDGE_ROUNDS = 32

/** POST /v1/edges/checkin. */
export const EdgeCheckInRequest = z.strictObject({
  protocol: Protocol,
  /** Of all its devices. */
  region: Region,
  /** Devices that it may have updates of. */
  devices: z.int().min(0).max(1_000_000),
  /** Rounds that it will send nothing for. */
  left: z.array(z.strictObject({ roundId: Id, reason: AbandonReason })).max(MAX_EDGE_ROUNDS),
})
export type EdgeCheckInRequest = z.infer<typeof EdgeCheckInRequest>

/** The part of an edge in a round: it opens one of its own from the same release. */
export const EdgePlace = z.strictObject({
  jobId: Id,
  roundId: Id,
  uploadToken: z.string().min(16).max(200),
  release: Sha256,
  basisEpoch: z.int().min(0),
  factor: UpdateHeader.shape.factor,
  /** Rounds that had moved the adapter before. */
  adapterRounds: z.int().min(0),
  deadlineAt: TimeMs,
  /** The sum may be of so many devices at most. */
  devices: z.int().min(1).max(1_000_000),
  /** Updates after which the edge need wait for no more. */
  goal: z.int().min(1).max(1_000_000),
  /** As the server has it. */
  job: JobSpec,
})
export type EdgePlace = z.infer<typeof EdgePlace>

/** places: all that the edge has and has not sent its sums for. heads: what its devices are to follow. */
export const EdgeCheckInResponse = z.strictObject({
  protocol: Protocol,
  places: z.array(EdgePlace).max(MAX_EDGE_ROUNDS),
  heads: z.array(z.strictObject({ hash: Sha256, adapterRounds: z.int().min(0) })).max(1000),
  retryAfterMs: z
    .int()
    .min(0)
    .max(7 * 24 * 3600 * 1000),
  /** Why there is no place in a job that takes edges, by the name of the job. */
  waiting: z
    .array(
      z.strictObject({
        job: z.string().max(100),
        reason: z.enum(['region', 'few_devices', 'no_place']),
      }),
    )
    .max(100),
})
export type EdgeCheckInResponse = z.infer<typeof EdgeCheckInResponse>
