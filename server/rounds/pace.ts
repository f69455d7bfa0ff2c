/**
 * Pace steering: when a device is told to come back. It waits for what it came for, and then for the
 * first second that is not taken, so that however many wait, no more come in a second than the server
 * wants.
 */
import type { Rng } from '../../adapters/random.ts'
import type { Round } from '../store/records.ts'

export type Pace = {
  /** A round is about to open. */
  readonly soonMs: number
  /** There is nothing to do. */
  readonly laterMs: number
  /** Most check-ins a second that devices are told to make. Left out: any number. */
  readonly perSecond?: number
}

export type Slots = {
  /** Milliseconds until a free slot, at least `waitMs`. Takes it. */
  take(now: number, waitMs: number): number
}

/** Longest wait that the protocol has. */
const MAX_WAIT_MS = 7 * 24 * 3_600_000

/** Lives in one process: what it has handed out is lost with it, and then is spread again. */
export const openSlots = (perSecond: number | undefined, rng: Rng): Slots => {
  const taken = new Map<number, number>()
  /** From a full second to one after it that may be free. */
  const next = new Map<number, number>()
  const freeFrom = (second: number): number => {
    let free = second
    while (next.has(free)) free = next.get(free)!
    for (let at = second; at !== free; ) {
      const after = next.get(at)!
      next.set(at, free)
      at = after
    }
    return free
  }
  const forget = (before: number) => {
    for (const map of [taken, next])
      for (const second of map.keys()) if (second < before) map.delete(second)
  }
  let swept = 0
  return {
    take(now, waitMs) {
      if (perSecond === undefined) return Math.min(waitMs, MAX_WAIT_MS)
      const nowSecond = Math.floor(now / 1000)
      if (nowSecond - swept > 60 || nowSecond < swept) {
        forget(nowSecond)
        swept = nowSecond
      }
      const wanted = now + waitMs
      const wantedSecond = Math.floor(wanted / 1000)
      const second = freeFrom(wantedSecond)
      const count = (taken.get(second) ?? 0) + 1
      taken.set(second, count)
      if (count >= perSecond) next.set(second, second + 1)
      const at = second === wantedSecond ? wanted : second * 1000 + 999 * rng.uniform()
      return Math.min(Math.round(at - now), MAX_WAIT_MS)
    },
  }
}

/**
 * How long a device waits that found no place: as long again as the round has run, so that a round of
 * seven days is not asked for every second; until its deadline at most.
 */
export const waitForRound = (round: Round | null, pace: Pace, now: number): number => {
  if (round?.phase !== 'collecting') return pace.soonMs
  const ran = now - (round.startedAt ?? round.openedAt)
  const most = Math.max(pace.soonMs, Math.min(pace.laterMs, round.deadlineAt - now))
  return Math.min(most, Math.max(pace.soonMs, ran))
}

/** Spread by half around it, so that devices that were answered together do not come together. */
export const spread = (waitMs: number, rng: Rng): number =>
  Math.round(waitMs * (0.5 + rng.uniform()))
