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
import { openDevice } from '../../device/owner/device.ts'
import { openStore } from '../../device/store/store.ts'
import { openFleet, seededKeyPair } from '../population/fleet.ts'
import { type LocalServer, openLocalServer } from '../population/local-server.ts'
import { tinyJob, wordChoices } from '../population/tiny-federation.ts'
import { violations, type WorkSecond } from './check.ts'
import { localText, minutesOf, startOfDay } from './local-time.ts'
import { eventText } from './timeline.ts'
import { type Circumstances, type Happening, openWorld, type World } from './world.ts'

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
const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const SEED = 7

/** What a training and a round would take on this machine, both cores busy. */
const WORK_MS = { training: 20 * MINUTE, round: 8 * MINUTE }
const CORES = 2

const SETTINGS = AgentSettings.parse({ hours: '21:00-09:00', joulesPerDay: 60_000 })

const AT_FIRST: Circumstances = {
  isPluggedIn: true,
  isUserThere: true,
  celsius: 55,
  isMetered: false,
  hasNetwork: true,
  hangs: false,
}

type Parts = {
  readonly importChoices: (count: number) => void
  readonly newJob: () => Promise<void>
}

/** Times are hours of true time after 20:00. */
const dayOf = ({ importChoices, newJob }: Parts): Happening[] =>
  (
    [
      [0.5, 'the user leaves', { now: { isUserThere: false } }],
      [1.05, 'the user is back', { now: { isUserThere: true } }],
      [1.2, 'the user leaves', { now: { isUserThere: false } }],
      [1.6, 'the charger is pulled out', { now: { isPluggedIn: false } }],
      [1.65, 'the charger is back', { now: { isPluggedIn: true } }],
      [2, 'the operator asks for three rounds', { run: newJob }],
      [2.5, '12 new choices', { run: () => importChoices(12) }],
      [3, 'the network is gone', { now: { hasNetwork: false } }],
      [4.2, 'the network is back', { now: { hasNetwork: true } }],
      [4.4, 'the clock is set back by 40 minutes', { setMs: -40 * MINUTE }],
      [5.5, 'the clock is put right', { setMs: 40 * MINUTE }],
      [
        5.6,
        'the operator asks for three rounds; the network is metered',
        { now: { isMetered: true }, run: newJob },
      ],
      [6.5, 'the network is not metered any more', { now: { isMetered: false } }],
      [6.6, '12 new choices', { run: () => importChoices(12) }],
      [6.7, 'a hot hour', { now: { celsius: 93 } }],
      [7.7, 'it is cooler', { now: { celsius: 60 } }],
      [8, 'logind hangs', { now: { hangs: true } }],
      [8.5, 'logind answers', { now: { hangs: false } }],
      [9, 'the machine sleeps for three hours', { sleepMs: 3 * HOUR }],
      [12.2, '12 new choices', { run: () => importChoices(12) }],
      [12.5, 'the operator asks for three rounds', { run: newJob }],
      [13, 'the user is back', { now: { isUserThere: true } }],
      [15, 'the user leaves, outside the hours', { now: { isUserThere: false } }],
      [15.3, 'the charger is pulled out', { now: { isPluggedIn: false } }],
      [15.5, '12 new choices', { run: () => importChoices(12) }],
      [17, 'the charger is back', { now: { isPluggedIn: true } }],
    ] as const
  ).map(([hours, what, rest]) => ({ at: hours * HOUR, what, ...rest }))

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

