import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { FedError } from '../../../adapters/errors.ts'
import { seededRng } from '../../../adapters/random.ts'
import type { ConsentRecord } from '../../../adapters/wire/federation.ts'
import { newKeyPair } from '../../../adapters/wire/signature.ts'
import type { LocalModel } from '../../../device/engine/model/open.ts'
import { federationClient } from '../../../device/federation/client.ts'
import { whileAllowed } from '../../../device/federation/while-allowed.ts'
import {
  CONTACT,
  consentRefusal,
  grantConsent,
  withdrawConsent,
} from '../../../device/store/consent.ts'
import { type OwnStore, openStore } from '../../../device/store/store.ts'
import { tinyModel } from '../device-fixture.ts'
import { consentRig, POINTS, type Rig } from './consent-rig.ts'

let model: LocalModel
beforeAll(async () => {
  model = await tinyModel()
})
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
})
afterEach(() => {
  vi.useRealTimers()
})

const record = (changes: Partial<ConsentRecord> = {}): ConsentRecord => ({
  purpose: 'personalization',
  contributions: ['prior', 'statistics'],
  leastCohort: 1,
  grantedAt: 0,
  expiresAt: 100,
  ...changes,
})
const prior = { contributions: ['prior'], purpose: 'personalization' } as const

test.each([
  ['none', null, prior, 50, 'no consent'],
  ['one to nothing', record({ contributions: [] }), CONTACT, 50, 'no consent'],
  ['one that is over', record(), prior, 100, 'ended 1970-01-01T00:00:00.100Z'],
  ['one for another purpose', record(), { ...prior, purpose: 'research' }, 50, 'research'],
  ['one to less', record(), { ...prior, contributions: ['adapter', 'prior'] }, 50, 'adapter'],
] as const)('%s refuses with E_CONSENT', (_name, consent, intended, now, message) => {
  expect(consentRefusal(consent, intended, now)).toMatchObject({
    code: 'E_CONSENT',
    message: expect.stringContaining(message),
  })
})

test('a consent covers what it names until it ends', () => {
  expect(consentRefusal(record(), prior, 99)).toBeNull()
  expect(consentRefusal(record(), CONTACT, 99)).toBeNull()
  expect(consentRefusal(record({ expiresAt: null }), prior, 1e15)).toBeNull()
})

/** How a consent ends or shrinks. */
const ENDS: Record<string, (rig: Rig) => void> = {
  withdrawn: ({ store }) => void withdrawConsent(store),
  // Nobody in this process is told.
  'withdrawn by another process': ({ store }) => store.set('consent', null),
  narrowed: ({ store, now }) => void grantConsent(store, ['statistics'], now(), null, 1),
  expired: (rig) => rig.expire(),
}
/** A device with a narrower consent may still ask what there is for it. */
const isSilent = (how: string) => how !== 'narrowed'

describe.each(Object.keys(ENDS))('a consent that is %s', (how) => {
  test.each(POINTS)('%s: not one byte of the round leaves afterwards', async (point) => {
    const rig = await consentRig(model, { point, happens: (it) => ENDS[how]!(it) })
    const ended = await rig.participate().catch((error: FedError) => error.code)
    // What has arrived whole is taken: nothing is left to refuse.
    if (isSilent(how) && point !== 'the update is taken') expect(ended).toBe('E_CONSENT')
    await rig.participate().catch(() => undefined)
    expect(rig.hasHappened()).toBe(true)
    expect(rig.after().filter((e) => e.of !== 'checkin')).toEqual([])
    if (isSilent(how)) expect(rig.after()).toEqual([])
  })

  test('an update that waited is never sent, not even under a new consent', async () => {
    const rig = await consentRig(model)
    rig.fail('update')
    await expect(rig.participate()).rejects.toMatchObject({ code: 'E_UNAVAILABLE' })
    expect(rig.store.pendingUploads()).toHaveLength(1)
    rig.heal()
    rig.mark()
    ENDS[how]!(rig)
    await rig.participate().catch(() => undefined)
    if (isSilent(how)) expect(rig.after()).toEqual([])
    await rig.device.grantConsent(['adapter', 'prior', 'statistics'], null, 1)
    await rig.participate().catch(() => undefined)
    expect(rig.after().filter((e) => e.of === 'update')).toEqual([])
    expect(rig.store.pendingUploads()).toEqual([])
    expect(rig.store.uploads()).toMatchObject([{ state: 'refused', reason: 'E_CONSENT' }])
  })
})

