/**
 * The time of the database, as a server reckons it between two looks: all servers on it have one clock,
 * however their own are set, so no deadline of a round is decided by one server's clock against another's.
 */
import type { Tables } from './store.ts'

export type SharedClock = {
  /** Milliseconds since 1970. Until the first look, this machine's. */
  readonly now: () => number
  look(): Promise<void>
}

/** localMs: a clock that nobody sets, so that a step of this machine's clock changes nothing. */
export const sharedClock = (
  store: Pick<Tables, 'time'>,
  localMs: () => number = () => performance.timeOrigin + performance.now(),
): SharedClock => {
  let offset = 0
  return {
    now: () => Math.round(localMs() + offset),
    async look() {
      const asked = localMs()
      const time = await store.time()
      offset = time - (asked + localMs()) / 2
    },
  }
}
