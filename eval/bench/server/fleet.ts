/**
 * A fleet against one server or many that are killed in between: every accepted update counts once,
 * each job ends, and the releases are those of one process that nobody disturbs.
 */
import { FedError } from '../../../adapters/errors.ts'
import { seededRng } from '../../../adapters/random.ts'
import type { JobView } from '../../../adapters/wire/jobs.ts'
import type { Result, Results } from '../../measure/results.ts'
import { inTurn } from '../../population/fleet.ts'
import { temporaryFolder } from '../../programs/temporary-folder.ts'
import { enroll, type SimDevice, simDevice } from './device.ts'
import { openSender, type Sender } from './http.ts'
import { benchJob, benchOperator, jobEnd, type Operator } from './job.ts'
import { emptyLedger, type Ledger, live, type Plan, type World } from './life.ts'
import { quantile } from './measures.ts'
import { type Checkout, ownCheckout, type Probe } from './program.ts'
import { type Comparison, compareRelease } from './refold.ts'
import { openReplicas, type Replicas } from './replicas.ts'

export type FleetBenchOptions = {
  readonly devices: number
  readonly updateKb: number
  readonly jobs: number
  /** Shares: of a job's devices that never send, and of uploads that are sent again. */
  readonly dropouts: number
  readonly duplicates: number
  readonly replicas: number
  /** Seconds between kills; left out: none is killed. */
  readonly killEvery?: number
  readonly database?: string
  readonly objects?: string
  /** Devices that are awake at a time. */
  readonly atOnce: number
  /** Seconds until a job that has not ended hangs. */
  readonly limit: number
  readonly seed: string
  readonly log: (line: string) => void
  /** Default: this one's. */
  readonly checkout?: Checkout
}

/** Fails with E_USAGE for replicas without a database, E_DATA when something does not hold. */
export const benchFleet = async (options: FleetBenchOptions): Promise<Results> => {
  const { replicas: count, database, objects, devices, killEvery, log } = options
  if (count > 1 && database === undefined)
    throw new FedError('E_USAGE', 'replicas share a database: give --database and --objects')
  const folder = temporaryFolder('bench-fleet')
  const given = { '--database': database, '--objects': objects }
  const flags = Object.entries(given).flatMap(([flag, value]) => (value ? [flag, value] : []))
  const { checkout = ownCheckout() } = options
  const replicas = await openReplicas(count, { checkout, data: folder.path, flags })
  const sender = openSender(options.atOnce)
  try {
    const operator = benchOperator(sender, replicas.next)
    const fleet = Array.from({ length: devices }, (_, i) => simDevice(options.seed, i))
    await enrollAll(fleet, sender, operator, replicas)
    log(`${devices} devices are enrolled`)
    const plan = planOf(options)
    const jobs = await createJobs(operator, plan, options)
    if (killEvery !== undefined) replicas.startKilling(1000 * killEvery)
    const world = { sender, replicas, jobs, plan, ledger: emptyLedger() }
    const signal = AbortSignal.timeout(1000 * options.limit)
    const began = performance.now()
    await inTurn(fleet, options.atOnce, (device) => live({ ...world, signal }, device))
    const seconds = (performance.now() - began) / 1000
    log(`all devices are done after ${seconds.toFixed(1)} s`)
    const atWork = await replicas.probes()
    // Its last victim may be aggregating.
    await replicas.stopKilling()
    const ended: JobView[] = []
    for (const { id } of jobs) ended.push(await jobEnd(operator, id, 1000 * options.limit))
    const aggregating = await replicas.probes()
    const compared: Comparison[] = []
    for (const job of ended) compared.push(await checkedRelease(operator, job, world.ledger))
    const { ledger } = world
    return { results: resultsOf({ ledger, compared, seconds, replicas, atWork, aggregating }) }
  } finally {
    sender.close()
    await replicas.close()
    folder.remove()
  }
}

const enrollAll = async (
  fleet: readonly SimDevice[],
  sender: Sender,
  operator: Operator,
  replicas: Replicas,
): Promise<void> => {
  const tokens: string[] = []
  while (tokens.length < fleet.length)
    tokens.push(...(await operator.tokens(Math.min(MOST_TOKENS, fleet.length - tokens.length))))
  await inTurn(fleet, ENROLLING, async (device) => {
    const { port } = replicas.next()
    const { status, bytes } = await sender.send(port, enroll(device, port, tokens[device.number]!))
    if (status !== 201) throw new FedError('E_UPSTREAM', `enrolment: ${status} ${bytes}`)
  })
}

