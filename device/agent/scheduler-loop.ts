/** The agent: looks at the machine, asks the scheduler, does what it says, and keeps what came of it. Everything outside is an argument. */
import { asFedError } from '../../adapters/errors.ts'
import type { Rng } from '../../adapters/random.ts'
import { NO_READINGS } from './conditions-status.ts'
import type { Overrides } from './conditions.ts'
import { energyEntries, expectedJoules, joulesPerPoint, joulesSince, keepCheckIn, keepEnergy, type EnergyEntry } from './energy-status.ts'
import { totalOf, type Energy, type EnergyMeter } from './energy.ts'
import { beginScheduler, stepScheduler, type Instant, type SchedulerState, type Step, type Work } from './scheduler.ts'
import type { Progress } from '../home/progress.ts'
import type { AgentSettings } from '../home/settings.ts'
import type { Sleep } from '../http/sleep.ts'
import type { HoldReason, LastTraining, Readings } from '../records/agent-reports.ts'
import { CONTACT, consentRefusal } from '../store/consent.ts'
import type { Look } from '../store/live.ts'
import { servingState } from '../store/private-adapter.ts'
import type { DeviceStore } from '../store/store.ts'
import { isTrainingPaused } from '../store/training.ts'
import { z } from 'zod'

type WorkOptions = {
  readonly signal: AbortSignal
  readonly onProgress: (progress: Progress) => void
  readonly isUnattended: boolean
}
/** What the agent needs of a device. */
type WorkingDevice = {
  train(
    options: WorkOptions & { readonly adapter: true },
  ): Promise<{ readonly adapter: { readonly points: number | null } | null }>
  participate(
    options: WorkOptions & { readonly onAssigned: (roundId: string) => void },
  ): Promise<{ readonly ended: string; readonly retryAfterMs: number }>
}

export type AgentDeps = {
  readonly device: WorkingDevice
  readonly store: DeviceStore
  readonly settings: AgentSettings
  readonly overrides: Overrides
  /** Whether there is a server. */
  readonly isEnrolled: boolean
  readonly read: () => Promise<Readings>
  readonly meter: EnergyMeter
  /** Stops what runs at once, and lets it go on. */
  readonly hold: (isHeld: boolean) => void
  /** Everything that begins from now on ends with this signal. */
  readonly endsWith: (signal: AbortSignal) => void
  /** What is due once a day: retention. */
  readonly upkeep: () => void | Promise<void>
  readonly clock: () => number
  /** Milliseconds of a clock that is never set. */
  readonly steady: () => number
  /** Of local time. */
  readonly calendar: Calendar
  readonly sleep: Sleep
  readonly rng: Rng
  readonly emit: (event: AgentEvent) => void
  /** Ends when nothing more is to be done now. */
  readonly isOnce?: boolean
  readonly signal: AbortSignal
}

export type Calendar = {
  /** Minutes since local midnight. */
  readonly minutes: (now: number) => number
  readonly startOfDay: (now: number) => number
}

/** What `loreweave agent` prints, one JSON object a line. */
export type AgentEvent =
  | { event: 'allowed' | 'held'; reasons: readonly HoldReason[]; readings: Readings }
  | { event: 'slept'; seconds: number }
  | { event: 'started' | 'resumed'; work: Work }
  | { event: 'paused' | 'stopping'; work: Work; reasons: readonly HoldReason[] }
  | { event: 'progress'; work: Work; step: string; done?: number; of?: number; note?: string }
  | ({ event: 'ended'; work: Work; note: string | null; message?: string } & Pick<
      LastTraining,
      'outcome' | 'code'
    > &
      Pick<EnergyEntry, 'joules' | 'seconds' | 'method' | 'roundId' | 'points'> & {
        joulesPerPoint: number | null
      })
  | { event: 'upkeep' }
  | { event: 'failed'; code: string; message: string }

/** How often what a running piece of work has taken is kept, against a kill. */
const KEEP_MS = 30_000
/** A look that an agent has not followed by another for so long after it was due says nothing. */
const STALE_MS = 60_000
/** Steps are told no more often. */
const PROGRESS_MS = 5000
/** After a look that failed while work runs. */
const FAILED_LOOK_MS = 1000

