/** What every part of the server is given: the store, the clock, randomness, the log and the settings. */
import { FedError } from '../../adapters/errors.ts'
import type { Rng } from '../../adapters/random.ts'
import type { Aggregate } from '../releases/aggregation-plan.ts'
import type { Fold } from '../releases/fold.ts'
import type { Objects } from '../store/objects.ts'
import type { Upstream } from '../store/records.ts'
import type { Store } from '../store/store.ts'
import type { Log } from '../telemetry/log.ts'
import type { Pace } from './pace.ts'

/**
 * clock: milliseconds since 1970. rng: cryptographic in production, it makes ids, tokens and keys.
 */
export type RoundDeps = {
  readonly store: Store
  readonly objects: Objects
  readonly clock: () => number
  readonly rng: Rng
  readonly log: Log
  readonly aggregate: Aggregate
  readonly fold: Fold
  /** So many updates of a round wait before they are added up; default: 32. */
  readonly foldAt?: number | undefined
  /** How long the aggregation of a round is left to a server that says nothing; default: a minute. */
  readonly leaseMs?: number
  /**
   * At an edge: hands the sums of a round to the server whose round it is a part of. Fails with
   * NotForwarded where that will never take them.
   */
  readonly forward?: ((upstream: Upstream, partial: Uint8Array) => Promise<void>) | undefined
  /** False while nothing may be taken that would fill the disk; default: true. */
  readonly hasRoom?: (() => boolean) | undefined
}

/** The server whose round it was a part of will never take these sums. */
export class NotForwarded extends FedError {
  readonly isFinal = true
}

/** Fails with E_FULL. */
export const checkRoom = ({ hasRoom }: Pick<RoundDeps, 'hasRoom'>): void => {
  if (hasRoom?.() === false)
    throw new FedError(
      'E_FULL',
      'the server has no room on its disk now; keep it and try again later',
    )
}

type ServerConfig = {
  /** Bearer credential of the operator routes, at least 16 characters. */
  readonly operatorCredential: string
  readonly pace: Pace
  /** A job whose rounds may have fewer devices is refused. */
  readonly leastCohort: number
  /** Whether anyone may read the metrics. */
  readonly openMetrics?: boolean
  /** Where an edge has its jobs and releases from: it makes none of its own. */
  readonly upstream?: string | undefined
  /** Names under which operators reach the server, without ports; default: any. */
  readonly hosts?: readonly string[] | undefined
}

export const DEFAULT_PACE: Pace = { soonMs: 1000, laterMs: 60_000 }

export type ServerDeps = RoundDeps & {
  readonly config: ServerConfig
  /** Room on the data folder's disk; null, or left out, where nothing is known of it. */
  readonly disk?: () => Promise<{ readonly freeBytes: number; readonly totalBytes: number } | null>
}
