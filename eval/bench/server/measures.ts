/** What is measured of one server: each measure is a run that gives its figures. */

import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { inTurn } from '../../population/fleet.ts'
import { checkInBytes, type SimDevice } from './device.ts'
import type { Outgoing, Sender } from './http.ts'
import { benchJob, jobEnd } from './job.ts'
import { type BenchServer, type Checkout, type Probe, startBenchServer } from './program.ts'
import { CONNECTIONS, openRound, openScene, type Scene, sendAll } from './scene.ts'

/** Longest time for a round of a benchmark to be aggregated. */
const AGGREGATED_MS = 600_000

/** requests a second, and how the server fared. Times in milliseconds. */
export type Rate = {
  readonly perSecond: number
  readonly cpuMsEach: number
  readonly p95Ms: number
}

/** Signed check-ins of devices for which there is no place now. */
export const checkInRate = async (scene: Scene, count: number): Promise<Rate> => {
  const { server, devices } = scene
  const body = checkInBytes(benchJob('none', 1, { size: 1, goal: 1 }))
  const requests = Array.from({ length: count }, (_, i) =>
    devices[i % devices.length]!.sign(server.port, 'POST', '/v1/checkin', body),
  )
  return rateOf(scene, requests, 200)
}

const rateOf = async (
  scene: Scene,
  requests: readonly Outgoing[],
  expected: number,
): Promise<Rate> => {
  await scene.server.probe()
  const began = performance.now()
  const latencies = await sendAll(scene, requests, CONNECTIONS, expected)
  const ms = performance.now() - began
  const { cpuMs } = await scene.server.probe()
  return {
    perSecond: (1000 * requests.length) / ms,
    cpuMsEach: cpuMs / requests.length,
    p95Ms: quantile(latencies, 0.95),
  }
}

export type RoundRun = {
  readonly uploads: Rate
  readonly aggregating: Probe
  readonly aggregateMs: number
}

/** A round of `count` updates: how fast they are taken, and the event loop until its release. */
export const roundRun = async (
  scene: Scene,
  count: number,
  updateKb: number,
  name: string,
): Promise<RoundRun> => {
  const { job, uploads } = await openRound(scene, count, name, updateKb)
  const rate = await rateOf(scene, uploads, 202)
  const began = performance.now()
  await completed(scene, job.id)
  const aggregateMs = performance.now() - began
  return { uploads: rate, aggregating: await scene.server.probe(), aggregateMs }
}

const completed = async ({ operator }: Scene, id: string): Promise<void> => {
  const ended = await jobEnd(operator, id, AGGREGATED_MS)
  if (ended.state !== 'completed') throw new Error(`the job is ${ended.state}: ${ended.reason}`)
}

/**
 * Peak of a new server's memory while `count` uploads of `updateKb` arrive at once, each on a
 * connection of its own and piece by piece. One that is told to come back comes back: all are taken in the end.
 */
export const burstPeak = async (
  checkout: Checkout,
  folder: string,
  count: number,
  updateKb: number,
): Promise<{ peak: number | null; turnedAway: number }> => {
  const data = join(folder, 'burst')
  const scene = await openScene({ checkout, data }, count, count)
  try {
    const { job, uploads } = await openRound(scene, count, 'burst', updateKb)
    const { server, sender } = scene
    server.resetPeak()
    let turnedAway = 0
    await inTurn(uploads, count, async (request) => {
      turnedAway += await sendUntilTaken(sender, server, request)
    })
    const peak = server.peakBytes()
    await completed(scene, job.id)
    return { peak, turnedAway }
  } finally {
    await scene.close()
    await rm(data, { recursive: true, force: true })
  }
}

/** So that 200 updates of 1.4 MB arrive side by side, over about five seconds, as over 2 Mbit/s. */
const BURST_PACE = { bytes: 65_536, everyMs: 250 }

/** A busy server refuses before it has checked a signature, so the same request may come again. */
const sendUntilTaken = async (
  sender: Sender,
  { port }: BenchServer,
  request: Outgoing,
): Promise<number> => {
  for (let refused = 0; ; refused++) {
    const { status, retryAfterMs, bytes } = await sender.send(port, request, BURST_PACE)
    if (status === 202) return refused
    if (status !== 429 && status !== 503) throw new Error(`got ${status}: ${bytes}`.slice(0, 400))
    await new Promise((resolve) => setTimeout(resolve, Math.max(50, retryAfterMs)))
  }
}

/** Seconds from SIGKILL, with updates in the open round, to the first check-in that is answered. */
export const recoverySeconds = async (
  checkout: Checkout,
  folder: string,
  updates: number,
  updateKb: number,
): Promise<number> => {
  const data = join(folder, 'recovery')
  const scene = await openScene({ checkout, data }, updates + 1)
  try {
    const { uploads } = await openRound(scene, updates, 'recovery', updateKb)
    await sendAll(scene, uploads.slice(1), CONNECTIONS, 202)
    const began = performance.now()
    await scene.server.kill()
    const { port } = scene.server
    const again = await startBenchServer({ checkout, data, port })
    await sendAll({ ...scene, server: again }, [checkInOf(scene.devices.at(-1)!, port)], 1, 200)
    const seconds = (performance.now() - began) / 1000
    await again.kill()
    return seconds
  } finally {
    await scene.close()
    await rm(data, { recursive: true, force: true })
  }
}

const checkInOf = (device: SimDevice, port: number): Outgoing =>
  device.sign(port, 'POST', '/v1/checkin', checkInBytes(benchJob('none', 1, { size: 1, goal: 1 })))

/** 0 of nothing. */
export const quantile = (values: readonly number[], q: number): number => {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0
}
