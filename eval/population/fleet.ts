/** Many devices in one process: the agent's code over HTTP, one base model, shared states. */

import { createHash } from 'node:crypto'
import { isFedError } from '../../adapters/errors.ts'
import type { ChoiceLine } from '../../adapters/formats/choice-log.ts'
import { seededRng } from '../../adapters/random.ts'
import { type KeyPair, keyPairOf, newKeyPair } from '../../adapters/wire/signature.ts'
import type { Engine } from '../../device/engine/engine.ts'
import type { LocalModel } from '../../device/engine/model/open.ts'
import type { runRound } from '../../device/federation/compute-round.ts'
import type { ParticipateReport } from '../../device/federation/participate.ts'
import type { Transport } from '../../device/federation/signed-transport.ts'
import { type Device, openDevice } from '../../device/owner/device.ts'
import type { AnswerMemo } from '../../device/reward/choice-features.ts'
import { openStore } from '../../device/store/store.ts'

export type FleetOptions = {
  /** One device a user; test lines are never imported. */
  readonly logs: readonly (readonly ChoiceLine[])[]
  /** null: this device is enrolled already, under its key of `keys`. */
  readonly tokens: readonly (string | null)[]
  /** Default: new ones. */
  readonly keys?: readonly KeyPair[]
  readonly serverUrl: string
  readonly model: LocalModel
  /** Shared, with pooled states remembered (shared-engine.ts); closing a device leaves it open. */
  readonly engine: Engine
  readonly memo: AnswerMemo
  readonly seed: number
  readonly transport?: Transport
  readonly clock?: () => number
  /** How a device, by its number, computes a round; default: by itself. */
  readonly runRound?: (
    device: number,
    ...args: Parameters<typeof runRound>
  ) => ReturnType<typeof runRound>
}

export type Fleet = {
  readonly size: number
  /** Each of the first `count` devices contributes `rounds` times. onDone: how many so far. */
  participate(
    rounds: number,
    count: number,
    onDone: (done: number, of: number) => void,
    signal?: AbortSignal,
  ): Promise<ParticipateReport[]>
  /**
   * These devices contribute to the round that is open, so many at a time. onDone: after each, its
   * report and the bytes of this contribution; null where the device has nothing to send or its
   * training failed.
   */
  contribute(
    which: readonly number[],
    atOnce: number,
    onDone: (
      device: number,
      done: { report: ParticipateReport; up: number; down: number } | null,
    ) => void,
    signal?: AbortSignal,
  ): Promise<void>
  traffic(): { readonly up: number; readonly down: number }
  close(): Promise<void>
}

/** What a round can do without a device for. */
const HAS_NOTHING: ReadonlySet<string> = new Set(['E_DATA', 'E_DIVERGED', 'E_MEMORY'])

/** From a seed: a resumed simulation meets its devices again. Never for a real device. */
export const seededKeyPair = (seed: string): KeyPair =>
  keyPairOf(createHash('sha256').update(seed).digest())

/** Devices at work at a time: enough to keep the server busy while this process computes. */
const AT_ONCE = 4

export const openFleet = async (options: FleetOptions): Promise<Fleet> => {
  const { logs, tokens, serverUrl, model, engine, memo, seed, transport = fetch, clock } = options
  const traffic = new Map<Device, { up: number; down: number }>()
  const devices: Device[] = []
  for (const [i, log] of logs.entries()) {
    const device = openDevice({
      store: openStore(':memory:'),
      key: options.keys?.[i] ?? newKeyPair(),
      model,
      engine,
      serverUrl,
      transport,
      memo,
      keepStates: false,
      rng: seededRng(`fleet/${seed}/${i}`),
      runRound: options.runRound && ((...args) => options.runRound!(i, ...args)),
      ...(clock && { clock }),
    })
    await device.importChoices(log)
    const token = tokens[i]
    if (token) await device.enroll(token)
    await device.grantConsent(['adapter', 'prior', 'statistics'], null, 1)
    devices.push(device)
  }

  return {
    size: devices.length,
    async participate(rounds, count, onDone, signal) {
      const reports: ParticipateReport[] = []
      const of = rounds * count
      let done = 0
      // Round by round: a device that waited for the next one would keep its place from the others.
      for (let round = 0; round < rounds; round++) {
        await inTurn(devices.slice(0, count), AT_ONCE, async (device) => {
          const report = await device.participate({
            rounds: 1,
            wait: true,
            follow: false,
            ...(signal && { signal }),
          })
          traffic.set(device, report.traffic)
          reports.push(report)
          onDone(++done, of)
        })
      }
      return reports
    },
    contribute: (which, atOnce, onDone, signal) =>
      inTurn(which, atOnce, async (i) => {
        const device = devices[i]!
        const last = traffic.get(device) ?? { up: 0, down: 0 }
        const report = await device
          .participate({ rounds: 1, follow: false, ...(signal && { signal }) })
          .catch((error: unknown) => {
            if (isFedError(error) && HAS_NOTHING.has(error.code)) return null
            throw error
          })
        if (!report) return onDone(i, null)
        const { up, down } = report.traffic
        traffic.set(device, report.traffic)
        onDone(i, { report, up: up - last.up, down: down - last.down })
      }),
    traffic: () => sumTraffic([...traffic.values()]),
    close: async () => void (await Promise.all(devices.map((d) => d.close()))),
  }
}

/** Bytes sent and received together. */
export const sumTraffic = (parts: readonly { readonly up: number; readonly down: number }[]) => ({
  up: parts.reduce((sum, t) => sum + t.up, 0),
  down: parts.reduce((sum, t) => sum + t.down, 0),
})

/** Runs work over all items, at most `atOnce` at a time; the first failure stops the rest. */
export const inTurn = async <T>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<void>,
): Promise<void> => {
  const left = [...items]
  const worker = async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item)
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker))
}
