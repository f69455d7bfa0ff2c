/**
 * A device without a model: it takes part in two rounds as `loreweave participate` does, and keeps
 * what it must in its file.
 */

import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { type MaskedPlan, maskPlanDigest, ringOf } from '../../adapters/contributions/masked.ts'
import { decodeUpdate } from '../../adapters/contributions/messages.ts'
import { nativeCiphers } from '../../adapters/node/ciphers.ts'
import { cryptoRng, seededRng } from '../../adapters/random.ts'
import type { Assignment } from '../../adapters/wire/federation.ts'
import { keyPairOf } from '../../adapters/wire/signature.ts'
import { openBackoff } from '../../device/federation/backoff.ts'
import { type Federation, federationClient } from '../../device/federation/client.ts'
import { type ParticipateDeps, participate } from '../../device/federation/participate.ts'
import { grantConsent } from '../../device/store/consent.ts'
import { type DeviceStore, openStore } from '../../device/store/store.ts'
import { updateBytes } from '../../eval/bench/server/device.ts'
import { DIE_AT, deviceCall, dieAt, type Reached, watched, watchedCommits } from './dying.ts'
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
  const durably = watchedCommits(opened.durably, reached, deviceCall)
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
  { file, serverUrl, number, token }: Contributor,
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
  const federation = watched(client, reached, deviceCall)
  if (!store.consent()) {
    await federation.enroll(token)
    await grantConsent(store, ['adapter'], Date.now(), null, 1)
  }
  await participate(depsOf(store, federation, { file, number }, reached), {
    rounds: 1,
    follow: false,
  })
}

const depsOf = (
  store: DeviceStore,
  federation: Federation,
  { file, number }: Pick<Contributor, 'file' | 'number'>,
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
  leastSurvivors: 2,
  rounding: roundingOf(number),
  assigned: (assignment) => {
    if (!assignment) return
    writeFileSync(assignmentFile(file, assignment.roundId), JSON.stringify(assignment))
    reached('assigned')
  },
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

/** Where a device notes what it was assigned. */
export const assignmentFile = (file: string, roundId: string): string => `${file}.${roundId}.json`

const roundingOf = (number: number) => seededRng(`rounding of ${number}`)

/** What a device of this number quantizes in a masked round. */
export const plainRing = (assignment: Assignment, number: number): Uint32Array => {
  const plan: MaskedPlan = {
    ...assignment,
    masking: assignment.masking!,
    planDigest: maskPlanDigest(assignment),
  }
  const update = decodeUpdate(updateBytes(assignment, number))
  return ringOf(update, plan, { ciphers: nativeCiphers, rng: roundingOf(number) })
}