test('an update that is sent again is cut off where it is when the consent is withdrawn', async () => {
  const rig = await consentRig(model, {
    point: 'half of the update has left',
    happens: ({ store }) => void withdrawConsent(store),
    isLater: true,
  })
  rig.fail('update')
  await expect(rig.participate()).rejects.toMatchObject({ code: 'E_UNAVAILABLE' })
  rig.heal()
  rig.arm()
  await expect(rig.participate()).rejects.toMatchObject({ code: 'E_CONSENT' })
  expect(rig.hasHappened()).toBe(true)
  expect(rig.after()).toEqual([])
  expect(rig.store.uploads()).toMatchObject([
    { state: 'refused', reason: 'E_CONSENT', isSent: true },
  ])
})

test('a new release is not fetched once the consent is withdrawn', async () => {
  const rig = await consentRig(model, {
    point: 'while the check-in is answered',
    happens: ({ store }) => void withdrawConsent(store),
    isLater: true,
  })
  await rig.participate()
  await rig.server.settle()
  rig.arm()
  await expect(rig.participate(true)).rejects.toMatchObject({ code: 'E_CONSENT' })
  expect(rig.after()).toEqual([])
})

test('what runs is stopped at once: a training that takes hours ends with the consent', async () => {
  let wasStopped = false
  const rig: Rig = await consentRig(model, {
    train: (_request, _onProgress, signal) => {
      queueMicrotask(() => withdrawConsent(rig.store))
      return new Promise((_, reject) => {
        signal?.addEventListener('abort', () => {
          wasStopped = true
          reject(signal.reason)
        })
      })
    },
  })
  await expect(rig.participate()).rejects.toMatchObject({ code: 'E_CONSENT' })
  expect(wasStopped).toBe(true)
})

const kept = (store: OwnStore, roundId: string, intended = {}) =>
  store.savePending({
    roundId,
    jobId: 'j',
    uploadToken: 't',
    digest: 'd',
    bytes: new Uint8Array(3),
    at: 1,
    ...intended,
  })

test('a narrower consent drops the updates that hold more, and those of which nobody knows what they hold', async () => {
  const store = openStore(':memory:')
  await grantConsent(store, ['adapter', 'prior', 'statistics'], 1, null, 1)
  kept(store, 'sums', { contributions: ['statistics'], purpose: 'personalization' })
  kept(store, 'all', { contributions: ['adapter', 'statistics'], purpose: 'personalization' })
  kept(store, 'old')
  await grantConsent(store, ['statistics'], 2, null, 1)
  expect(store.pendingUploads().map((u) => u.roundId)).toEqual(['sums'])
  await store.close()
})

test('a consent that is given again after it ended sends nothing that was made under the last', async () => {
  const store = openStore(':memory:')
  await grantConsent(store, ['statistics'], 1, 10, 1)
  kept(store, 'r', { contributions: ['statistics'], purpose: 'personalization' })
  await grantConsent(store, ['statistics'], 5, 20, 1)
  expect(store.pendingUploads()).toHaveLength(1)
  await grantConsent(store, ['statistics'], 25, 40, 1)
  expect(store.pendingUploads()).toEqual([])
  await store.close()
})

test('withdrawing tells what never left, and what may have arrived', async () => {
  const store = openStore(':memory:')
  kept(store, 'a')
  kept(store, 'b')
  store.markSent('b')
  expect(await withdrawConsent(store)).toEqual({ unsent: 1, sent: 1 })
  await store.close()
})

test('over a real connection the bytes stop where the consent ended, and no attempt follows', async () => {
  vi.useRealTimers()
  const store = openStore(':memory:')
  await grantConsent(store, ['statistics'], Date.now(), null, 1)
  let [arrived, requests] = [0, 0]
  const server = createServer((request) => {
    requests++
    request.on('data', (chunk: Buffer) => {
      if (arrived === 0) void withdrawConsent(store)
      arrived += chunk.length
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const client = federationClient({
    serverUrl: `http://127.0.0.1:${port}`,
    transport: fetch,
    key: newKeyPair(),
    clock: Date.now,
    rng: seededRng(1),
    sleep: async () => {},
    log: () => {},
  })
  const bytes = new Uint8Array(48 * 2 ** 20)
  const upload = { roundId: 'r', jobId: 'j', uploadToken: 't'.repeat(16), digest: 'd', at: 1 }
  const intended = { contributions: ['statistics'], purpose: 'personalization' } as const
  const refusal = () => consentRefusal(store.consent(), intended, Date.now())
  await expect(
    whileAllowed(store.live, refusal, undefined, (departure) =>
      client.upload({ ...upload, bytes }, departure),
    ),
  ).rejects.toMatchObject({ code: 'E_CONSENT' })
  await new Promise<void>((resolve) => server.close(() => resolve()))
  expect(requests).toBe(1)
  // What the system had taken by then is on its way: some megabytes, as its buffers are large.
  expect(arrived).toBeLessThan(bytes.length / 2)
})
