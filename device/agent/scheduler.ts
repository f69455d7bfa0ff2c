/**
 * Decides when the agent works: a pure machine, (state, event) -> state and action. Intervals use
 * the monotonic clock; the wall clock decides only hours and days. If it runs ahead of the monotonic
 * clock, the machine slept.
 */
import { DAY_MS } from '../../adapters/time.ts'
import type { AgentSettings } from '../home/settings.ts'
import type { HoldReason, Readings } from '../records/agent-reports.ts'
import { holdReasons, isBlockedByMetering, type Overrides } from './conditions.ts'

export type Work = 'training' | 'round'
/** wall: milliseconds since 1970. monotonic: milliseconds of a clock that is never set. */
export type Instant = { readonly wall: number; readonly monotonic: number }

export type SchedulerState = {
  /** suspendedAt: monotonic; null while it runs. choices: their number when the work began. */
  readonly work: {
    readonly kind: Work
    readonly suspendedAt: number | null
    readonly choices: number
    readonly isEnding: boolean
  } | null
  /** Monotonic time of the earliest next one, and consecutive failures. */
  readonly next: Readonly<Record<Work | 'upkeep', number>>
  readonly failures: Readonly<Record<Work, number>>
  /** Choices that the last training had seen, and their number at the last tick. */
  readonly trained: number
  readonly seen: number
  /** Whether there was a private adapter at the last tick. */
  readonly hadAdapter: boolean
  readonly wasHot: boolean
  readonly last: Instant
}

export type SchedulerEvent =
  | {
      readonly kind: 'tick'
      readonly at: Instant
      /** Minutes since local midnight. */
      readonly minutes: number
      readonly readings: Readings
      readonly isPaused: boolean
      readonly choices: number
      readonly hasAdapter: boolean
      /** Whether the device is enrolled and has a valid consent. */
      readonly mayContribute: boolean
      /** Joules of this day, running work included, and the expected joules of a piece of work. */
      readonly spent: number
      readonly expected: Readonly<Record<Work, number>>
      /** Uniform in [0, 1). */
      readonly jitter: number
    }
  | {
      readonly kind: 'ended'
      readonly at: Instant
      readonly outcome: 'done' | 'stopped' | 'failed'
      readonly code: string | null
      /** The server's wait after a round. */
      readonly retryAfterMs: number
      readonly jitter: number
    }
type TickEvent = Extract<SchedulerEvent, { kind: 'tick' }>

export type Action =
  | 'wait'
  | 'upkeep'
  | 'start-training'
  | 'start-round'
  | 'suspend'
  | 'resume'
  | 'cancel'

export type Step = {
  readonly state: SchedulerState
  readonly action: Action
  /** Why no work is done; empty if work runs or none is due. */
  readonly reasons: readonly HoldReason[]
  /** Wait until the next tick. */
  readonly waitMs: number
  /** Milliseconds until work is due, if conditions permit; null if none is. */
  readonly dueMs: number | null
  /** Milliseconds that the machine slept, or its clock was set forward, before this tick. */
  readonly sleptMs: number
}

/** Tick interval while work runs: the longest delay before a violated condition is seen. */
const WORK_TICK_MS = 1000
/** Work suspended for longer is cancelled; its checkpoint stays. */
const MAX_SUSPENDED_MS = 10 * 60_000
/** Wait after ended work, and between check-ins whatever the server says. */
const MIN_WAIT_MS = 30_000
/** If the wall clock gains this much on the monotonic clock, the machine slept. */
const SLEPT_MS = 2 * 60_000
const AFTER_SLEEP_MS = 60_000
const BACKOFF: Readonly<Record<Work, { firstMs: number; mostMs: number }>> = {
  round: { firstMs: 60_000, mostMs: 3600_000 },
  training: { firstMs: 10 * 60_000, mostMs: 6 * 3600_000 },
}
/**
 * Work expected to take more than this share of the day's budget starts when this share is left, and
 * ends when the budget is spent.
 */
const MAX_BUDGET_SHARE = 0.9

/** roundMs, upkeepMs: time until the next one, as stored by an earlier run. */
export const beginScheduler = (
  at: Instant,
  kept: { trained: number; choices: number; roundMs: number; upkeepMs: number },
): SchedulerState => ({
  work: null,
  next: {
    training: at.monotonic,
    round: at.monotonic + kept.roundMs,
    upkeep: at.monotonic + kept.upkeepMs,
  },
  failures: { training: 0, round: 0 },
  trained: Math.min(kept.trained, kept.choices),
  seen: kept.choices,
  hadAdapter: false,
  wasHot: false,
  last: at,
})

export const stepScheduler = (
  state: SchedulerState,
  event: SchedulerEvent,
  settings: AgentSettings,
  overrides: Overrides,
): Step => (event.kind === 'ended' ? ended(state, event) : tick(state, event, settings, overrides))