const liveThrough = async (
  { model, engine, overrides = NO_OVERRIDES, seed = SEED, tell }: DayOptions,
  server: LocalServer,
  folder: string,
): Promise<Day> => {
  const timeline: TimelineLine[] = []
  const say = (who: TimelineLine['who'], what: string) => {
    const line = { at: localText(world.clock()), who, what }
    timeline.push(line)
    tell?.(line)
  }
  const store = openStore(':memory:')
  const choices = wordChoices(seed)
  let jobs = 0
  const jobIds: string[] = []
  const script = dayOf({
    importChoices: (count) => device.importChoices(choices.splice(0, count)),
    newJob: async () => {
      server.setTime(START_MS + Math.floor(world.truth()))
      const job = await server.createJob(
        tinyJob(model, { name: `evening ${++jobs}`, rounds: 3, deadlineMs: 3 * HOUR }),
        `job-${jobs}`,
        seededRng(`day/${seed}/${jobs}`),
      )
      jobIds.push(job.id)
    },
  })
  const world = openWorld(START_MS, AT_FIRST, script, (what) => say('world', what))
  const book: WorkSecond[] = []
  let isHeld = false
  let work: WorkSecond['work'] = 'training'
  const worker = pacedEngine(
    engine,
    world,
    () => isHeld,
    (joules) => {
      const clock = world.clock()
      book.push({
        truth: world.truth(),
        minutes: minutesOf(clock),
        day: localText(clock).slice(0, 10),
        work,
        joules,
        freeMs: world.freeSince() === null ? 0 : world.truth() - world.freeSince()!,
        circumstances: world.now(),
      })
    },
  )
  const key = seededKeyPair(`day/${seed}`)
  const read = openReaders({
    platform: 'linux',
    io: world.io,
    ownSeconds: async () => world.coreSeconds(),
    sleep: world.sleep,
  })
  const device = openDevice({
    store,
    key,
    model,
    engine: worker,
    serverUrl: server.url,
    transport: networkOf(server, world),
    clock: world.clock,
    sleep: world.sleep,
    rng: seededRng(`device/${seed}`),
    settings: { agent: SETTINGS, explore: 0 },
    folder,
    isPaused: () => isHeld,
  })
  const others = await openOthers(server, model, engine, seed)
  await device.importChoices(choices.splice(0, 24))
  const [token = ''] = await server.tokens(1)
  await Promise.all([device.enroll(token), world.run(0)])
  await device.grantConsent(['adapter', 'prior', 'statistics'])

  const events: AgentEvent[] = []
  const abort = new AbortController()
  const running = runAgent({
    device: {
      train: (o) => {
        work = 'training'
        return device.train(o)
      },
      participate: async (o) => {
        work = 'round'
        await world.busy(others.contribute())
        return device.participate(o)
      },
    },
    store,
    settings: SETTINGS,
    overrides,
    isEnrolled: true,
    read,
    meter: simulatedMeter(world),
    suspend: (held) => {
      isHeld = held
    },
    endsWith: () => {},
    upkeep: () => world.busy(device.upkeep()),
    clock: world.clock,
    monotonicMs: world.steady,
    calendar: { minutes: minutesOf, startOfDay },
    sleep: world.sleep,
    rng: seededRng(`agent/${seed}`),
    emit: (event) => {
      events.push(event)
      const text = eventText(event)
      if (text) say('agent', text)
    },
    signal: abort.signal,
  })
  await world.run(DAY)
  abort.abort(new FedError('E_CANCELLED', 'the day is over'))
  await running
  const released = await releasedBy(server, jobIds)
  const release = store.get('serving')?.release ?? null
  await others.close()
  const day: Day = {
    timeline,
    violations: violations(book, SETTINGS),
    events,
    trainings: ended(events, 'training'),
    rounds: ended(events, 'round'),
    released,
    release,
    joules: book.reduce((sum, second) => sum + second.joules, 0),
    secondsAtWork: book.length,
    energy: energyStatus(store, world.clock, SETTINGS),
  }
  await store.close()
  return day
}

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

const releasedBy = async (server: LocalServer, jobIds: readonly string[]): Promise<number> => {
  const jobs = await Promise.all(jobIds.map((id) => server.job(id)))
  return jobs.flatMap((job) => job.rounds).filter((round) => round.phase === 'released').length
}
