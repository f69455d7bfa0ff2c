/** Looks for alerts once a minute, counts those that stand, and tells each once. */
import type { ServerDeps } from '../rounds/deps.ts'
import type { Lineage } from '../store/records.ts'
import type { Tables } from '../store/store.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { type Alert, alertsOf, RULES, type Situation } from './alerts.ts'
import type { Tell } from './webhook.ts'

type WatchDeps = Pick<ServerDeps, 'store' | 'clock' | 'log' | 'disk'>

const EVERY_MS = 60_000

/** What stands now. since: when it was first seen; null before any replica has looked. */
export type StandingAlert = Alert & { readonly since: number | null }

export const standingAlerts = async (deps: WatchDeps): Promise<StandingAlert[]> => {
  const found = alertsOf(await situationOf(deps))
  return Promise.all(
    found.map(async (alert) => {
      const since = await deps.store.setting(nameOf(alert))
      return { ...alert, since: since === undefined ? null : Number(since) }
    }),
  )
}

/** Looks, if it is time. Replicas agree by the store on who tells an alert. */
export const createWatch = (
  deps: WatchDeps,
  metrics: Metrics,
  tell: Tell | undefined,
): ((now: number) => Promise<void>) => {
  let lookedAt = Number.NEGATIVE_INFINITY
  return async (now) => {
    if (now - lookedAt < EVERY_MS && now >= lookedAt) return
    lookedAt = now
    const found = alertsOf(await situationOf(deps))
    for (const rule of RULES)
      metrics.alerts.set({ rule }, found.filter((alert) => alert.rule === rule).length)
    for (const alert of found) {
      if (!(await deps.store.addSetting(nameOf(alert), String(now)))) continue
      deps.log('warn', 'alert', alert)
      await tell?.(alert, now)
    }
  }
}

const nameOf = ({ rule, key }: Alert): string => `alert ${rule} ${key}`

const situationOf = async ({ store, clock, disk }: WatchDeps): Promise<Situation> => {
  const running = await store.alive()
  const jobs = running.map(async ({ job }) => ({ job, rounds: await store.rounds(job.id) }))
  return {
    now: clock(),
    jobs: await Promise.all(jobs),
    lineages: await lineagesWith(store),
    disk: (await disk?.()) ?? null,
  }
}

/** Alerts look at a lineage's newest releases, and the gate at those that wait. */
const LOOKED_AT = 200

const lineagesWith = async (
  store: Pick<Tables, 'lineages' | 'releasePage'>,
): Promise<Situation['lineages']> => {
  const withReleases = async (lineage: Lineage) => {
    const page = { lineId: lineage.id, isNewestFirst: true, limit: LOOKED_AT }
    const newest = (await store.releasePage(page)).map(({ release }) => release)
    return { lineage, releases: newest.reverse() }
  }
  return Promise.all((await store.lineages()).map(withReleases))
}
