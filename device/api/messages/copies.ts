/**
 * Further answers to a request: asked for once the first has begun, given a limited time, and paid
 * from a reservation.
 */

import { timerSleep } from '../../http/sleep.ts'
import type { Reservation } from '../../spending/plan.ts'
import { timeLimitMs } from '../upstream/retry.ts'
import { type MessagesDeps, reportFailure, settingsOf } from './deps.ts'
import type { Plan } from './plan.ts'

/**
 * begin: call it at the first bytes of a successful first answer. further: null if Claude sent an
 * error; fails if an answer may have been made. Each ends with its signal; giveUp aborts if the
 * first answer hangs.
 */
export type Asking<T> = {
  readonly first: (begin: () => void, giveUp: AbortSignal) => Promise<T>
  readonly further: (signal: AbortSignal) => Promise<T | null>
}

/** came: the answers in time, in the order of asking. unread: others that may be billed. */
export type Gathered<T> = {
  readonly came: readonly [T, ...T[]]
  readonly unread: number
  readonly reservation: Reservation | null
}

/**
 * An answer that is not streamed does not show that it has begun: it counts as begun if no error
 * came within this time. Most overload errors come sooner.
 */
const BEGUN_MS = 500
/** Further answers get this multiple of the first one's time, and at least the minimum. */
const PATIENCE = 1.5
const MIN_PATIENCE_MS = 1000
/**
 * Once another answer is whole, a first answer that hangs gets this multiple of the time that the
 * other took, and at least the minimum: an answer that is merely slow should not lose its place.
 */
const FIRST_PATIENCE = 1
const MIN_FIRST_PATIENCE_MS = 5000
/** Share of the caller's time limit that is left for ranking and the way back. */
const RESERVE_SHARE = 0.1

/**
 * Gathers the first answer and those that follow in time. A first answer that hangs while another
 * is whole is given up. Fails as the first answer does.
 */
export const gatherAnswers = async <T>(
  deps: MessagesDeps,
  request: Request,
  plan: Plan,
  asking: Asking<T>,
  signal: AbortSignal = request.signal,
): Promise<Gathered<T>> => {
  const startedAt = performance.now()
  const took = () => performance.now() - startedAt
  let begin = (_hasBegun: boolean): void => {}
  const begun = new Promise<boolean>((resolve) => {
    begin = resolve
  })
  const giveUp = new AbortController()
  const first = asking.first(() => begin(true), giveUp.signal).finally(() => begin(false))
  const alone = async (): Promise<Gathered<T>> => ({
    came: [await first],
    unread: 0,
    reservation: null,
  })
  if (plan.count < 2) return alone()
  // Handled where it is awaited.
  first.catch(() => {})
  // Comments keep a stream's caller waiting.
  const limit = plan.isStream ? Number.POSITIVE_INFINITY : timeLimitMs(request.headers)
  const { rankDeadlineMs } = settingsOf(deps)
  const patience = () => patienceMs(rankDeadlineMs, limit, took())
  if (!(await mayFollow(deps, plan, begun, signal))) return alone()
  // A further answer takes about as long as the first, which would be too late.
  if (!plan.isStream && patience() < took()) return alone()
  const reservation = reserve(deps, plan)
  if (!reservation) return alone()
  const stop = new AbortController()
  const copies = askFurther(asking, reservation.further, AbortSignal.any([signal, stop.signal]))
  await Promise.race([Promise.allSettled([first]), copies.one])
  const one = await settledWithin(first, firstPatienceMs(limit, took()))
  if (one) await settledWithin(copies.all, patience())
  else giveUp.abort(new DOMException('the answer hangs', 'TimeoutError'))
  const further = { unread: copies.unread(), reservation }
  const [head, ...rest] = [...(one?.status === 'fulfilled' ? [one.value] : []), ...copies.came()]
  stop.abort()
  if (head !== undefined) return { came: [head, ...rest], ...further }
  settle(deps, plan, further)
  throw (one as PromiseRejectedResult).reason
}

/** Pays for the further answers. A failure here must not cost the app its answer. */
export const settle = (
  deps: MessagesDeps,
  plan: Plan,
  { reservation, unread }: Pick<Gathered<unknown>, 'reservation' | 'unread'>,
  usages: Parameters<MessagesDeps['device']['spend']>[1] = [],
): void => {
  if (!reservation) return
  try {
    const { decisionId } = plan
    deps.device.spend(plan.model, usages, { decisionId, reservation, unread })
  } catch (error) {
    reportFailure(deps, 'spend', error)
  }
}

const reserve = (deps: MessagesDeps, plan: Plan): Reservation | null => {
  try {
    return plan.request && deps.device.reserve(plan.request.size, plan.count - 1)
  } catch (error) {
    reportFailure(deps, 'reserve', error)
    return null
  }
}

/**
 * Whether further answers may be asked for, once that is known. If part of the prompt is to be
 * cached, the first answer must have begun, or the others would write the cache again; otherwise
 * the absence of an error is enough.
 */
const mayFollow = async (
  { sleep = timerSleep }: MessagesDeps,
  { isStream, request }: Plan,
  begun: Promise<boolean>,
  signal: AbortSignal,
): Promise<boolean> => {
  if (isStream || (request?.size.cachedTokens ?? 0) > 0) return begun
  const stop = new AbortController()
  const noError = sleep(BEGUN_MS, AbortSignal.any([signal, stop.signal])).then(
    () => true,
    () => false,
  )
  try {
    return await Promise.race([begun, noError])
  } finally {
    stop.abort()
  }
}

/** Time left for further answers if the first took tookMs and the caller waits limitMs in all. */
export const patienceMs = (rankDeadlineMs: number, limitMs: number, tookMs: number): number =>
  Math.max(
    0,
    Math.min(
      rankDeadlineMs,
      Math.max(MIN_PATIENCE_MS, PATIENCE * tookMs),
      (1 - RESERVE_SHARE) * limitMs - tookMs,
    ),
  )

const firstPatienceMs = (limitMs: number, tookMs: number): number =>
  Math.min(
    Math.max(MIN_FIRST_PATIENCE_MS, FIRST_PATIENCE * tookMs),
    Math.max(0, (1 - RESERVE_SHARE) * limitMs - tookMs),
  )

const askFurther = <T>(asking: Asking<T>, count: number, signal: AbortSignal) => {
  const unknown = Symbol('unknown')
  const came: (T | null | typeof unknown)[] = Array.from({ length: count }, () => unknown)
  let whole = (): void => {}
  const one = new Promise<void>((resolve) => {
    whole = resolve
  })
  const all = Promise.allSettled(
    came.map(async (_, i) => {
      came[i] = await asking.further(signal)
      if (came[i] !== null) whole()
    }),
  )
  return {
    all,
    one,
    came: () => came.flatMap((one) => (one === unknown || one === null ? [] : [one as T])),
    unread: () => came.filter((one) => one === unknown).length,
  }
}

/** undefined if the work takes longer. */
const settledWithin = async <T>(
  work: Promise<T>,
  ms: number,
): Promise<PromiseSettledResult<T> | undefined> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<[]>((resolve) => {
    timer = setTimeout(() => resolve([]), ms)
  })
  try {
    return (await Promise.race([Promise.allSettled([work]), late]))[0]
  } finally {
    clearTimeout(timer)
  }
}
