/**
 * When the agent works: a pure machine, (state, event) -> state and what to do. Intervals are counted on a clock that is never set; the
 * wall clock decides only hours and days. A machine that slept is recognised by the wall clock running ahead of the other one.
 */

import { DAY_MS } from '../../adapters/time.ts'
import type { AgentSettings } from '../home/settings.ts'
import type { HoldReason, Readings } from '../records/agent-reports.ts'
import { holdReasons, isHeldByNetwork, type Overrides } from './conditions.ts'

export type Work = 'training' | 'round'
/** wall: milliseconds since 1970; steady: milliseconds of the clock that is never set. */
export type Instant = { readonly wall: number; readonly steady: number }

export type SchedulerState = {
  /** heldAt: since when it is stopped because conditions do not hold (steady); choices: when it began. */
  readonly work: {
    readonly kind: Work
    readonly heldAt: number | null
    readonly choices: number
    /** It has been told to end. */
    readonly isEnding: boolean
  } | null
  /** The earliest time of the next (steady), and failures in a row. */
  readonly next: Readonly<Record<Work | 'upkeep', number>>
  readonly failures: Readonly<Record<Work, number>>
  /** Choices that the last training had seen, and that there were at the last look. */
  readonly trained: number
  readonly seen: number
  /** Whether there was a private adapter then. */
  readonly hadAdapter: boolean
  readonly wasHot: boolean
  readonly last: Instant
}

export type SchedulerEvent =
  | {
      readonly kind: 'look'
      readonly at: Instant
      /** Minutes since local midnight. */
      readonly minutes: number
      readonly readings: Readings
      readonly isPaused: boolean
      readonly choices: number
      readonly hasAdapter: boolean
      /** Enrolled, with a consent in force. */
      readonly mayContribute: boolean
      /** Joules of this day, what runs included, and what a piece of work is expected to take. */
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
      /** The server's, after a round. */
      readonly retryAfterMs: number
      readonly jitter: number
    }
type LookEvent = Extract<SchedulerEvent, { kind: 'look' }>

export type Action =
  | 'wait'
  | 'upkeep'
  | 'start-training'
  | 'start-round'
  | 'hold'
  | 'resume'
  | 'cancel'

export type Step = {
  readonly state: SchedulerState
  readonly action: Action
  /** Why nothing is done; empty where work runs or none is due. */
  readonly reasons: readonly HoldReason[]
  /** Until the next look. */
  readonly waitMs: number
  /** Milliseconds until work is due, conditions permitting; null where none is. */
  readonly dueMs: number | null
  /** Milliseconds that the machine slept, or its clock was set forward, before this look. */
  readonly sleptMs: number
}

/** While work runs: how soon a condition that no longer holds is seen. */
const WORK_LOOK_MS = 1000
/** Work that is held for so long is ended, with its checkpoint. */
const HOLD_MS = 10 * 60_000
/** After work that was ended, and between check-ins whatever the server says. */
const LEAST_MS = 30_000
/** The wall clock ahead of the steady one by so much: the machine slept. */
const SLEPT_MS = 2 * 60_000
const AFTER_SLEEP_MS = 60_000
const BACKOFF: Readonly<Record<Work, { firstMs: number; mostMs: number }>> = {
  round: { firstMs: 60_000, mostMs: 3600_000 },
  training: { firstMs: 10 * 60_000, mostMs: 6 * 3600_000 },
}
/** Of the day's budget: work that is expected to take more begins when so much is left, and ends when it is spent. */
const MOST_OF_BUDGET = 0.9