/** Resolves when the signal aborts, with what ran ended and kept. */
export const runAgent = async (deps: AgentDeps): Promise<void> => {
  const { store, signal } = deps
  let state = begin(deps)
  let running: Running | null = null
  const told: Told = { reasons: null }
  const step = (event: Parameters<typeof stepScheduler>[1]) => {
    const result = stepScheduler(state, event, deps.settings, deps.overrides)
    state = result.state
    return result
  }
  const settle = async ({ work, result, energy, entry }: Running) => {
    const done = await result
    running = null
    deps.hold(false)
    step({ ...endedNow(deps), ...done })
    keepAgent(deps, state, work === 'round' ? done.retryAfterMs : undefined)
    recordEnd(deps, work, done, entry, await deps.meter.add(energy).catch(() => energy))
  }
  while (!signal.aborted) {
    let waitMs = 1000 * deps.settings.lookSeconds
    try {
      if (running?.isOver()) await settle(running)
      if (running) await measure(deps, running)
      const readings = { ...(await deps.read()), ...deps.overrides.assume }
      const now = step(lookAt(deps, readings, running))
      waitMs = now.waitMs
      tell(deps, now, readings, state, told)
      running = await act(deps, now, running)
      if (now.action === 'upkeep') keepAgent(deps, state)
      if (deps.isOnce && !running && now.action === 'wait') break
    } catch (error) {
      const { code, message } = asFedError(error)
      deps.emit({ event: 'failed', code, message })
      if (running) waitMs = FAILED_LOOK_MS
      else if (state.work) step({ ...endedNow(deps), ...DONE, outcome: 'failed', code })
    }
    await pause(deps, waitMs, running)
  }
  if (running) {
    running.cancel()
    await settle(running)
  }
  store.live.look = null
}

/** From an earlier run: intervals by the wall clock, no longer than they were. */
const Kept = z.object({
  trained: z.number(),
  roundAt: z.number(),
  roundMs: z.number(),
  upkeepAt: z.number(),
})
const DAY_MS = 24 * 3600_000

const begin = (deps: AgentDeps): SchedulerState => {
  const { store } = deps
  const kept = Kept.nullish().parse(store.get('agent'))
  const at = instant(deps)
  const left = (since: number, ms: number) =>
    since > at.wall ? 0 : Math.max(0, since + ms - at.wall)
  return beginScheduler(at, {
    trained: kept?.trained ?? 0,
    choices: store.countChoices(),
    roundMs: kept ? left(kept.roundAt, kept.roundMs) : 0,
    upkeepMs: kept ? left(kept.upkeepAt, DAY_MS) : 0,
  })
}

const keepAgent = (deps: AgentDeps, state: SchedulerState, roundMs?: number): void => {
  const now = deps.clock()
  const upkeepAt = now - (DAY_MS - (state.next.upkeep - deps.steady()))
  deps.store.update('agent', (kept) => {
    const before = Kept.nullish().parse(kept)
    return {
      trained: state.trained,
      roundAt: roundMs === undefined ? (before?.roundAt ?? 0) : now,
      roundMs: roundMs ?? before?.roundMs ?? 0,
      upkeepAt,
    } satisfies z.infer<typeof Kept>
  })
}

const endedNow = (deps: AgentDeps) => ({
  kind: 'ended' as const,
  at: instant(deps),
  jitter: deps.rng.uniform(),
})

const instant = ({ clock, steady }: AgentDeps): Instant => ({ wall: clock(), steady: steady() })

const lookAt = (deps: AgentDeps, readings: Readings, running: Running | null) => {
  const { store, calendar, isEnrolled, rng } = deps
  const at = instant(deps)
  const entries = energyEntries(store)
  const others = entries.filter(({ id }) => id !== running?.entry.id)
  const now = running ? totalOf(running.energy).joules : 0
  return {
    kind: 'look' as const,
    at,
    minutes: calendar.minutes(at.wall),
    readings,
    isPaused: isTrainingPaused(store),
    choices: store.countChoices(),
    hasAdapter: servingState(store).private,
    mayContribute: isEnrolled && consentRefusal(store.consent(), CONTACT, at.wall) === null,
    spent: now + joulesSince(others, calendar.startOfDay(at.wall)),
    expected: {
      training: expectedJoules(entries, 'training'),
      round: expectedJoules(entries, 'round'),
    },
    jitter: rng.uniform(),
  }
}

/** What was last told. */
type Told = { reasons: string | null }

/** Says what has changed, and keeps the look for status and page. */
const tell = (
  { store, clock, emit, settings }: AgentDeps,
  { reasons, sleptMs, waitMs, dueMs }: Step,
  readings: Readings,
  state: SchedulerState,
  told: Told,
): void => {
  if (sleptMs > 0) emit({ event: 'slept', seconds: Math.round(sleptMs / 1000) })
  const now = reasons.join()
  const isNew = now !== told.reasons
  if (isNew) emit({ event: now === '' ? 'allowed' : 'held', reasons, readings })
  told.reasons = now
  const at = clock()
  const look: Look = {
    at,
    goodUntil: at + waitMs + Math.max(STALE_MS, 1000 * settings.lookSeconds),
    reasons: [...reasons],
    readings: { ...NO_READINGS, ...readings },
    nextLook: Math.round(at + waitMs),
    nextTraining: state.work ? Math.round(at) : dueMs === null ? null : Math.round(at + dueMs),
  }
  store.live.look = look
}

type Result = Pick<LastTraining, 'outcome' | 'code'> & {
  readonly retryAfterMs: number
  readonly points: number | null
  readonly note: string | null
  readonly message?: string
}

