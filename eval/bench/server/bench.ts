/**
 * The server under devices that only sign and send: check-ins and uploads a second, the event loop
 * while a round is aggregated, memory while many uploads arrive at once, recovery after SIGKILL; of
 * another checkout's server too, by turns.
 */
import { join } from 'node:path'
import { medianOf } from '../../measure/metrics.ts'
import type { Result, Results } from '../../measure/results.ts'
import { temporaryFolder } from '../../programs/temporary-folder.ts'
import { benchJob } from './job.ts'
import { burstPeak, checkInRate, type Rate, recoverySeconds, roundRun } from './measures.ts'
import { type Checkout, killBenchServers, otherCheckout, ownCheckout } from './program.ts'
import { openScene, type Scene } from './scene.ts'

export type ServerBenchOptions = {
  readonly runs: number
  /** A checkout with its packages installed. */
  readonly against?: string
  readonly checkins: number
  readonly uploads: number
  readonly updateKb: number
  readonly burst: number
  readonly burstKb: number
  readonly log: (line: string) => void
  /** Default: this one's. */
  readonly checkout?: Checkout
}

/** Figures of one contestant, a number a run, by the names of MEASURES. */
type Figures = Partial<Record<keyof typeof MEASURES, number[]>>

/**
 * Figures and their units. delay: of the event loop. own: without time that others had. cpu: of the
 * server, for one request.
 */
const MEASURES = {
  checkins: '/s',
  checkin_cpu: 'ms',
  checkin_p95: 'ms',
  uploads: '/s',
  upload_cpu: 'ms',
  upload_p95: 'ms',
  aggregate: 'ms',
  aggregating_delay_p50: 'ms',
  aggregating_delay_p99: 'ms',
  aggregating_own_delay_p99: 'ms',
  burst_peak: 'bytes',
  burst_turned_away: 'uploads',
  recovery: 's',
} as const

type Contestant = { readonly name: string; readonly checkout: Checkout; readonly figures: Figures }

export const benchServer = async (options: ServerBenchOptions): Promise<Results> => {
  const folder = temporaryFolder('bench-server')
  const { against, checkout = ownCheckout() } = options
  const contestants: Contestant[] = [
    { name: 'ours', checkout, figures: {} },
    ...(against === undefined
      ? []
      : [{ name: against, checkout: otherCheckout(against), figures: {} }]),
  ]
  try {
    await ratesByTurns(contestants, folder.path, options)
    for (let run = 0; run < options.runs; run++)
      for (const one of inOrder(contestants, run))
        await freshServers(one, folder.path, run, options)
    return { results: resultsOf(contestants, options) }
  } finally {
    killBenchServers()
    folder.remove()
  }
}

const inOrder = <T>(all: readonly T[], run: number): readonly T[] =>
  run % 2 === 0 ? all : all.toReversed()

/** Both servers run; only one of them has work at a time. Run −1 warms up. */
const ratesByTurns = async (
  contestants: readonly Contestant[],
  folder: string,
  { runs, checkins, uploads, updateKb, log }: ServerBenchOptions,
): Promise<void> => {
  const scenes = new Map<Contestant, Scene>()
  for (const [i, one] of contestants.entries()) {
    const start = { checkout: one.checkout, data: join(folder, `rates-${i}`) }
    const scene = await openScene(start, Math.max(uploads, 100))
    // Nobody is eligible for it: a check-in looks at a job, and is told to come back.
    await scene.operator.createJob(benchJob('others', 1, { size: 1, goal: 1 }))
    scenes.set(one, scene)
  }
  for (let run = -1; run < runs; run++)
    for (const one of inOrder(contestants, run)) {
      const scene = scenes.get(one)!
      const checkIns = await checkInRate(scene, run < 0 ? Math.ceil(checkins / 4) : checkins)
      const round = await roundRun(scene, uploads, updateKb, `round ${run}`)
      log(`${run < 0 ? 'warm-up' : `run ${run + 1} of ${runs}`}: ${one.name} ${said(checkIns)}`)
      if (run < 0) continue
      add(one, {
        checkins: checkIns.perSecond,
        checkin_cpu: checkIns.cpuMsEach,
        checkin_p95: checkIns.p95Ms,
        uploads: round.uploads.perSecond,
        upload_cpu: round.uploads.cpuMsEach,
        upload_p95: round.uploads.p95Ms,
        aggregate: round.aggregateMs,
        aggregating_delay_p50: round.aggregating.delayMs.p50,
        aggregating_delay_p99: round.aggregating.delayMs.p99,
        aggregating_own_delay_p99: round.aggregating.ownDelayMs.p99,
      })
    }
  for (const scene of scenes.values()) await scene.close()
}

const said = ({ perSecond, cpuMsEach }: Rate) =>
  `${perSecond.toFixed(0)} check-ins/s, ${cpuMsEach.toFixed(2)} ms of processor each`

const freshServers = async (
  one: Contestant,
  folder: string,
  run: number,
  { runs, burst, burstKb, updateKb, log }: ServerBenchOptions,
): Promise<void> => {
  const { peak, turnedAway } = await burstPeak(one.checkout, folder, burst, burstKb)
  const recovery = await recoverySeconds(one.checkout, folder, 20, updateKb)
  const mb = peak === null ? 'unknown' : `${(peak / 1e6).toFixed(0)} MB`
  log(`run ${run + 1} of ${runs}: ${one.name} burst ${mb}, up again in ${recovery.toFixed(2)} s`)
  add(one, { ...(peak !== null && { burst_peak: peak }), burst_turned_away: turnedAway, recovery })
}

const add = (
  { figures }: Contestant,
  values: Readonly<Partial<Record<keyof typeof MEASURES, number>>>,
): void => {
  for (const [name, value] of Object.entries(values))
    figures[name as keyof Figures] = [...(figures[name as keyof Figures] ?? []), value]
}

const resultsOf = (
  [ours, other]: readonly Contestant[],
  { runs }: ServerBenchOptions,
): readonly Result[] =>
  Object.entries(MEASURES).flatMap(([name, unit]) => {
    const [values, theirs] = [ours, other].map((one) => one?.figures[name as keyof Figures])
    if (!values) return []
    const value = medianOf(values)
    const figure = { name: `bench.server.${name}`, value, unit, n: runs }
    if (!theirs) return figure
    const peer = { name: other!.name, value: medianOf(theirs) }
    const ratio = unit === 's' || unit === 'ms' ? peer.value / value : value / peer.value
    return { ...figure, peer, ...(Number.isFinite(ratio) && { ratio }) }
  })
