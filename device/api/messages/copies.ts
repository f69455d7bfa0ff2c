/**
 * Further answers to a request: asked for once the first has begun, waited for no longer than is
 * worth it, and paid from what was held back for them.
 */

import { timerSleep } from '../../http/sleep.ts'
import type { Reservation } from '../../spending/plan.ts'
import { timeLimitMs } from '../upstream/retry.ts'
import { type MessagesDeps, reportFailure, settingsOf } from './deps.ts'
import type { Plan } from './plan.ts'

/**
 * begin: to be called at the first bytes of a first answer that is none of Claude's errors.
 * further: null where Claude sent an error; it fails where it cannot be known whether an answer was
 * made, and ends with its signal. So does first with giveUp, which is told where it hangs.
 */
export type Asking<T> = {
  readonly first: (begin: () => void, giveUp: AbortSignal) => Promise<T>
  readonly further: (signal: AbortSignal) => Promise<T | null>
}

/**
 * came: the first answer, then the further ones that came in time. unread: how many more may have
 * to be paid.
 */
export type Gathered<T> = {
  readonly came: readonly [T, ...T[]]
  readonly unread: number
  readonly reservation: Reservation | null
}

/**
 * An answer that is not streamed does not show that it has begun: no error within this time is
 * taken for it. Most refusals of an overload come sooner.
 */
const BEGUN_MS = 500
/**
 * How many times as long as the first answer took the others may take beyond it, and the least that
 * they get.
 */
const PATIENCE = 1.5
const LEAST_PATIENCE_MS = 1000
/**
 * How long a first answer that hangs is waited for once another one is whole: as many times as long
 * as that one took, and the least. An answer that is only slow should not lose its place.
 */
const FIRST_PATIENCE = 1
const LEAST_FIRST_PATIENCE_MS = 5000
/** Of the caller's time limit, left for the order and the way back. */
const RESERVE_SHARE = 0.1

/**
 * The first answer and those that come in time after it. Where it hangs and another one is whole,
 * it is given up, and the others stand alone. Fails as the first answer does. signal: of all.
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
  // Its failure is told where it is awaited.
  first.catch(() => {})
  // A stream's caller sees that it goes on.
  const limit = plan.isStream ? Number.POSITIVE_INFINITY : timeLimitMs(request.headers)
  const { rankDeadlineMs } = settingsOf(deps)
  const patience = () => patienceMs(rankDeadlineMs, limit, took())
  if (!(await mayFollow(deps, plan, begun, signal))) return alone()
  // What takes about as long as the first did would come too late.
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

/** Pays for the further answers. What fails here must not cost the app its answer. */
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
 * Where part of the prompt is to be cached, the first answer must have begun: until then the others
 * could only write it again. Else it is enough that it is no error.
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

/**
 * How long the others may take beyond a first answer that took so long, of a caller who waits
 * limitMs in all.
 */
export const patienceMs = (rankDeadlineMs: number, limitMs: number, tookMs: number): number =>
  Math.max(
    0,
    Math.min(
      rankDeadlineMs,
      Math.max(LEAST_PATIENCE_MS, PATIENCE * tookMs),
      (1 - RESERVE_SHARE) * limitMs - tookMs,
    ),
  )

const firstPatienceMs = (limitMs: number, tookMs: number): number =>
  Math.min(
    Math.max(LEAST_FIRST_PATIENCE_MS, FIRST_PATIENCE * tookMs),
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

/** undefined where it takes longer. */
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
