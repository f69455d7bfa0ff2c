/** A day of the agent: its production loop on a simulated machine, with a real server. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FedError } from '../../adapters/errors.ts'
import { seededRng } from '../../adapters/random.ts'
import { NO_OVERRIDES, type Overrides } from '../../device/agent/conditions.ts'
import { openReaders } from '../../device/agent/conditions-read.ts'
import { addSample, beginEnergy, type EnergyMeter } from '../../device/agent/energy.ts'
import { energyStatus } from '../../device/agent/energy-status.ts'
import { runAgent } from '../../device/agent/scheduler-loop.ts'
import type { AgentEvent } from '../../device/agent/work.ts'
import type { Engine } from '../../device/engine/engine.ts'
import type { LocalModel } from '../../device/engine/model/open.ts'
import { AgentSettings } from '../../device/home/settings.ts'
import { type Device, openDevice } from '../../device/owner/device.ts'
import { type OwnStore, openStore } from '../../device/store/store.ts'
import { openFleet, seededKeyPair } from '../population/fleet.ts'
import { type LocalServer, openLocalServer } from '../population/local-server.ts'
import { tinyJob, wordChoices } from '../population/tiny-federation.ts'
import { violations, type WorkSecond } from './check.ts'
import { localText, minutesOf, startOfDay } from './local-time.ts'
import { AT_FIRST, dayOf, HOUR, MINUTE } from './script.ts'
import { eventText } from './timeline.ts'
import { openWorld, type World } from './world.ts'

export type DayOptions = {
  readonly model: LocalModel
  /** Closed by the caller. */
  readonly engine: Engine
  /** Given to the agent; the day is judged by the settings alone. */
  readonly overrides?: Overrides
  readonly seed?: number
  readonly tell?: (line: TimelineLine) => void
}

type TimelineLine = {
  readonly at: string
  readonly who: 'world' | 'agent'
  readonly what: string
}

export type Day = {
  readonly timeline: readonly TimelineLine[]
  readonly violations: readonly string[]
  readonly events: readonly AgentEvent[]
  readonly trainings: number
  readonly rounds: number
  /** Releases that the server made of the rounds. */
  readonly released: number
  /** Release that the device serves in the end. */
  readonly release: string | null
  readonly joules: number
  readonly secondsAtWork: number
  readonly energy: ReturnType<typeof energyStatus>
}

const START_MS = Date.UTC(2026, 9, 24, 18, 0)
const DAY = 24 * HOUR

const SEED = 7

/** What a training and a round would take on this machine, both cores busy. */
const WORK_MS = { training: 20 * MINUTE, round: 8 * MINUTE }
const CORES = 2

const SETTINGS = AgentSettings.parse({ hours: '21:00-09:00', joulesPerDay: 60_000 })

export const simulateDay = async (options: DayOptions): Promise<Day> => {
  const folder = mkdtempSync(join(tmpdir(), 'loreweave-day-'))
  const pace = { soonMs: 5 * MINUTE, laterMs: 20 * MINUTE }
  const server = await openLocalServer(join(folder, 'server'), START_MS, {
    pace,
    rng: seededRng(`server/${options.seed ?? SEED}`),
  })
  try {
    return await liveThrough(options, server, folder)
  } finally {
    await server.close()
    rmSync(folder, { recursive: true })
  }
}

/** What is written down during the day, and what the agent does at the moment. */
type DayLog = {
  readonly timeline: TimelineLine[]
  readonly events: AgentEvent[]
  readonly book: WorkSecond[]
  readonly jobIds: string[]
  isHeld: boolean
  work: WorkSecond['work']
}

/** The parts of one simulated day. */
type Scene = {
  readonly options: DayOptions
  readonly seed: number
  readonly server: LocalServer
  readonly folder: string
  readonly store: OwnStore
  readonly world: World
  readonly log: DayLog
  readonly say: (who: TimelineLine['who'], what: string) => void
}

