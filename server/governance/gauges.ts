/**
 * What the store says now, as gauges: every replica says the same, and a restart changes nothing.
 * Written each time that Prometheus asks.
 */
import { HOUR_MS } from '../../adapters/time.ts'
import { NORM_SHARES } from '../../adapters/wire/norm-shares.ts'
import { judgedView } from '../releases/rollout.ts'
import type { Lineage, Release } from '../store/records.ts'
import type { Tables } from '../store/store.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { privacyAccounts } from './privacy.ts'

export const writeGauges = async (metrics: Metrics, store: Tables, now: number): Promise<void> => {
  const { enrolled, seen } = await store.countDevices(now - 24 * HOUR_MS)
  metrics.devices.set({ state: 'enrolled' }, enrolled)
  metrics.devices.set({ state: 'seen_last_day' }, seen)
  metrics.devices.set({ state: 'seen_last_hour' }, (await store.countDevices(now - HOUR_MS)).seen)
  await writeRounds(metrics, store)
  await writePrivacy(metrics, store)
  let lastRelease = 0
  for (const lineage of await store.lineages()) {
    const head = await store.release(lineage.head)
    if (!head) continue
    writeRelease(metrics, lineage, head)
    await writeJudged(metrics, store, lineage)
    lastRelease = Math.max(lastRelease, head.summary.createdAt)
  }
  metrics.lastRelease.set(lastRelease / 1000)
}

const writePrivacy = async (metrics: Metrics, store: Tables): Promise<void> => {
  for (const account of await privacyAccounts(store)) {
    const { population, purpose, spent, epsilon, rounds } = account
    metrics.privacy.set({ population, purpose, of: 'spent' }, spent)
    metrics.privacy.set({ population, purpose, of: 'budget' }, epsilon)
    metrics.privacyRounds.set({ population, purpose }, rounds)
  }
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

const writeRelease = (metrics: Metrics, { id }: Lineage, { summary }: Release): void => {
  const lineage = id.slice(0, 12)
  const { version, cohort } = summary
  metrics.version.set({ lineage }, version)
  metrics.cohort.set({ lineage }, cohort)
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

/** Releases that are looked at for one that was judged: a new one takes its time. */
const LOOK_BACK = 20

const writeJudged = async (
  metrics: Metrics,
  store: Pick<Tables, 'release'>,
  { id, head }: Lineage,
): Promise<void> => {
  let hash: string | null = head
  for (let i = 0; i < LOOK_BACK && hash !== null; i++) {
    const release: Release | undefined = await store.release(hash)
    const judged = judgedView(release?.judgement)
    if (release && judged) {
      const lineage = id.slice(0, 12)
      metrics.judgedBy.set({ lineage }, judged.devices)
      metrics.judgedVersion.set({ lineage }, release.summary.version)
      metrics.judged.set({ lineage, of: 'difference' }, judged.mean)
      for (const of of ['loss', 'accuracy'] as const)
        if (judged[of] !== undefined) metrics.judged.set({ lineage, of }, judged[of])
      return
    }
    hash = release?.summary.parent ?? null
  }
}