const tick = (
  before: SchedulerState,
  event: TickEvent,
  settings: AgentSettings,
  overrides: Overrides,
): Step => {
  const { at, readings } = event
  const { state: awake, sleptMs } = afterSleep(before, event)
  const held = holdReasons({ ...event, wasHot: before.wasHot }, settings, overrides)
  // Forgotten and expired choices are assumed to have been trained on.
  const forgotten = Math.max(0, before.seen - event.choices)
  const state: SchedulerState = {
    ...awake,
    // An adapter that was erased with its training data is trained anew from the rest.
    trained: before.hadAdapter && !event.hasAdapter ? 0 : Math.max(0, before.trained - forgotten),
    seen: event.choices,
    hadAdapter: event.hasAdapter,
    wasHot: held.includes('too_hot'),
    last: at,
  }
  const isMetered = isBlockedByMetering(readings, settings, overrides)
  const result = {
    waitMs: 1000 * settings.lookSeconds,
    sleptMs,
    dueMs: dueMs(state, event, settings),
  }
  const budget = overrides.ignore.has('budget') ? null : settings.joulesPerDay
  if (state.work) {
    const reasons = state.work.kind === 'round' && isMetered ? [...held, 'metered' as const] : held
    return { ...result, ...whileWorking(state, state.work, reasons, event, budget) }
  }
  if (at.monotonic >= state.next.upkeep) {
    const next = { ...state.next, upkeep: at.monotonic + DAY_MS }
    return { ...result, state: { ...state, next }, action: 'upkeep', reasons: held, waitMs: 0 }
  }
  const due = dueWork(state, event, settings)
  const reasons = new Set(held)
  for (const kind of due) {
    if (kind === 'round' && isMetered) reasons.add('metered')
    else if (budget !== null && !fits(event.spent, event.expected[kind], budget))
      reasons.add('budget_spent')
    else if (held.length === 0) {
      const work = { kind, suspendedAt: null, choices: event.choices, isEnding: false }
      const action = `start-${kind}` as const
      return { ...result, state: { ...state, work }, action, reasons: [], waitMs: WORK_TICK_MS }
    }
  }
  const waitMs = Math.min(result.waitMs, Math.max(1000, result.dueMs || result.waitMs))
  return { ...result, state, action: 'wait', reasons: [...reasons], waitMs }
}

const whileWorking = (
  state: SchedulerState,
  work: NonNullable<SchedulerState['work']>,
  reasons: readonly HoldReason[],
  { at, spent, mayContribute }: TickEvent,
  budget: number | null,
): Pick<Step, 'state' | 'action' | 'reasons' | 'waitMs'> => {
  const { suspendedAt } = work
  const stay = { state, action: 'wait' as const, reasons, waitMs: WORK_TICK_MS }
  const change = (action: Action, changes: Partial<typeof work>) => ({
    ...stay,
    state: { ...state, work: { ...work, ...changes } },
    action,
  })
  const cancel = change('cancel', { isEnding: true })
  if (work.isEnding) return stay
  if (work.kind === 'round' && !mayContribute) return cancel
  if (budget !== null && spent >= budget) return { ...cancel, reasons: ['budget_spent'] }
  if (reasons.length === 0)
    return suspendedAt === null ? stay : change('resume', { suspendedAt: null })
  if (suspendedAt === null) return change('suspend', { suspendedAt: at.monotonic })
  return at.monotonic - suspendedAt >= MAX_SUSPENDED_MS ? cancel : stay
}

const ended = (
  state: SchedulerState,
  { at, outcome, code, retryAfterMs, jitter }: Extract<SchedulerEvent, { kind: 'ended' }>,
): Step => {
  const kind = state.work?.kind ?? 'training'
  // Without data a retry would fail until there are new choices.
  const isTrained = kind === 'training' && (outcome === 'done' || code === 'E_DATA')
  const failures = outcome === 'failed' ? state.failures[kind] + 1 : 0
  const { firstMs, mostMs } = BACKOFF[kind]
  const waitMs =
    outcome === 'failed'
      ? Math.min(mostMs, firstMs * 2 ** (failures - 1)) * (0.5 + jitter / 2)
      : Math.max(MIN_WAIT_MS, retryAfterMs) * (1 + jitter / 4)
  return {
    state: {
      ...state,
      work: null,
      next: { ...state.next, [kind]: at.monotonic + waitMs },
      failures: { ...state.failures, [kind]: failures },
      trained: isTrained ? Math.min(state.work?.choices ?? 0, state.seen) : state.trained,
    },
    action: 'wait',
    reasons: [],
    waitMs: WORK_TICK_MS,
    dueMs: null,
    sleptMs: 0,
  }
}

/**
 * Intervals continue while the machine sleeps. Work that became due meanwhile starts at a random
 * time within a minute, so that devices that wake together do not check in together.
 */
const afterSleep = (state: SchedulerState, { at, jitter }: TickEvent) => {
  const sleptMs = at.wall - state.last.wall - (at.monotonic - state.last.monotonic)
  if (sleptMs < SLEPT_MS) return { state, sleptMs: 0 }
  const sooner = (due: number) =>
    Math.min(due, Math.max(due - sleptMs, at.monotonic + jitter * AFTER_SLEEP_MS))
  const { training, round, upkeep } = state.next
  const next = { training: sooner(training), round: sooner(round), upkeep: sooner(upkeep) }
  return { state: { ...state, next }, sleptMs }
}

/** Rounds come first, since they have a deadline. */
const dueWork = (state: SchedulerState, event: TickEvent, settings: AgentSettings): Work[] =>
  WORKS.filter(
    (kind) => isWanted(kind, state, event, settings) && event.at.monotonic >= state.next[kind],
  )
const WORKS: readonly Work[] = ['round', 'training']

const isWanted = (
  kind: Work,
  { trained }: SchedulerState,
  { choices, mayContribute }: TickEvent,
  { newChoices }: AgentSettings,
): boolean => (kind === 'round' ? mayContribute : choices - trained >= newChoices)

const dueMs = (state: SchedulerState, event: TickEvent, settings: AgentSettings): number | null => {
  const waits = WORKS.filter((kind) => isWanted(kind, state, event, settings)).map((kind) =>
    Math.max(0, state.next[kind] - event.at.monotonic),
  )
  return waits.length === 0 ? null : Math.min(...waits)
}

const fits = (spent: number, expected: number, budget: number): boolean =>
  spent < budget && spent + Math.min(expected, MAX_BUDGET_SHARE * budget) <= budget
