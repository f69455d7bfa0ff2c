/** Server processes on one store, of which one is killed from time to time. */
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { type BenchServer, type Probe, type StartOptions, startBenchServer } from './program.ts'

export type Replicas = {
  /** The next in turn, be it up or not: nothing stands between that knows. */
  next(): BenchServer
  /** Kills one after the other, each some time after the last is back. */
  startKilling(everyMs: number): void
  /** Kills one more; all are up once this resolves, and stay. */
  stopKilling(): Promise<void>
  /** Seconds from each SIGKILL to listening again. */
  recoveries(): readonly number[]
  /**
   * Of all processes since it was asked last; what a killed one did in its last moments is not in it.
   */
  probes(): Promise<readonly Probe[]>
  /** Largest memory of one process that is up; null where the system does not say. */
  peakBytes(): number | null
  close(): Promise<void>
}

/** data: a folder for each is made in it. */
export const openReplicas = async (
  count: number,
  { data, ...start }: Omit<StartOptions, 'port' | 'credential'>,
): Promise<Replicas> => {
  const folders = Array.from({ length: count }, (_, i) => join(data, `replica-${i}`))
  const first = await startBenchServer({ ...start, data: folders[0]! })
  const { credential } = first
  const servers = [first]
  for (const folder of folders.slice(1))
    servers.push(await startBenchServer({ ...start, data: folder, credential }))
  const recoveries: number[] = []
  let ofKilled: Probe[] = []
  let turn = 0
  const stopped = new AbortController()
  let killing: Promise<void> | undefined

  const killOne = async (i: number) => {
    const server = servers[i]!
    const last = await Promise.race([server.probe(), wait(PROBE_MS)])
    if (last) ofKilled.push(last)
    const began = performance.now()
    await server.kill()
    const { port } = server
    servers[i] = await startBenchServer({ ...start, data: folders[i]!, port, credential })
    recoveries.push((performance.now() - began) / 1000)
  }
  return {
    next: () => servers[turn++ % servers.length]!,
    startKilling(everyMs) {
      const loop = async () => {
        for (let i = 0; !stopped.signal.aborted; i = (i + 1) % count) {
          await wait(everyMs, stopped.signal)
          await killOne(i)
        }
      }
      killing = loop()
    },
    async stopKilling() {
      stopped.abort()
      await killing
    },
    recoveries: () => recoveries,
    async probes() {
      const probes = ofKilled
      ofKilled = []
      for (const server of servers) probes.push(await server.probe())
      return probes
    },
    peakBytes() {
      const peaks = servers.map((server) => server.peakBytes())
      return peaks.includes(null) ? null : Math.max(...peaks.map((peak) => peak ?? 0))
    },
    async close() {
      stopped.abort()
      await killing?.catch(() => {})
      for (const server of servers) await server.kill()
    },
  }
}

/** A busy process is not waited for longer before it is killed. */
const PROBE_MS = 300

const wait = (ms: number, signal?: AbortSignal): Promise<undefined> =>
  setTimeout(ms, undefined, { signal }).catch(() => undefined)
