/** Lives through the plan: does each event to the real programs, checks promises twice a day. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openModel } from '../../device/engine/model/open.ts'
import { openEngine } from '../../device/engine/process/client.ts'
import { startClaude } from '../claude/serve.ts'
import { type Agent, openAgent } from './agent.ts'
import { ask, beginThread, type Thread } from './app.ts'
import { type Diary, duration, openDiary, WEATHER_WORDS } from './diary.ts'
import { bytesIn, type Disk, openDisk } from './disk.ts'
import { type Federation, openFederation } from './federation.ts'
import { type Bounds, megabytes, wrongs } from './ledger.ts'
import { lookInto } from './look.ts'
import { type Machine, openMachine, residentBytes } from './machine.ts'
import { type Network, openNetwork, type Weather } from './network.ts'
import { openUser, type User } from './people.ts'
import { type Act, type Event, planWeek } from './plan.ts'

export type SoakOptions = {
  readonly seed: number
  readonly days: number
  readonly cache: string
  readonly print: (line: string) => void
  readonly signal?: AbortSignal
}

export type Soak = {
  readonly violations: readonly string[]
  readonly asked: number
  readonly events: number
  readonly rounds: number
  readonly feedback: number
  readonly forgotten: number
  readonly kills: number
  readonly residentBytes: number
  readonly homeBytes: number
}

/** What an agent with the tiny model may hold, and its home. */
const BOUNDS: Bounds = { residentBytes: 400e6, homeBytes: 64e6 }
const START_MS = Date.UTC(2026, 10, 2)
/** So long passes at once where nothing is planned: the agent looks around about as often. */
const STEP_MS = 10 * 60_000
/** Real time for the programs to do what fell due. */
const SETTLE_MS = 25
/** What a training or a round of the tiny model may take of it before more time passes. */
const WORK_MS = 5000
/** What an answer may take through the device, of a Claude that answers at once. */
const ANSWER_LIMIT_MS = 5000

type World = {
  readonly machine: Machine
  readonly claude: Network
  readonly server: Network
  readonly federation: Federation
  readonly agent: Agent
  readonly disk: Disk
  readonly user: User
  readonly diary: Diary
  readonly violate: (what: string) => void
  readonly state: State
}

type State = {
  claude: Weather
  thread: Thread
  threads: number
  workSince: number | null
  asked: number
  kills: number
  rounds: Set<string>
  residentBytes: number
  homeBytes: number
}

export const runSoak = async ({ seed, days, cache, print, signal }: SoakOptions): Promise<Soak> => {
  const folder = mkdtempSync(join(tmpdir(), 'loreweave-soak-'))
  const closing: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })]
  const violations: string[] = []
  try {
    const world = await openWorld(folder, { seed, cache, print }, closing, violations)
    const plan = planWeek(seed, days)
    await enroll(world)
    for (const event of plan) {
      signal?.throwIfAborted()
      await passUntil(world, START_MS + event.at)
      await live(world, event)
    }
    world.diary.close()
    const { state, user } = world
    return {
      violations,
      events: plan.length,
      asked: state.asked,
      rounds: state.rounds.size,
      feedback: user.acknowledged.length,
      forgotten: user.conversations.filter((one) => one.isForgotten).length,
      kills: state.kills,
      residentBytes: state.residentBytes,
      homeBytes: state.homeBytes,
    }
  } finally {
    for (const close of closing.reverse()) await close()
  }
}

const openWorld = async (
  folder: string,
  { seed, cache, print }: Pick<SoakOptions, 'seed' | 'cache' | 'print'>,
  closing: (() => unknown)[],
  violations: string[],
): Promise<World> => {
  const machine = openMachine(START_MS)
  closing.push(machine.stopAll)
  const { clock } = machine
  const mock = await startClaude({ seed, clock })
  closing.push(() => mock.close())
  const claude = await openNetwork(mock.url, clock)
  closing.push(() => claude.close())
  const model = await openModel({ cacheFolder: cache, name: 'tiny' })
  const engine = openEngine({ folder: model.folder, threads: 1, oneChild: true })
  closing.push(() => engine.close())
  const federation = await openFederation({
    machine,
    folder: join(folder, 'server'),
    model,
    engine,
    seed,
  })
  closing.push(federation.close)
  const server = await openNetwork(federation.url(), clock)
  closing.push(() => server.close())
  const disk = openDisk(join(folder, 'disk'))
  closing.push(disk.close)
  const diary = openDiary(print)
  const violate = (what: string): void => {
    // What stays wrong is reported once.
    if (violations.includes(what)) return
    violations.push(what)
    diary.write(clock(), `WRONG: ${what}`)
  }
  const agent = await openAgent({
    machine,
    home: join(disk.folder, 'home'),
    cache,
    claudeUrl: claude.url,
    onEvent: (event) => tellWork(diary, clock, event),
  })
  const user = openUser(agent, clock)
  const state: State = {
    claude: 'fair',
    thread: beginThread(0),
    threads: 1,
    workSince: null,
    asked: 0,
    kills: 0,
    rounds: new Set(),
    residentBytes: 0,
    homeBytes: 0,
  }
  return { machine, claude, server, federation, agent, disk, user, diary, violate, state }
}

