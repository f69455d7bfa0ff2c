/** Operators to server: who may act, what was done, and what stands now. */
import { z } from 'zod'
import { Id, Name, Protocol, Sha256, TimeMs } from './primitives.ts'

const DAY_MS = 24 * 3600 * 1000

/** A viewer reads, a judge gives verdicts too, an operator runs jobs and releases, an admin lets others in. */
export const OperatorRole = z.enum(['viewer', 'judge', 'operator', 'admin'])

/** POST /v1/operator/operators. */
export const CreateOperator = z.strictObject({
  protocol: Protocol,
  name: Name,
  role: OperatorRole,
  ttlMs: z
    .int()
    .min(1000)
    .max(3650 * DAY_MS)
    .default(90 * DAY_MS),
})

export const OperatorView = z.strictObject({
  id: Id,
  name: Name,
  role: OperatorRole,
  createdAt: TimeMs,
  expiresAt: TimeMs,
  revokedAt: TimeMs.nullable(),
})
export type OperatorView = z.infer<typeof OperatorView>

export const CreateOperatorResponse = z.strictObject({
  protocol: Protocol,
  token: z.string().min(16).max(200),
  operator: OperatorView,
})
export const OperatorResponse = z.strictObject({ protocol: Protocol, operator: OperatorView })
export const OperatorListResponse = z.strictObject({
  protocol: Protocol,
  operators: z.array(OperatorView).max(100_000),
})

/** target: what the deed was done to. outcome: `asked`, then a code where it was refused. */
export const AuditEntryView = z.strictObject({
  number: z.int().min(1),
  at: TimeMs,
  who: z.string().max(64),
  action: z.string().max(200),
  target: z.string().max(64).nullable(),
  outcome: z.string().max(40),
  previous: Sha256,
  hash: Sha256,
})
export type AuditEntryView = z.infer<typeof AuditEntryView>

export const AuditResponse = z.strictObject({
  protocol: Protocol,
  entries: z.array(AuditEntryView).max(1000),
})

export const AuditVerdictResponse = z.strictObject({
  protocol: Protocol,
  verdict: z.discriminatedUnion('isIntact', [
    z.strictObject({ isIntact: z.literal(true), entries: z.int().min(0), last: Sha256 }),
    z.strictObject({
      isIntact: z.literal(false),
      number: z.int().min(1),
      reason: z.string().max(300),
    }),
  ]),
})

/** 'ok', or what is wrong. */
const Verdict = z.string().max(200)

/** GET /v1/operator/overview. refusals: by code, of this process since it started. */
export const OverviewResponse = z.strictObject({
  protocol: Protocol,
  version: z.string().max(40),
  now: TimeMs,
  role: OperatorRole,
  devices: z.strictObject({
    enrolled: z.int().min(0),
    seenLastDay: z.int().min(0),
    seenLastHour: z.int().min(0),
    /** Refused until an operator lets them in again. */
    blocked: z.int().min(0).optional(),
    /** Places in open rounds whose updates have not come yet. */
    atWork: z.int().min(0).optional(),
  }),
  alerts: z
    .array(
      z.strictObject({
        rule: z.string().max(40),
        key: z.string().max(200),
        text: z.string().max(500),
        since: TimeMs.nullable(),
      }),
    )
    .max(10_000),
  refusals: z.array(z.strictObject({ code: z.string().max(40), count: z.int().min(0) })).max(1000),
  readiness: z.strictObject({
    database: Verdict,
    objects: Verdict,
    disk: Verdict,
    aggregation: Verdict,
  }),
  /** What devices show of this server, in words (wire/spoken.ts): its key, and its log of releases. */
  identity: z
    .strictObject({
      key: z.string().max(60),
      log: z.strictObject({ entries: z.int().min(1), words: z.string().max(60) }).nullable(),
    })
    .optional(),
})
export type OverviewResponse = z.infer<typeof OverviewResponse>