const liveThrough = async (
  options: DayOptions,
  server: LocalServer,
  folder: string,
): Promise<Day> => {
  const { model, engine, seed = SEED, tell } = options
  const timeline: TimelineLine[] = []
  const say = (who: TimelineLine['who'], what: string) => {
    const line = { at: localText(world.clock()), who, what }
    timeline.push(line)
    tell?.(line)
  }
  const log: DayLog = {
    timeline,
    events: [],
    book: [],
    jobIds: [],
    isHeld: false,
    work: 'training',
  }
  const store = openStore(':memory:')
  const choices = wordChoices(seed)
  const script = dayOf({
    importChoices: (count) => device.importChoices(choices.splice(0, count)),
    newJob: () => createEveningJob(scene),
  })
  const world = openWorld(START_MS, AT_FIRST, script, (what) => say('world', what))
  const scene: Scene = { options, seed, server, folder, store, world, log, say }
  const device = openOwnDevice(scene)
  const others = await openOthers(server, model, engine, seed)
  await device.importChoices(choices.splice(0, 24))
  const [token = ''] = await server.tokens(1)
  await Promise.all([device.enroll(token), world.run(0)])
  await device.grantConsent(['adapter', 'prior', 'statistics'], null, 1)

  const abort = new AbortController()
  const running = startAgent(scene, device, others, abort.signal)
  await world.run(DAY)
  abort.abort(new FedError('E_CANCELLED', 'the day is over'))
  await running
  const released = await releasedBy(server, log.jobIds)
  await others.close()
  const day = summaryOf(scene, released)
  await store.close()
  return day
}

const createEveningJob = async ({ options, seed, server, world, log }: Scene): Promise<void> => {
  server.setTime(START_MS + Math.floor(world.truth()))
  const nth = log.jobIds.length + 1
  const job = await server.createJob(
    tinyJob(options.model, { name: `evening ${nth}`, rounds: 3, deadlineMs: 3 * HOUR }),
    `job-${nth}`,
    seededRng(`day/${seed}/${nth}`),
  )
  log.jobIds.push(job.id)
}

const openOwnDevice = ({ options, seed, server, folder, store, world, log }: Scene): Device =>
  openDevice({
    store,
    key: seededKeyPair(`day/${seed}`),
    model: options.model,
    engine: pacedEngine(
      options.engine,
      world,
      () => log.isHeld,
      (joules) => log.book.push(workSecond(world, log.work, joules)),
    ),
    serverUrl: server.url,
    transport: networkOf(server, world),
    clock: world.clock,
    sleep: world.sleep,
    rng: seededRng(`device/${seed}`),
    settings: { agent: SETTINGS, explore: 0 },
    folder,
    isPaused: () => log.isHeld,
  })

const workSecond = (world: World, work: WorkSecond['work'], joules: number): WorkSecond => {
  const clock = world.clock()
  const freeSince = world.freeSince()
  return {
    truth: world.truth(),
    minutes: minutesOf(clock),
    day: localText(clock).slice(0, 10),
    work,
    joules,
    freeMs: freeSince === null ? 0 : world.truth() - freeSince,
    circumstances: world.now(),
  }
}

/** The production loop on the simulated machine; resolves when the signal has ended it. */
const startAgent = (
  { options, seed, store, world, log, say }: Scene,
  device: Device,
  others: Others,
  signal: AbortSignal,
): Promise<void> =>
  runAgent({
    device: {
      train: (o) => {
        log.work = 'training'
        return device.train(o)
      },
      participate: async (o) => {
        log.work = 'round'
        await world.busy(others.contribute())
        return device.participate(o)
      },
    },
    store,
    settings: SETTINGS,
    overrides: options.overrides ?? NO_OVERRIDES,
    isEnrolled: true,
    read: openReaders({
      platform: 'linux',
      io: world.io,
      ownSeconds: async () => world.coreSeconds(),
      sleep: world.sleep,
    }),
    meter: simulatedMeter(world),
    suspend: (held) => {
      log.isHeld = held
    },
    endsWith: () => {},
    upkeep: () => world.busy(device.upkeep()),
    clock: world.clock,
    monotonicMs: world.steady,
    calendar: { minutes: minutesOf, startOfDay },
    sleep: world.sleep,
    rng: seededRng(`agent/${seed}`),
    emit: (event) => {
      log.events.push(event)
      const text = eventText(event)
      if (text) say('agent', text)
    },
    signal,
  })

