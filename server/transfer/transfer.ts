/** What bounds the traffic: how much at once, how often, how slowly, and where it waits. */
import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Gate, type GateSize, openGate } from './gate.ts'
import type { SenderPace } from './paced.ts'
import { type PartialUploads, partialUploads } from './partial-uploads.ts'
import { openRateLimit, type Rate, type RateLimit } from './rate-limit.ts'

export type TransferLimits = {
  /** Updates that arrive. */
  readonly bodies: GateSize
  /** Whole updates in memory, which are looked through and stored. */
  readonly checks: GateSize
  /** Other requests of devices. */
  readonly requests: GateSize
  readonly byDevice: Rate
  readonly byAddress: Rate
  readonly pace: SenderPace
}

const DEFAULT_LIMITS: TransferLimits = {
  bodies: { atOnce: 32, waiting: 2000 },
  checks: { atOnce: 2, waiting: 2000 },
  requests: { atOnce: 256, waiting: 4000 },
  byDevice: { burst: 120, perSecond: 10 },
  byAddress: { burst: 2000, perSecond: 200 },
  pace: { bytes: 65_536, withinMs: 30_000 },
}

export type Transfer = {
  readonly partials: PartialUploads
  readonly bodies: Gate
  readonly checks: Gate
  readonly requests: Gate
  readonly byDevice: RateLimit
  readonly byAddress: RateLimit
  readonly pace: SenderPace
  /** Removes a temporary folder. */
  close(): Promise<void>
}

export type TransferOptions = {
  /** Of broken uploads; default: one in the system's folder for temporary files. */
  readonly folder?: string
  readonly limits?: Partial<TransferLimits>
  /** A clock that nobody sets. */
  readonly monotonicMs?: () => number
}

export const openTransfer = ({
  folder: given,
  limits,
  monotonicMs = () => performance.now(),
}: TransferOptions = {}): Transfer => {
  const all = { ...DEFAULT_LIMITS, ...limits }
  const folder = given ?? join(tmpdir(), `loreweave-uploads-${randomUUID()}`)
  return {
    partials: partialUploads(folder, all.pace),
    bodies: openGate(all.bodies, 'uploads'),
    checks: openGate(all.checks, 'updates'),
    requests: openGate(all.requests, 'requests'),
    byDevice: openRateLimit(all.byDevice, monotonicMs),
    byAddress: openRateLimit(all.byAddress, monotonicMs),
    pace: all.pace,
    async close() {
      if (given === undefined) await rm(folder, { recursive: true, force: true })
    },
  }
}
