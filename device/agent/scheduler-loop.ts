/**
 * The agent's loop: reads the machine, asks the scheduler, carries out its action and stores the
 * result.
 */
import { asFedError } from '../../adapters/errors.ts'
import { DAY_MS } from '../../adapters/time.ts'
import type { Readings } from '../records/agent-reports.ts'
import { CONTACT, consentRefusal } from '../store/consent.ts'
import type { Look } from '../store/live.ts'
import { servingState } from '../store/private-adapter.ts'
import { isTrainingPaused } from '../store/training.ts'
import { NO_READINGS } from './conditions-status.ts'
import { totalOf } from './energy.ts'
import { energyEntries, expectedJoules, joulesSince } from './energy-status.ts'
import {
  beginScheduler,
  type Instant,
  type SchedulerState,
  type Step,
  stepScheduler,
} from './scheduler.ts'
import { type AgentDeps, DONE, measure, type Running, recordEnd, startWork } from './work.ts'

/** A tick is stale once the next one is this late. */
const STALE_MS = 60_000
/** Interval after a failed tick while work runs. */
const FAILED_TICK_MS = 1000

/** Resolves when the signal aborts, after running work has ended and its record is stored. */
export const runAgent = async (deps: AgentDeps): Promise<void> => {
  const { store, signal } = deps
  let state = begin(deps)
  let running: Running | null = null
  const reported: Reported = { reasons: null }
  const step = (event: Parameters<typeof stepScheduler>[1]) => {
    const result = stepScheduler(state, event, deps.settings, deps.overrides)
    state = result.state
    return result
  }
  const settle = async ({ work, result, energy, entry }: Running) => {
    const done = await result
    running = null
    deps.suspend(false)
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
      const now = step(tickEvent(deps, readings, running))
      waitMs = now.waitMs
      report(deps, now, readings, state, reported)
      running = await act(deps, now, running)
      if (now.action === 'upkeep') keepAgent(deps, state)
      if (deps.isOnce && !running && now.action === 'wait') break
    } catch (error) {
      const { code, message } = asFedError(error)
      deps.emit({ event: 'failed', code, message })
      if (running) waitMs = FAILED_TICK_MS
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

/** Intervals of an earlier run continue on the wall clock, but never grow. */
const begin = (deps: AgentDeps): SchedulerState => {
  const { store } = deps
  const kept = store.get('agent')
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
  const upkeepAt = now - (DAY_MS - (state.next.upkeep - deps.monotonicMs()))
  deps.store.update('agent', (before) => ({
    trained: state.trained,
    roundAt: roundMs === undefined ? (before?.roundAt ?? 0) : now,
    roundMs: roundMs ?? before?.roundMs ?? 0,
    upkeepAt,
  }))
}

const endedNow = (deps: AgentDeps) => ({
  kind: 'ended' as const,
  at: instant(deps),
  jitter: deps.rng.uniform(),
})

const instant = ({ clock, monotonicMs }: AgentDeps): Instant => ({
  wall: clock(),
  monotonic: monotonicMs(),
})

const tickEvent = (deps: AgentDeps, readings: Readings, running: Running | null) => {
  const { store, calendar, isEnrolled, rng } = deps
  const at = instant(deps)
  const entries = energyEntries(store)
  const others = entries.filter(({ id }) => id !== running?.entry.id)
  const now = running ? totalOf(running.energy).joules : 0
  return {
    kind: 'tick' as const,
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

/** The last reported state. */
type Reported = { reasons: string | null }

/** Reports what has changed, and stores the tick for status and page. */
const report = (
  { store, clock, emit, settings }: AgentDeps,
  { reasons, sleptMs, waitMs, dueMs }: Step,
  readings: Readings,
  state: SchedulerState,
  reported: Reported,
): void => {
  if (sleptMs > 0) emit({ event: 'slept', seconds: Math.round(sleptMs / 1000) })
  const now = reasons.join()
  const isNew = now !== reported.reasons
  if (isNew) emit({ event: now === '' ? 'allowed' : 'held', reasons, readings })
  reported.reasons = now
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
  if (action === 'suspend') {
    deps.suspend(true)
    emit({ event: 'paused', work, reasons })
  }
  if (action === 'resume') {
    deps.suspend(false)
    emit({ event: 'resumed', work })
  }
  if (action === 'cancel') {
    emit({ event: 'stopping', work, reasons })
    running.cancel()
  }
  return running
}

/** Waits for the next tick, or until running work has ended. */
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