type Running = {
  readonly work: Work
  readonly result: Promise<Result>
  readonly isOver: () => boolean
  readonly cancel: () => void
  readonly entry: { readonly id: string; readonly at: number; roundId: string | null }
  energy: Energy
  keptAt: number
}

const act = async (
  deps: AgentDeps,
  { action, reasons }: Step,
  running: Running | null,
): Promise<Running | null> => {
  const { emit } = deps
  if (action === 'upkeep') {
    await deps.upkeep()
    emit({ event: 'upkeep' })
  }
  if (action === 'start-training' || action === 'start-round') {
    const work = action === 'start-round' ? 'round' : 'training'
    const energy = await deps.meter.begin()
    emit({ event: 'started', work })
    return startWork(deps, work, energy)
  }
  if (!running) return null
  const { work } = running
  if (action === 'hold') {
    deps.hold(true)
    emit({ event: 'paused', work, reasons })
  }
  if (action === 'resume') {
    deps.hold(false)
    emit({ event: 'resumed', work })
  }
  if (action === 'cancel') {
    emit({ event: 'stopping', work, reasons })
    running.cancel()
  }
  return running
}

const startWork = (deps: AgentDeps, work: Work, energy: Energy): Running => {
  const abort = new AbortController()
  deps.endsWith(abort.signal)
  const at = deps.clock()
  const entry: Running['entry'] = { id: `${work}/${at}`, at, roundId: null }
  let toldAt = Number.NEGATIVE_INFINITY
  const onProgress = (progress: Progress) => {
    if (progress.done !== undefined && deps.steady() - toldAt < PROGRESS_MS) return
    toldAt = deps.steady()
    deps.emit({ event: 'progress', work, ...progress })
  }
  const options = { signal: abort.signal, onProgress, isUnattended: true }
  let isOver = false
  const run = async (): Promise<Result> => {
    if (work === 'training') {
      const { adapter } = await deps.device.train({ ...options, adapter: true })
      return { ...DONE, points: adapter?.points ?? null }
    }
    const onAssigned = (roundId: string) => {
      entry.roundId = roundId
    }
    const { ended, retryAfterMs } = await deps.device.participate({ ...options, onAssigned })
    return { ...DONE, retryAfterMs, note: ended }
  }
  const result = run()
    .catch((error): Result => {
      const { code, message } = asFedError(error)
      // Whose consent ended has nothing to mend; and other work may have come first.
      const isStopped = abort.signal.aborted || code === 'E_CONSENT' || code === 'E_CANCELLED'
      const outcome = isStopped ? 'stopped' : 'failed'
      return { ...DONE, outcome, code: outcome === 'failed' ? code : null, message }
    })
    .finally(() => {
      isOver = true
    })
  const cancel = () => abort.abort()
  return { work, result, isOver: () => isOver, cancel, entry, energy, keptAt: deps.steady() }
}
const DONE: Result = { outcome: 'done', code: null, retryAfterMs: 0, points: null, note: null }

/** Adds up what the work takes, and keeps it now and then. */
const measure = async (deps: AgentDeps, running: Running): Promise<void> => {
  running.energy = await deps.meter.add(running.energy)
  if (deps.steady() - running.keptAt < KEEP_MS) return
  keepEnergy(deps.store, entryOf(running.work, running.entry, running.energy))
  running.keptAt = deps.steady()
}

const entryOf = (work: Work, entry: Running['entry'], energy: Energy): EnergyEntry => ({
  ...entry,
  work,
  ...totalOf(energy),
  isFinished: false,
  points: null,
})

const recordEnd = (
  { store, clock, emit, calendar }: AgentDeps,
  work: Work,
  { outcome, code, points, note, message }: Result,
  entry: Running['entry'],
  energy: Energy,
): void => {
  const isFinished = outcome === 'done' && (work === 'training' || entry.roundId !== null)
  const kept = { ...entryOf(work, entry, energy), isFinished, points }
  if (work === 'round' && entry.roundId === null)
    keepCheckIn(store, kept, calendar.startOfDay(entry.at))
  else {
    keepEnergy(store, kept)
    const at = Math.round(clock())
    store.update('lastTraining', () => ({ at, what: work, outcome, code }))
  }
  const { joules, seconds, method, roundId } = kept
  const perPoint = work === 'training' && isFinished ? joulesPerPoint(energyEntries(store)) : null
  emit({
    event: 'ended',
    work,
    outcome,
    code,
    note,
    ...(message !== undefined && outcome === 'failed' && { message }),
    joules,
    seconds,
    method,
    roundId,
    points,
    joulesPerPoint: perPoint,
  })
}

/** Until the next look, or until what runs has ended. */
const pause = async (
  { sleep, signal }: AgentDeps,
  ms: number,
  running: Running | null,
): Promise<void> => {
  if (ms <= 0) return
  const wake = new AbortController()
  void running?.result.then(() => wake.abort())
  await sleep(ms, AbortSignal.any([signal, wake.signal])).catch(() => {})
}