/** Looking for a round that is not there is no event. */
const IDLE = ['no_job', 'cohort_full', 'contributed', 'not_eligible']

const tellWork = (diary: Diary, clock: () => number, event: Record<string, unknown>): void => {
  const { event: name, work, outcome, code, note } = event
  if (name !== 'ended' || (outcome === 'done' && IDLE.includes(String(note)))) return
  const what = work === 'round' ? 'takes part in a round' : 'trains'
  const how = outcome === 'done' ? 'to the end' : `${outcome}${code ? ` with ${code}` : ''}`
  diary.write(clock(), `The agent ${what}: ${how}.`)
}

const enroll = async ({
  agent,
  federation,
  server,
  violate,
  diary,
  machine,
}: World): Promise<void> => {
  const token = await federation.token()
  const { code, stderr } = await agent.command(`enroll --server ${server.url}`, {
    LOREWEAVE_ENROLL_TOKEN: token,
  })
  if (code !== 0) violate(`enrolling failed: ${stderr}`)
  await agent.up()
  diary.write(machine.clock(), 'The agent is set up and enrolled, and listens.')
}

/** Time passes in steps; where the agent is at work, it gets real time for it. */
const passUntil = async (world: World, at: number): Promise<void> => {
  const { machine, agent } = world
  while (machine.clock() < at) {
    await machine.advance(Math.min(STEP_MS, at - machine.clock()))
    await real(SETTLE_MS)
    const begun = performance.now()
    const isComputing = () => agent.isAtWork() && agent.running()?.hasEnded() === false
    while (isComputing() && performance.now() - begun < WORK_MS) await real(SETTLE_MS)
    limitWork(world, isComputing())
  }
}

/** Work that goes on for so long of simulated time hangs. */
const WORK_LIMIT_MS = 4 * 3_600_000

const limitWork = ({ machine, state, violate }: World, isAtWork: boolean): void => {
  if (!isAtWork) state.workSince = null
  else state.workSince ??= machine.clock()
  if (state.workSince !== null && machine.clock() - state.workSince > WORK_LIMIT_MS)
    violate('work of the agent did not end in hours')
}

const real = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

const live = async (world: World, event: Event): Promise<void> => {
  const { agent, diary, machine, violate } = world
  const run = agent.running()
  if (run?.hasEnded()) violate(`the agent ended by itself: ${(await run.ended).stderr.slice(-300)}`)
  await start(world)
  const line = await HANDLERS[event.kind](world, event as never)
  if (line) diary.write(machine.clock(), line)
}

const start = async ({ agent, violate }: World): Promise<void> => {
  try {
    await agent.up()
  } catch (error) {
    violate(`the agent does not start: ${error instanceof Error ? error.message : error}`)
  }
}

type Handlers = {
  readonly [K in Act['kind']]: (
    world: World,
    act: Extract<Act, { kind: K }>,
  ) => Promise<string | undefined> | string | undefined
}

