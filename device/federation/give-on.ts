/**
 * A device that will not finish a round tells the server, so that its place goes to another at once;
 * and it asks now and then whether the round still waits for it.
 */
import { type ErrorCode, type FedError, isFedError } from '../../adapters/errors.ts'
import type { AbandonReason } from '../../adapters/wire/job-life.ts'
import type { DeviceStore } from '../store/store.ts'
import type { Federation } from './client.ts'
import { sendFailure } from './signed-transport.ts'
import { type Departure, whileAllowed } from './while-allowed.ts'

export type GiveOnDeps = {
  readonly store: Pick<DeviceStore, 'live'>
  readonly federation: Pick<Federation, 'abandon' | 'isWanted'>
  /** Why nothing may be sent at all; null if a message may. */
  readonly mayContact: () => FedError | null
  /** Time between two looks at a round. */
  readonly lookMs?: number
}

const REASONS: Partial<Record<ErrorCode, AbandonReason>> = {
  E_DATA: 'no_data',
  E_MEMORY: 'memory',
}

/** Of work on a round that failed; null without a consent, when nothing more is said of the round. */
export const reasonOf = (error: unknown): AbandonReason | null => {
  if (!isFedError(error)) return 'failed'
  return error.code === 'E_CONSENT' ? null : (REASONS[error.code] ?? 'failed')
}

/** A server that does not answer gives the place on by itself, later. */
const GIVE_UP_MS = 10_000

/** Never fails: the place is lost either way. reason: null says nothing. */
export const giveOn = async (
  { store, federation, mayContact }: GiveOnDeps,
  roundId: string,
  reason: AbandonReason | null,
): Promise<void> => {
  if (reason === null) return
  const send = (departure: Departure) => federation.abandon(roundId, reason, departure)
  const timeout = AbortSignal.timeout(GIVE_UP_MS)
  await whileAllowed(store.live, mayContact, timeout, send).catch(() => {})
}

const LOOK_MS = 60_000

/**
 * Looks while `work` runs. isOver: whether the server has said that the round is over. An older server
 * cannot be asked.
 */
export const watchRound = (
  { store, federation, mayContact, lookMs = LOOK_MS }: GiveOnDeps,
  roundId: string,
): { readonly isOver: () => boolean; readonly end: () => void } => {
  let isOver = false
  let isLooking = false
  const stop = new AbortController()
  const look = async () => {
    if (isLooking) return
    isLooking = true
    const ask = (departure: Departure) => federation.isWanted(roundId, departure)
    try {
      isOver = !(await whileAllowed(store.live, mayContact, stop.signal, ask))
    } catch (error) {
      if (sendFailure(error)?.status === 404) end()
    }
    isLooking = false
  }
  const timer = setInterval(() => void look(), lookMs)
  timer.unref()
  const end = () => {
    clearInterval(timer)
    stop.abort()
  }
  return { isOver: () => isOver, end }
}
