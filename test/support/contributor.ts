/**
 * A device without a model: it takes part in two rounds as `loreweave participate` does, and keeps
 * what it must in its file.
 */

import { createHash } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { cryptoRng } from '../../adapters/random.ts'
import { keyPairOf } from '../../adapters/wire/signature.ts'
import { openBackoff } from '../../device/federation/backoff.ts'
import { type Federation, federationClient } from '../../device/federation/client.ts'
import { type ParticipateDeps, participate } from '../../device/federation/participate.ts'
import { grantConsent } from '../../device/store/consent.ts'
import { type DeviceStore, openStore } from '../../device/store/store.ts'
import { updateBytes } from '../../eval/bench/server/device.ts'
import { DIE_AT, dieAt, plainName, type Reached, watched, watchedCommits } from './dying.ts'
import { roundJob } from './round-job.ts'

export type Contributor = {
  readonly file: string
  readonly serverUrl: string
  readonly number: number
  /** For enrolment. */
  readonly token: string
}

/** Until both updates are accepted; the server may be away for a while. */
export const contributeTwice = async (contributor: Contributor): Promise<void> => {
  const reached = dieAt(process.env[DIE_AT])
  const opened = openStore(contributor.file)
  const durably = watchedCommits(opened.durably, reached, plainName)
  const store: DeviceStore = { ...opened, durably }
  const done = () => store.uploads().filter(({ state }) => state === 'accepted').length
  while (done() < 2) {
    await takePart(store, contributor, reached).catch(() => {})
    await sleep(30)
  }
  await store.close()
}

const sleep = async (ms: number) => void (await setTimeout(Math.min(ms, 100)))

const takePart = async (
  store: DeviceStore,
  { serverUrl, number, token }: Contributor,
  reached: Reached,
): Promise<void> => {
  const client = federationClient({
    serverUrl,
    transport: (request) => fetch(request),
    key: keyPairOf(createHash('sha256').update(`device/${number}`).digest()),
    clock: Date.now,
    rng: cryptoRng(),
    sleep,
    log: () => {},
  })
  const federation = watched(client, reached, plainName)
  if (!store.consent()) {
    await federation.enroll(token)
    await grantConsent(store, ['adapter'], Date.now(), null, 1)
  }
  await participate(depsOf(store, federation, number, reached), { rounds: 1, follow: false })
}

const depsOf = (
  store: DeviceStore,
  federation: Federation,
  number: number,
  reached: Reached,
): ParticipateDeps => ({
  store,
  federation,
  base: roundJob().base,
  space: roundJob().features,
  clock: Date.now,
  sleep,
  lately: openBackoff(() => performance.now()),
  turnedDown: new Set(),
  servedRelease: () => null,
  assigned: (assignment) => void (assignment && reached('assigned')),
  expectedMs: () => 0,
  ready: async () => {},
  facts: async () => ({}),
  asked: { names: new Set(), unknown: new Set() },
  run: async (assignment) => ({
    bytes: updateBytes(assignment, number),
    contributions: ['adapter'],
    pairs: 8,
    losses: [],
    problem: null,
  }),
})