/** roundMs, upkeepMs: from now until the next, as kept from an earlier run. */
export const beginScheduler = (
  at: Instant,
  kept: { trained: number; choices: number; roundMs: number; upkeepMs: number },
): SchedulerState => ({
  work: null,
  next: {
    training: at.steady,
    round: at.steady + kept.roundMs,
    upkeep: at.steady + kept.upkeepMs,
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
): Step => (event.kind === 'ended' ? ended(state, event) : look(state, event, settings, overrides))

const look = (
  before: SchedulerState,
  event: LookEvent,
  settings: AgentSettings,
  overrides: Overrides,
): Step => {
  const { at, readings } = event
  const { state: awake, sleptMs } = afterSleep(before, event)
  const held = holdReasons({ ...event, wasHot: before.wasHot }, settings, overrides)
  // What was forgotten or has expired was either trained on or not: it is taken from what was.
  const forgotten = Math.max(0, before.seen - event.choices)
  const state: SchedulerState = {
    ...awake,
    // An adapter that went with what it had learned from is trained anew from what is left.
    trained: before.hadAdapter && !event.hasAdapter ? 0 : Math.max(0, before.trained - forgotten),
    seen: event.choices,
    hadAdapter: event.hasAdapter,
    wasHot: held.includes('too_hot'),
    last: at,
  }
  const isMetered = isHeldByNetwork(readings, settings, overrides)
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
  if (at.steady >= state.next.upkeep) {
    const next = { ...state.next, upkeep: at.steady + DAY_MS }
    return { ...result, state: { ...state, next }, action: 'upkeep', reasons: held, waitMs: 0 }
  }
  const due = dueWork(state, event, settings)
  const reasons = new Set(held)
  for (const kind of due) {
    if (kind === 'round' && isMetered) reasons.add('metered')
    else if (budget !== null && !fits(event.spent, event.expected[kind], budget))
      reasons.add('budget_spent')
    else if (held.length === 0) {
      const work = { kind, heldAt: null, choices: event.choices, isEnding: false }
      const action = `start-${kind}` as const
      return { ...result, state: { ...state, work }, action, reasons: [], waitMs: WORK_LOOK_MS }
    }
  }
  const waitMs = Math.min(result.waitMs, Math.max(1000, result.dueMs || result.waitMs))
  return { ...result, state, action: 'wait', reasons: [...reasons], waitMs }
}

const whileWorking = (
  state: SchedulerState,
  work: NonNullable<SchedulerState['work']>,
  reasons: readonly HoldReason[],
  { at, spent, mayContribute }: LookEvent,
  budget: number | null,
): Pick<Step, 'state' | 'action' | 'reasons' | 'waitMs'> => {
  const waitMs = WORK_LOOK_MS
  const { heldAt } = work
  const cancel = {
    state: { ...state, work: { ...work, isEnding: true } },
    action: 'cancel' as const,
    waitMs,
  }
  if (work.isEnding) return { state, action: 'wait', reasons, waitMs }
  if (work.kind === 'round' && !mayContribute) return { ...cancel, reasons }
  if (budget !== null && spent >= budget) return { ...cancel, reasons: ['budget_spent'] }
  if (reasons.length === 0 && heldAt === null) return { state, action: 'wait', reasons, waitMs }
  if (reasons.length === 0)
    return {
      state: { ...state, work: { ...work, heldAt: null } },
      action: 'resume',
      reasons,
      waitMs,
    }
  if (heldAt === null)
    return {
      state: { ...state, work: { ...work, heldAt: at.steady } },
      action: 'hold',
      reasons,
      waitMs,
    }
  if (at.steady - heldAt >= HOLD_MS) return { ...cancel, reasons }
  return { state, action: 'wait', reasons, waitMs }
}

const ended = (
  state: SchedulerState,
  { at, outcome, code, retryAfterMs, jitter }: Extract<SchedulerEvent, { kind: 'ended' }>,
): Step => {
  const kind = state.work?.kind ?? 'training'
  // Without data nothing changes until there are new choices.
  const isTrained = kind === 'training' && (outcome === 'done' || code === 'E_DATA')
  const failures = outcome === 'failed' ? state.failures[kind] + 1 : 0
  const { firstMs, mostMs } = BACKOFF[kind]
  const waitMs =
    outcome === 'failed'
      ? Math.min(mostMs, firstMs * 2 ** (failures - 1)) * (0.5 + jitter / 2)
      : Math.max(LEAST_MS, retryAfterMs) * (1 + jitter / 4)
  return {
    state: {
      ...state,
      work: null,
      next: { ...state.next, [kind]: at.steady + waitMs },
      failures: { ...state.failures, [kind]: failures },
      trained: isTrained ? Math.min(state.work?.choices ?? 0, state.seen) : state.trained,
    },
    action: 'wait',
    reasons: [],
    waitMs: WORK_LOOK_MS,
    dueMs: null,
    sleptMs: 0,
  }
}

/**
 * Intervals go on while the machine sleeps. What became due meanwhile is due within a minute, at random: a fleet that wakes together does
 * not come together.
 */
const afterSleep = (state: SchedulerState, { at, jitter }: LookEvent) => {
  const sleptMs = at.wall - state.last.wall - (at.steady - state.last.steady)
  if (sleptMs < SLEPT_MS) return { state, sleptMs: 0 }
  const sooner = (due: number) =>
    Math.min(due, Math.max(due - sleptMs, at.steady + jitter * AFTER_SLEEP_MS))
  const { training, round, upkeep } = state.next
  const next = { training: sooner(training), round: sooner(round), upkeep: sooner(upkeep) }
  return { state: { ...state, next }, sleptMs }
}

/** A round first: it has a deadline. */
const dueWork = (state: SchedulerState, event: LookEvent, settings: AgentSettings): Work[] =>
  WORKS.filter(
    (kind) => isWanted(kind, state, event, settings) && event.at.steady >= state.next[kind],
  )
const WORKS: readonly Work[] = ['round', 'training']

const isWanted = (
  kind: Work,
  { trained }: SchedulerState,
  { choices, mayContribute }: LookEvent,
  { newChoices }: AgentSettings,
): boolean => (kind === 'round' ? mayContribute : choices - trained >= newChoices)

const dueMs = (state: SchedulerState, event: LookEvent, settings: AgentSettings): number | null => {
  const waits = WORKS.filter((kind) => isWanted(kind, state, event, settings)).map((kind) =>
    Math.max(0, state.next[kind] - event.at.steady),
  )
  return waits.length === 0 ? null : Math.min(...waits)
}

const fits = (spent: number, expected: number, budget: number): boolean =>
  spent < budget && spent + Math.min(expected, MOST_OF_BUDGET * budget) <= budget
