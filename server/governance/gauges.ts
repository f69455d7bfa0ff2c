/**
 * What the store says now, as gauges: every replica says the same, and a restart changes nothing.
 * Written each time that Prometheus asks.
 */
import { HOUR_MS } from '../../adapters/time.ts'
import { NORM_SHARES } from '../../adapters/wire/norm-shares.ts'
import { meanDifference } from '../releases/rollout.ts'
import type { Lineage, Release } from '../store/records.ts'
import type { Tables } from '../store/store.ts'
import type { Metrics } from '../telemetry/metrics.ts'

export const writeGauges = async (metrics: Metrics, store: Tables, now: number): Promise<void> => {
  const { enrolled, seen } = await store.countDevices(now - 24 * HOUR_MS)
  metrics.devices.set({ state: 'enrolled' }, enrolled)
  metrics.devices.set({ state: 'seen_last_day' }, seen)
  metrics.devices.set({ state: 'seen_last_hour' }, (await store.countDevices(now - HOUR_MS)).seen)
  await writeRounds(metrics, store)
  let lastRelease = 0
  for (const lineage of await store.lineages()) {
    const head = await store.release(lineage.head)
    if (!head) continue
    writeRelease(metrics, lineage, head)
    lastRelease = Math.max(lastRelease, head.summary.createdAt)
  }
  metrics.lastRelease.set(lastRelease / 1000)
}

const writeRounds = async (metrics: Metrics, store: Tables): Promise<void> => {
  const running = await store.alive()
  const open = running.flatMap(({ round }) => round ?? [])
  const sum = (of: 'assigned' | 'received') =>
    open
      .filter(({ phase }) => phase === 'collecting')
      .reduce((total, round) => total + round[of], 0)
  metrics.runningJobs.set(running.length)
  for (const phase of ['collecting', 'aggregating'] as const)
    metrics.openRounds.set({ phase }, open.filter((round) => round.phase === phase).length)
  metrics.assigned.set(sum('assigned'))
  metrics.received.set(sum('received'))
}

const writeRelease = (metrics: Metrics, { id }: Lineage, { summary, judgement }: Release): void => {
  const lineage = id.slice(0, 12)
  const { version, cohort } = summary
  metrics.version.set({ lineage }, version)
  metrics.cohort.set({ lineage }, cohort)
  const difference = judgement && meanDifference(judgement)
  if (difference) metrics.judged.set({ lineage }, difference.mean)
  const of = summary.metrics
  if (!of) return
  metrics.adapterNorm.set({ lineage }, of.adapterNorm)
  metrics.drift.set({ lineage, part: 'adapter' }, of.adapterChange)
  if (of.priorChange !== null) metrics.drift.set({ lineage, part: 'prior' }, of.priorChange)
  let updates = 0
  for (const [i, share] of NORM_SHARES.entries()) {
    updates += of.updateNorms[i] ?? 0
    metrics.updateNorms.set({ lineage, le: String(share) }, updates)
  }
}
