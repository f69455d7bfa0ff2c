/** Failures and restarts; the rest of the loop is lived through in test/eval/day. */
import { expect, test } from 'vitest'
import { FedError } from '../../../adapters/errors.ts'
import { seededRng } from '../../../adapters/random.ts'
import { NO_OVERRIDES } from '../../../device/agent/conditions.ts'
import { NO_READINGS } from '../../../device/agent/conditions-status.ts'
import { addSample, beginEnergy } from '../../../device/agent/energy.ts'
import { energyEntries } from '../../../device/agent/energy-status.ts'
import { runAgent } from '../../../device/agent/scheduler-loop.ts'
import type { AgentDeps, AgentEvent } from '../../../device/agent/work.ts'
import { AgentSettings } from '../../../device/home/settings.ts'
import { type OwnStore, openStore } from '../../../device/store/store.ts'

const MINUTE = 60_000
const free = { ...NO_READINGS, charging: true, idleSeconds: 3600 }

/** Runs for so many simulated minutes; sleeping passes the time. */
const live = async (
  store: OwnStore,
  minutes: number,
  given: Partial<AgentDeps> = {},
  startMs = 1_000_000_000,
) => {
  let now = 0
  const abort = new AbortController()
  const events: (AgentEvent & { minute: number })[] = []
  const sample = () => ({
    at: now,
    own: now / 1000,
    busy: null,
    packages: null,
    batteryWatts: null,
  })
  const sleep = async (ms: number, signal?: AbortSignal) => {
    await new Promise((resolve) => setImmediate(resolve))
    if (signal?.aborted) throw signal.reason
    now += ms
    if (now >= minutes * MINUTE) abort.abort()
  }
  await runAgent({
    device: {
      train: () => Promise.reject(new Error('not expected')),
      participate: async () => ({
        rounds: [],
        ended: 'no_job',
        retryAfterMs: 30 * MINUTE,
        head: null,
        traffic: { up: 0, down: 0, requests: 0 },
      }),
    },
    store,
    settings: AgentSettings.parse({}),
    overrides: NO_OVERRIDES,
    isEnrolled: true,
    read: async () => free,
    meter: {
      begin: async () => beginEnergy(sample()),
      add: async (energy) => addSample(energy, sample(), 6),
    },
    suspend: () => {},
    endsWith: () => {},
    upkeep: () => {},
    clock: () => startMs + now,
    monotonicMs: () => now,
    calendar: { minutes: () => 600, startOfDay: () => 0 },
    sleep,
    rng: seededRng('loop'),
    emit: (event) => void events.push({ ...event, minute: now / MINUTE }),
    signal: abort.signal,
    ...given,
  })
  return events
}
const consented = () => {
  const store = openStore(':memory:')
  store.set('consent', {
    purpose: 'personalization',
    contributions: ['prior'],
    grantedAt: 1,
    expiresAt: null,
  })
  return store
}
const starts = (events: readonly AgentEvent[]) => events.filter(({ event }) => event === 'started')

test('a failed tick is reported, and the next one is a minute later', async () => {
  let looks = 0
  const events = await live(openStore(':memory:'), 5, {
    read: async () => {
      looks++
      throw new Error('no bus')
    },
  })
  expect(events.filter(({ event }) => event === 'failed')).toHaveLength(looks)
  expect(looks).toBe(5)
})

test('a restart keeps the retry window of the server, and a clock that was set back ends it', async () => {
  const store = consented()
  expect(starts(await live(store, 5))).toHaveLength(1)
  expect(starts(await live(store, 5, {}, 1_000_000_000 + 5 * MINUTE))).toHaveLength(0)
  expect(starts(await live(store, 5, {}, 1_000_000_000 + 40 * MINUTE))).toHaveLength(1)
  expect(starts(await live(store, 5, {}, 1_000_000))).toHaveLength(1)
})

test('without consent, or after it has expired, it does not check in', async () => {
  expect(starts(await live(openStore(':memory:'), 5))).toHaveLength(0)
  const store = consented()
  store.set('consent', { ...store.consent()!, expiresAt: 5000 })
  expect(starts(await live(store, 5))).toHaveLength(0)
})

test('a round that ended with the consent has not failed', async () => {
  const store = consented()
  const events = await live(store, 5, {
    device: {
      train: () => Promise.reject(new Error('not expected')),
      participate: async () => {
        store.set('consent', null)
        throw new FedError('E_CONSENT', 'over')
      },
    },
  })
  expect(events.filter((e) => e.event === 'ended')).toMatchObject([
    { outcome: 'stopped', code: null },
  ])
})

test('what a running piece of work takes is kept every half minute, so that a kill loses no more', async () => {
  const store = consented()
  const kept: number[] = []
  await live(store, 2, {
    device: {
      train: () => Promise.reject(new Error('not expected')),
      participate: ({ signal }) =>
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    },
    read: async () => {
      kept.push(energyEntries(store)[0]?.joules ?? 0)
      return free
    },
  })
  expect([...new Set(kept)]).toEqual([0, 180, 360, 540])
  expect(store.get('lastTraining')).toBeUndefined()
})

test('an ended agent leaves no tick behind', async () => {
  const store = openStore(':memory:')
  await live(store, 2)
  expect(store.live.look).toBeNull()
})
