/**
 * Counts the people who use this device by the `metadata.user_id` of requests: a device learns one
 * set of preferences, so several people should know that theirs are mixed. Only keyed hashes are
 * stored, with when each was last seen.
 */

import { DAY_MS } from '../../adapters/time.ts'
import type { SeenPeople } from './states.ts'
import type { DeviceStore } from './store.ts'
import type { StoreReads, StoreTx } from './tables.ts'

export type People = {
  /** userId: as the app sent it. */
  notice(userId: string): void
}

/** People not seen for this long are not counted. */
export const WINDOW_DAYS = 30
const MAX_PEOPLE = 100
/** A second request of the same person within this time writes nothing. */
const EXACT_TO_MS = 3600 * 1000

/** clock: in milliseconds. */
export const openPeople = (store: DeviceStore, clock: () => number): People => {
  return {
    notice(userId) {
      const person = personOf(userId)
      if (person === '') return
      const now = clock()
      const name = store.hash(`person\n${person}`)
      const known = seenSince(store, now).find((one) => one.hash === name)
      if (known && Math.abs(now - known.at) < EXACT_TO_MS) return
      store.update('people', (seen) => {
        const others = within(seen, now).filter((one) => one.hash !== name)
        return [{ hash: name, at: now }, ...others].slice(0, MAX_PEOPLE)
      })
    },
  }
}

/** Those seen within the window; at most 100. */
export const countPeople = (store: StoreReads, now: number): number => seenSince(store, now).length

/** before: forgets those last seen then or earlier; default, all. */
export const forgetPeople = (store: StoreTx, before = Number.POSITIVE_INFINITY): void => {
  const seen = store.get('people') ?? []
  const kept = seen.filter(({ at }) => at > before)
  if (kept.length < seen.length) store.set('people', kept)
}

/** The problem and the remedy if there are several people. */
export const mixedText = (people: number): { readonly what: string; readonly mend: string } => ({
  what:
    `apps named ${people} users in ${WINDOW_DAYS} days: ` +
    `the preferences of ${people} people are mixed`,
  mend:
    'send `loreweave-mode: off` or `incognito` with the requests of all but one of them, ' +
    'or give each a device',
})

const seenSince = (store: Pick<StoreReads, 'get'>, now: number): SeenPeople =>
  within(store.get('people'), now)

/** A clock that was set back has seen nobody in its future. */
const within = (seen: SeenPeople = [], now: number): SeenPeople =>
  seen.filter(({ at }) => at > now - WINDOW_DAYS * DAY_MS && at < now + DAY_MS)

/**
 * The part of an id that stays the same. Claude Code's also names the session: as a JSON object, or
 * as `user_…_account_…_session_…` in older versions; without an account, the device stands for the
 * person.
 */
export const personOf = (userId: string): string => {
  const id = userId.trim()
  const [, device, account] = /^user_(.*?)_account_(.*?)_session_/s.exec(id) ?? []
  if (device !== undefined) return account || device
  const fields = objectOf(id)
  if (!fields) return id
  const named = STABLE.map((name) => fields[name]).find(
    (value) => typeof value === 'string' && value,
  )
  if (typeof named === 'string') return named
  const stable = Object.entries(fields).filter(
    ([name]) => !/session|conversation|thread/i.test(name),
  )
  return JSON.stringify(stable.sort(([a], [b]) => (a < b ? -1 : 1)))
}

const STABLE = ['account_uuid', 'account_id', 'user_id', 'device_id']

const objectOf = (text: string): Readonly<Record<string, unknown>> | null => {
  if (!text.startsWith('{')) return null
  try {
    return JSON.parse(text) as Record<string, unknown>
  } catch {
    return null
  }
}
