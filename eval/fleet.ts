/** Many devices in one process, running the agent's own code over HTTP. They share the base model and its pooled states. */
import { seededRng } from '../adapters/random.ts'
import type { ChoiceLine } from '../adapters/wire/choice-log.ts'
import { newKeyPair } from '../adapters/wire/signature.ts'
import type { AnswerMemo } from '../device/agent/choice-features.ts'
import { openDevice } from '../device/agent/device.ts'
import { openStore } from '../device/agent/store.ts'
import type { Transport } from '../device/agent/transport.ts'
import type { Device, ParticipateReport } from '../device/agent/types.ts'
import type { LocalModel } from '../device/engine/model/open.ts'
import type { Engine } from '../device/engine/run/types.ts'

export type FleetOptions = {
  /** One device a user; test lines are never imported. */
  readonly logs: readonly (readonly ChoiceLine[])[]
  readonly tokens: readonly string[]
  readonly serverUrl: string
  readonly model: LocalModel
  /** Shared, with pooled states remembered (shared-engine.ts); closing a device leaves it open. */
  readonly engine: Engine
  readonly memo: AnswerMemo
  readonly seed: number
  readonly transport?: Transport
}

export type Fleet = {
  readonly size: number
  /** Each of the first `count` devices contributes to `rounds` rounds. onDone: after each contribution, how many so far. */
  participate(
    rounds: number,
    count: number,
    onDone: (done: number, of: number) => void,
    signal?: AbortSignal,
  ): Promise<ParticipateReport[]>
  traffic(): { readonly up: number; readonly down: number }
  close(): Promise<void>
}

/** Devices at work at a time: enough to keep the server busy while this process computes. */
const AT_ONCE = 4

export const openFleet = async (options: FleetOptions): Promise<Fleet> => {
  const { logs, tokens, serverUrl, model, engine, memo, seed, transport = fetch } = options
  const traffic = new Map<Device, { up: number; down: number }>()
  const devices: Device[] = []
  for (const [i, log] of logs.entries()) {
    const device = openDevice({
      store: openStore(':memory:'),
      key: newKeyPair(),
      model,
      engine,
      serverUrl,
      transport,
      memo,
      keepStates: false,
      rng: seededRng(`fleet/${seed}/${i}`),
    })
    device.importChoices(log)
    await device.enroll(tokens[i]!)
    device.grantConsent(['adapter', 'prior', 'statistics'])
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