const summaryOf = ({ log, store, world }: Scene, released: number): Day => ({
  timeline: log.timeline,
  violations: violations(log.book, SETTINGS),
  events: log.events,
  trainings: ended(log.events, 'training'),
  rounds: ended(log.events, 'round'),
  released,
  release: store.get('serving')?.release ?? null,
  joules: log.book.reduce((sum, second) => sum + second.joules, 0),
  secondsAtWork: log.book.length,
  energy: energyStatus(store, world.clock, SETTINGS),
})

const ended = (events: readonly AgentEvent[], work: WorkSecond['work']): number =>
  events.filter(
    (e) =>
      e.event === 'ended' &&
      e.work === work &&
      e.outcome === 'done' &&
      (work === 'training' || e.roundId !== null),
  ).length

/** Trains for real, after the simulated time that it takes; an interrupted training goes on. */
const pacedEngine = (
  engine: Engine,
  world: World,
  isHeld: () => boolean,
  onSecond: (joules: number) => void,
): Engine => {
  const left = new Map<string, number>()
  return {
    ...engine,
    pooled: (inputs, options) => world.busy(engine.pooled(inputs, options)),
    async train(request, _onProgress, signal) {
      const name = request.checkpoint ?? ''
      const whole = name.includes('round-') ? WORK_MS.round : WORK_MS.training
      for (let ms = left.get(name) ?? whole; ms > 0; ) {
        left.set(name, ms)
        await world.sleep(1000, signal).catch((cause) => {
          throw new FedError('E_CANCELLED', 'stopped', { cause })
        })
        if (isHeld()) continue
        ms -= 1000
        world.work(CORES)
        onSecond(CORES * SETTINGS.wattsPerCore)
      }
      left.delete(name)
      return world.busy(engine.train(request, undefined, signal))
    },
  }
}

/** The production meter's arithmetic over simulated processor seconds. */
const simulatedMeter = (world: World): EnergyMeter => {
  const sample = () => ({
    at: world.steady(),
    own: world.coreSeconds(),
    busy: null,
    packages: null,
    batteryWatts: null,
  })
  return {
    begin: async () => beginEnergy(sample()),
    add: async (energy) => addSample(energy, sample(), SETTINGS.wattsPerCore),
  }
}

const networkOf = (server: LocalServer, world: World) => (request: Request) =>
  world.busy(
    (async () => {
      if (!world.now().hasNetwork) throw new TypeError('the network is unreachable')
      server.setTime(START_MS + Math.floor(world.truth()))
      await server.settle()
      return server.transport(request)
    })(),
  )

/** Two more devices that contribute when the agent does, so that a release has several parts. */
const openOthers = async (server: LocalServer, model: LocalModel, engine: Engine, seed: number) => {
  const fleet = await openFleet({
    logs: [0, 1].map((i) => wordChoices(`other/${seed}/${i}`).slice(0, 12)),
    tokens: await server.tokens(2),
    serverUrl: server.url,
    transport: server.transport,
    clock: server.now,
    model,
    engine: { ...engine, close: async () => {} },
    memo: new Map(),
    seed,
  })
  return {
    contribute: () => fleet.contribute([0, 1], 1, () => {}),
    close: () => fleet.close(),
  }
}

type Others = Awaited<ReturnType<typeof openOthers>>

const releasedBy = async (server: LocalServer, jobIds: readonly string[]): Promise<number> => {
  const jobs = await Promise.all(jobIds.map((id) => server.job(id)))
  return jobs.flatMap((job) => job.rounds).filter((round) => round.phase === 'released').length
}