const MOST_TOKENS = 10_000
const ENROLLING = 32

/** From the seed, so that the goals of the jobs are known before anybody has sent anything. */
const planOf = ({ seed, dropouts, duplicates }: FleetBenchOptions): Plan => {
  const isDrawn = (what: string, share: number) => (device: number, job: number) =>
    seededRng(`${seed}/${what}/${device}/${job}`).uniform() < share
  return { dropsOut: isDrawn('dropout', dropouts), repeats: isDrawn('duplicate', duplicates) }
}

/** A job's goal is everybody who has not dropped out by then: it completes with all, or hangs. */
const createJobs = async (operator: Operator, { dropsOut }: Plan, options: FleetBenchOptions) => {
  const { devices, updateKb, seed, jobs: count } = options
  let staying = Array.from({ length: devices }, (_, i) => i)
  const jobs: World['jobs'][number][] = []
  for (let i = 0; i < count; i++) {
    staying = staying.filter((device) => !dropsOut(device, i))
    if (staying.length === 0) throw new FedError('E_USAGE', 'every device drops out')
    // Another alpha is another lineage, so all jobs run at the same time.
    const spec = benchJob(seed, updateKb, { size: devices, goal: staying.length }, 16 + i)
    jobs.push({ spec, id: (await operator.createJob(spec)).id })
  }
  return jobs
}

/** Fails with E_DATA where an update was lost or counted twice, or the bytes are others. */
const checkedRelease = async (
  operator: Operator,
  job: JobView,
  ledger: Ledger,
): Promise<Comparison> => {
  if (job.state !== 'completed')
    throw new FedError('E_DATA', `job ${job.id} is ${job.state}: ${job.reason}`)
  const compared = await compareRelease(operator, job, ledger)
  if (compared.accepted !== compared.counted || !compared.isEqual)
    throw new FedError(
      'E_DATA',
      `job ${job.id}: ${compared.accepted} updates were accepted, its release counts ` +
        `${compared.counted}, and its bytes are ${compared.isEqual ? '' : 'not '}those of one process`,
    )
  return compared
}

type Outcome = {
  readonly ledger: Ledger
  readonly compared: readonly Comparison[]
  readonly seconds: number
  readonly replicas: Replicas
  /** Until all devices were done, and from then on. */
  readonly atWork: readonly Probe[]
  readonly aggregating: readonly Probe[]
}

const resultsOf = (outcome: Outcome): Result[] => {
  const { ledger, compared, seconds, replicas, atWork, aggregating } = outcome
  const recoveries = replicas.recoveries()
  const accepted = ledger.accepted.size
  const peak = replicas.peakBytes()
  const p99 = (probes: readonly Probe[], of: 'delayMs' | 'ownDelayMs') =>
    Math.max(...probes.map((probe) => probe[of].p99))
  const cpuMs = [...atWork, ...aggregating].reduce((sum, probe) => sum + probe.cpuMs, 0)
  const figures: [string, number, string][] = [
    ['accepted', accepted, 'updates'],
    ['counted_once', compared.reduce((sum, { counted }) => sum + counted, 0), 'updates'],
    ['jobs_with_equal_bytes', compared.filter(({ isEqual }) => isEqual).length, 'jobs'],
    ['duplicates', ledger.duplicates, 'uploads'],
    ['unanswered', ledger.unanswered, 'requests'],
    ['turned_away', ledger.turnedAway, 'requests'],
    ['kills', recoveries.length, 'processes'],
    ['recovery_max', Math.max(0, ...recoveries), 's'],
    ['checkin_p50', quantile(ledger.checkInMs, 0.5), 'ms'],
    ['checkin_p95', quantile(ledger.checkInMs, 0.95), 'ms'],
    ['upload_p95', quantile(ledger.uploadMs, 0.95), 'ms'],
    ['uploads', accepted / seconds, '/s'],
    ['delay_p99', p99(atWork, 'delayMs'), 'ms'],
    ['own_delay_p99', p99(atWork, 'ownDelayMs'), 'ms'],
    ['aggregating_delay_p99', p99(aggregating, 'delayMs'), 'ms'],
    ['aggregating_own_delay_p99', p99(aggregating, 'ownDelayMs'), 'ms'],
    ['cpu', cpuMs / 1000, 's'],
    ...(peak === null ? [] : [['peak', peak, 'bytes'] satisfies [string, number, string]]),
  ]
  return figures.map(([name, value, unit]) => ({ name: `bench.server.fleet.${name}`, value, unit }))
}
