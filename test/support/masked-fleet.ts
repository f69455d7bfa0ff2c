/**
 * Devices of masked rounds that are the production code over a real port: check-in, keys, masks, upload.
 * What they send is drawn, not trained. One may be gone from a step on, as one that was killed.
 */
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { type MaskedPlan, maskPlanDigest, ringOf } from '../../adapters/contributions/masked.ts'
import { decodeUpdate } from '../../adapters/contributions/messages.ts'
import { FedError } from '../../adapters/errors.ts'
import { nativeCiphers } from '../../adapters/node/ciphers.ts'
import { cryptoRng, seededRng } from '../../adapters/random.ts'
import { readEnrolmentToken } from '../../adapters/wire/enrolment-token.ts'
import type { Assignment } from '../../adapters/wire/federation.ts'
import { type KeyPair, newKeyPair } from '../../adapters/wire/signature.ts'
import { openBackoff } from '../../device/federation/backoff.ts'
import { type Federation, federationClient } from '../../device/federation/client.ts'
import { type ParticipateDeps, participate } from '../../device/federation/participate.ts'
import { grantConsent } from '../../device/store/consent.ts'
import { openStore } from '../../device/store/store.ts'
import { openListener } from '../../server/commands/listener.ts'
import { silentLog } from '../../server/telemetry/log.ts'
import { tinyJob, updateFor } from './federation-fixture.ts'

/** What a device does, in its order; "gone in shares" is one that has joined and never shares. */
export const MASK_STEPS = ['keys', 'shares', 'vector', 'survivors', 'unmask'] as const
export type MaskStep = (typeof MASK_STEPS)[number]

/** By what the server asks. */
const STEP_OF = {
  roster: 'shares',
  shares: 'vector',
  survivors: 'survivors',
  unmask: 'unmask',
} as const

type Fetch = (request: Request) => Response | Promise<Response>

/** At a free port of this machine. */
export const listening = async (fetch: Fetch): Promise<{ url: string; server: Server }> => {
  const { server } = openListener(fetch, null, silentLog)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server }
}

export type FleetDevice = {
  readonly name: string
  readonly key: KeyPair
  /** Runs until the device has taken part, was refused, or is gone. */
  run(): Promise<void>
  /** What it told its user. */
  readonly notes: string[]
  assignment(): Assignment | null
  /** Its update as the device quantizes it. */
  plain(): Uint32Array
  /** Its update, as it is kept from the server. */
  update(): Uint8Array
}

type FleetOptions = {
  readonly serverUrl: string
  readonly token: string
  readonly name: string
  readonly clock: () => number
  readonly goneIn?: MaskStep | undefined
  readonly pollMs?: number
  readonly leastSurvivors?: number
}

export const fleetDevice = async (options: FleetOptions): Promise<FleetDevice> => {
  const { serverUrl, name, clock, goneIn, pollMs = 20, leastSurvivors = 2 } = options
  const store = openStore(':memory:')
  const key = newKeyPair()
  const stop = new AbortController()
  const notes: string[] = []
  const sleep = async (ms: number) => void (await wait(Math.min(ms, pollMs)))
  const client = federationClient({
    ...{ serverUrl, key, clock, sleep, rng: cryptoRng(), log: () => {} },
    transport: (request) => fetch(request),
  })
  await client.enroll(readEnrolmentToken(options.token).secret)
  await grantConsent(store, ['adapter', 'prior', 'statistics'], clock(), null, 1)
  let assignment: Assignment | null = null
  const die = (): never => {
    stop.abort()
    throw new FedError('E_CANCELLED', 'this device was killed')
  }
  const dying: Federation = {
    ...client,
    sayMasked: (...given) => (goneIn === 'keys' ? die() : client.sayMasked(...given)),
    async maskStatus(...given) {
      const status = await client.maskStatus(...given)
      const { request } = status
      return request && goneIn === STEP_OF[request.kind] ? die() : status
    },
  }
  const update = () => updateFor(assignment!, `update of ${name}`)
  const rounding = () => seededRng(`rounding of ${name}`)
  const { base, features } = tinyJob()
  const deps: ParticipateDeps = {
    ...{ store, base, space: features, clock, sleep, leastSurvivors, federation: dying },
    rounding: rounding(),
    lately: openBackoff(() => performance.now()),
    turnedDown: new Set(),
    servedRelease: () => null,
    assigned: (given) => {
      // One round, whatever becomes of it.
      if (assignment && given && given.roundId !== assignment.roundId) stop.abort()
      assignment ??= given
    },
    expectedMs: () => 0,
    ready: async () => {},
    facts: async () => ({}),
    asked: { names: new Set(), unknown: new Set() },
    run: async ({ contributions }) => ({
      ...{ bytes: update(), contributions, pairs: 8, losses: [], problem: null },
    }),
  }
  return {
    name,
    key,
    notes,
    update,
    assignment: () => assignment,
    async run() {
      const onProgress = ({ note }: { note?: string }) => void notes.push(note ?? '')
      const given = { rounds: 1, follow: false, signal: stop.signal, onProgress }
      await participate(deps, given).catch((error: unknown) => {
        if (!stop.signal.aborted) throw error
      })
      await store.close()
    },
    plain() {
      const plan: MaskedPlan = {
        ...assignment!,
        masking: assignment!.masking!,
        planDigest: maskPlanDigest(assignment!),
      }
      return ringOf(decodeUpdate(update()), plan, { ciphers: nativeCiphers, rng: rounding() })
    },
  }
}