const HANDLERS: Handlers = {
  ask: (world, { ask: how }) => asks(world, how),
  react: ({ user }, { reaction }) => user.reacts(reaction),
  prefer: ({ user }, { dimension, direction }) => user.prefers(dimension, direction),
  consent: ({ user }, { isGranted }) => user.consents(isGranted),
  forget: ({ user }) => user.forgets(),
  pause: ({ user }, { isPaused }) => user.pauses(isPaused),
  look: async ({ user, violate }) => {
    if ((await user.looks()) === null) violate('the page was not answered')
    return undefined
  },
  command: async ({ agent, violate }, { line }) => {
    const { code, stderr } = await agent.command(line)
    if (code !== 0) violate(`loreweave ${line} ended with ${code}: ${stderr.slice(-300)}`)
    return `The user types: loreweave ${line}.`
  },
  claude: ({ claude, state }, { weather }) => {
    claude.setWeather(weather)
    state.claude = weather
    return `Claude ${WEATHER_WORDS[weather]}.`
  },
  server: async ({ server, federation }, { weather }) => {
    await federation.up()
    server.setWeather(weather)
    return `The federation server ${WEATHER_WORDS[weather]}.`
  },
  disk: async (world, { trouble }) => {
    const { disk, agent } = world
    if (trouble === 'none') {
      disk.end()
      return 'The disk is well again.'
    }
    // A file system with files open for writing cannot become read-only.
    if (trouble === 'read-only') await agent.kill('SIGTERM')
    const isTried = disk.begin(trouble)
    await start(world)
    return isTried
      ? `The disk of the home is ${trouble}.`
      : `The disk cannot be made ${trouble} here.`
  },
  sleep: async ({ agent, machine }, { ms }) => {
    agent.signal('SIGSTOP')
    await machine.advance(ms)
    agent.signal('SIGCONT')
    await real(200)
    return `The computer slept for ${duration(ms)}.`
  },
  clock: async ({ agent, machine }, { ms }) => {
    const run = agent.running()
    if (run) await machine.setClock(run, ms)
    return `The clock is set ${ms > 0 ? 'forward' : 'back'} by ${duration(ms)}.`
  },
  kill: async (world, { what }) => {
    const { agent, federation, state } = world
    state.kills++
    if (what === 'model') return `${agent.killModel()} processes of the local model are killed.`
    if (what === 'server') {
      await federation.kill()
      await federation.up()
      return 'The federation server is killed, and started again.'
    }
    await agent.kill('SIGKILL')
    await start(world)
    return 'The agent is killed, and started again.'
  },
  restart: async (world) => {
    world.state.kills++
    await world.agent.kill('SIGTERM')
    await start(world)
    return 'The agent is stopped, and started again.'
  },
  job: async ({ federation }) => {
    await federation.up()
    const text = await federation.newJob()
    await federation.contribute()
    return text
  },
  'cancel-job': ({ federation }) => federation.cancelJob(),
  check: (world) => checks(world),
}

const asks = async (world: World, how: Parameters<typeof ask>[2]): Promise<undefined> => {
  const { agent, claude, diary, machine, state, user, violate } = world
  if (how !== 'turn' || state.thread.messages.length === 0)
    state.thread = beginThread(++state.threads)
  const before = claude.passed.length
  const answered = await ask(agent.url(), state.thread, how)
  state.asked++
  user.sees(state.thread.word, answered.isWhole ? answered.decisionId : null)
  if (how === 'left') return undefined
  const asked = claude.passed.slice(before)
  const isAnswered = asked.some(({ status }) => status !== null && status < 300)
  if (answered.isWhole) {
    diary.count(machine.clock(), answered.ms)
    if (state.claude === 'fair' && answered.ms > ANSWER_LIMIT_MS)
      violate(`an answer took ${Math.round(answered.ms)} ms`)
  } else if (isAnswered || state.claude === 'fair') {
    violate(`the app's request (${how}) failed with ${answered.status}, though Claude answered`)
  } else {
    diary.write(
      machine.clock(),
      `The app asks, and is told ${answered.status ?? 'nothing'}, as without the device.`,
    )
  }
  return undefined
}

/** What the device acknowledged is there, what was forgotten is gone, and it has not grown. */
const checks = async (world: World): Promise<string> => {
  const { agent, disk, state, user, server, violate } = world
  const found = await lookInto(world.agent, join(world.disk.folder, 'home'), world.user)
  if (!found) {
    violate('the agent does not answer')
    return 'The check could not be made.'
  }
  const { acknowledged, conversations, stated, withoutConsent } = user
  const ledger = {
    acknowledged,
    conversations,
    stated,
    isConsented: user.isConsented(),
    withoutConsent,
    toServer: server.passed,
  }
  for (const what of wrongs(ledger, found, BOUNDS)) violate(what)
  state.residentBytes = Math.max(state.residentBytes, found.residentBytes ?? 0)
  state.homeBytes = Math.max(state.homeBytes, found.homeBytes)
  for (const round of found.acceptedRounds) state.rounds.add(round)
  return (
    `All is checked: memory ${megabytes(residentBytes(agent.pid()) ?? 0)}, home ` +
    `${megabytes(bytesIn(join(disk.folder, 'home')))}, ${state.rounds.size} rounds.`
  )
}
