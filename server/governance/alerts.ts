/**
 * What an operator should look at: each rule is a function of what the store and the disk say now, so
 * that a restart forgets nothing. An alert names its round, release or day, and is told once, by
 * whichever replica finds it first.
 */
import { HOUR_MS } from '../../adapters/time.ts'
import { isWorse, isWorseThanBefore, stagedRelease } from '../releases/rollout.ts'
import type { Job, Lineage, Release, Round } from '../store/records.ts'

export const RULES = ['participation', 'drift', 'gate', 'disk', 'aggregation'] as const
type Rule = (typeof RULES)[number]

/** key: the same for one occurrence, told once. */
export type Alert = { readonly rule: Rule; readonly key: string; readonly text: string }

/** What the rules look at. rounds: those of each running job, oldest first. */
export type Situation = {
  readonly now: number
  readonly jobs: readonly { readonly job: Job; readonly rounds: readonly Round[] }[]
  readonly lineages: readonly { readonly lineage: Lineage; readonly releases: readonly Release[] }[]
  readonly disk: { readonly freeBytes: number; readonly totalBytes: number } | null
}

/** Against the mean of so many rounds, or the median of so many releases, before. */
const LOOK_BACK = 5
const LEAST_BACK = 3
const LEAST_SHARE = 0.5
const LARGEST_DRIFT = 4
const LEAST_FREE = 0.1
const STUCK_MS = 10 * 60_000

export const alertsOf = (situation: Situation): Alert[] =>
  [participation, drift, gate, disk, aggregation].flatMap((rule) => rule(situation))

/** The newest ended round took less than half of what those before it took. */
const participation = ({ jobs }: Situation): Alert[] =>
  jobs.flatMap(({ job, rounds }) => {
    const ended = rounds.filter(({ phase }) => phase === 'released' || phase === 'abandoned')
    const newest = ended.at(-1)
    const before = ended.slice(-1 - LOOK_BACK, -1).map(({ received }) => received)
    if (!newest || before.length < LEAST_BACK) return []
    const usual = before.reduce((sum, n) => sum + n, 0) / before.length
    if (newest.received >= LEAST_SHARE * usual) return []
    const text =
      `job ${job.spec.name}: round ${newest.index} had ${newest.received} updates, ` +
      `the ${before.length} before it ${Math.round(usual)} on average`
    return [{ rule: 'participation', key: newest.id, text }]
  })

/** The newest release moved the adapter, or the prior, much further than those before it. */
const drift = ({ lineages }: Situation): Alert[] =>
  lineages.flatMap(({ lineage, releases }) => {
    const measured = releases.filter(({ summary }) => summary.metrics).slice(-1 - LOOK_BACK)
    const newest = measured.at(-1)
    if (!newest || newest.summary.hash !== lineage.head || measured.length <= LEAST_BACK) return []
    return (['adapterChange', 'priorChange'] as const).flatMap((of): Alert[] => {
      const changes = measured.map(({ summary }) => summary.metrics?.[of] ?? 0)
      const usual = median(changes.slice(0, -1).filter((change) => change > 0))
      const change = changes.at(-1) ?? 0
      if (!(change > LARGEST_DRIFT * usual)) return []
      const text =
        `lineage ${lineage.id.slice(0, 12)}: version ${newest.summary.version} moved ` +
        `${(change / usual).toFixed(1)} times as far as usual (${of})`
      return [{ rule: 'drift', key: `${newest.summary.hash}-${of}`, text }]
    })
  })

/** A release that devices or a verdict found worse, or one that waits for its verdict too long. */
const gate = (situation: Situation): Alert[] =>
  situation.lineages.flatMap((of) => {
    const name = `lineage ${of.lineage.id.slice(0, 12)}`
    const found = of.releases.slice(-LOOK_BACK).flatMap(({ summary, judgement, verdict }) => {
      const { hash, version } = summary
      const alert = (text: string): Alert => ({ rule: 'gate', key: hash, text: `${name}: ${text}` })
      if (verdict && isWorseThanBefore(verdict))
        return [alert(`its verdict finds version ${version} worse`)]
      if (isWorse(judgement, of.lineage.rollout?.judges))
        return [alert(`devices report version ${version} as worse`)]
      return []
    })
    return [...found, ...waiting(situation, of, name)]
  })

/** The oldest release that a gate holds back. */
const waiting = (
  { now }: Situation,
  { lineage, releases }: Situation['lineages'][number],
  name: string,
): Alert[] => {
  const { gate } = lineage.rollout ?? {}
  const passed = releases.findIndex(({ summary }) => summary.hash === stagedRelease(lineage))
  const held = releases[passed + 1]
  if (!gate || !held || now - held.summary.createdAt <= gate.maxMs) return []
  const { version, hash, createdAt } = held.summary
  const hours = Math.round((now - createdAt) / HOUR_MS)
  const text = `${name}: version ${version} has waited ${hours} h for a verdict, and nobody follows it`
  return [{ rule: 'gate', key: `waits-${hash}`, text }]
}

const disk = ({ disk: space, now }: Situation): Alert[] => {
  if (!space || space.freeBytes >= LEAST_FREE * space.totalBytes) return []
  const day = new Date(now).toISOString().slice(0, 10)
  const text = `${(space.freeBytes / 2 ** 30).toFixed(1)} GiB of the disk are free`
  return [{ rule: 'disk', key: day, text }]
}

const aggregation = ({ jobs, now }: Situation): Alert[] =>
  jobs.flatMap(({ job, rounds }) =>
    rounds.filter(isStuck(now)).map((round) => ({
      rule: 'aggregation' as const,
      key: round.id,
      text:
        `job ${job.spec.name}: round ${round.index} has waited ` +
        `${Math.round((now - round.closedAt!) / 60_000)} minutes for its release`,
    })),
  )

/** A closed round that nobody has aggregated in time. */
export const isStuck =
  (now: number) =>
  ({ phase, closedAt }: Pick<Round, 'phase' | 'closedAt'>): boolean =>
    phase === 'aggregating' && closedAt !== null && now - closedAt > STUCK_MS

/** No number where there are none. */
const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted.length < LEAST_BACK ? Number.NaN : sorted[Math.floor(sorted.length / 2)]!
}
