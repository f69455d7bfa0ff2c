/** What every part of the server is given: the store, the clock, randomness, the log and the settings. */
import type { Pace } from './check-in.ts'
import type { RoundDeps } from './coordinator.ts'

type ServerConfig = {
  /** Bearer credential of the operator routes, at least 16 characters. */
  readonly operatorCredential: string
  readonly pace: Pace
}

export const DEFAULT_PACE: Pace = { soonMs: 1000, laterMs: 60_000 }

export type ServerDeps = RoundDeps & { readonly config: ServerConfig }
