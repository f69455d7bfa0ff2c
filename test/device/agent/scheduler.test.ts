import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { NO_OVERRIDES } from '../../../device/agent/conditions.ts'
import {
  type Action,
  beginScheduler,
  type SchedulerEvent,
  type SchedulerState,
  stepScheduler,
} from '../../../device/agent/scheduler.ts'
import { AgentSettings } from '../../../device/home/settings.ts'
import type { Readings } from '../../../device/records/agent-reports.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const free: Readings = {
  charging: true,
  idleSeconds: 3600,
  celsius: 50,
  metered: false,
  battery: 80,
}
type Tick = Extract<SchedulerEvent, { kind: 'tick' }>

/** A scheduler with its time; each look is a minute after the last unless told otherwise. */
const scheduler = (settings: Partial<AgentSettings> = {}, kept = { trained: 0, choices: 0 }) => {
  let [wall, monotonic] = [1_000 * HOUR, 5 * HOUR]
  let state: SchedulerState = beginScheduler(
    { wall, monotonic },
    { ...kept, roundMs: 0, upkeepMs: 24 * HOUR },
  )
  const parsed = AgentSettings.parse(settings)
  const step = (event: SchedulerEvent) => {
    const result = stepScheduler(state, event, parsed, NO_OVERRIDES)
    state = result.state
    return result
  }
  return {
    state: () => state,
    pass: (ms: number, sleptMs = 0) => {
      wall += ms + sleptMs
      monotonic += ms
    },
    tick: (given: Partial<Omit<Tick, 'readings'>> & { readings?: Partial<Readings> } = {}) =>
      step({
        kind: 'tick',
        at: { wall, monotonic },
        minutes: 600,
        isPaused: false,
        choices: 0,
        hasAdapter: false,
        mayContribute: false,
        spent: 0,
        expected: { training: 0, round: 0 },
        jitter: 0.5,
        ...given,
        readings: { ...free, ...given.readings },
      }),
    end: (given: Partial<Extract<SchedulerEvent, { kind: 'ended' }>> = {}) =>
      step({
        kind: 'ended',
        at: { wall, monotonic },
        outcome: 'done',
        code: null,
        retryAfterMs: 0,
        jitter: 0.5,
        ...given,
      }),
  }
}

test('trains once ten new choices have come, and not again for the same', () => {
  const agent = scheduler({}, { trained: 20, choices: 29 })
  expect(agent.tick({ choices: 29 })).toMatchObject({ action: 'wait', dueMs: null })
  expect(agent.tick({ choices: 30 }).action).toBe('start-training')
  expect(agent.tick({ choices: 33 })).toMatchObject({ action: 'wait', waitMs: 1000 })
  agent.end()
  agent.pass(HOUR)
  // Three came while it trained: they count for the next.
  expect(agent.tick({ choices: 39 }).action).toBe('wait')
  expect(agent.tick({ choices: 40 }).action).toBe('start-training')
})

test('forgotten choices no longer count as trained on', () => {
  const agent = scheduler({}, { trained: 30, choices: 30 })
  agent.tick({ choices: 20 })
  expect(agent.tick({ choices: 29 }).action).toBe('wait')
  expect(agent.tick({ choices: 30 }).action).toBe('start-training')
})

test('a removed adapter is trained anew from the remaining choices', () => {
  const agent = scheduler({}, { trained: 30, choices: 30 })
  expect(agent.tick({ choices: 30, hasAdapter: true }).action).toBe('wait')
  expect(agent.tick({ choices: 29, hasAdapter: false }).action).toBe('start-training')
  agent.end({ outcome: 'failed', code: 'E_DATA' })
  agent.pass(HOUR)
  expect(agent.tick({ choices: 29, hasAdapter: false }).action).toBe('wait')
})

test('a round comes before a training, and the server says when the next', () => {
  const agent = scheduler()
  expect(agent.tick({ choices: 50, mayContribute: true }).action).toBe('start-round')
  agent.end({ retryAfterMs: 10 * MINUTE })
  expect(agent.tick({ choices: 50, mayContribute: true }).action).toBe('start-training')
  agent.end()
  agent.pass(10 * MINUTE)
  expect(agent.tick({ choices: 50, mayContribute: true }).action).toBe('wait')
  agent.pass(2 * MINUTE)
  expect(agent.tick({ choices: 50, mayContribute: true }).action).toBe('start-round')
})

test('check-ins are half a minute apart, whatever the server says', () => {
  const agent = scheduler()
  agent.tick({ mayContribute: true })
  agent.end({ retryAfterMs: 0 })
  agent.pass(29_000)
  expect(agent.tick({ mayContribute: true }).action).toBe('wait')
})

test('failures wait twice as long each time, at random, up to an hour', () => {
  const agent = scheduler()
  const waits = Array.from({ length: 9 }, () => {
    expect(agent.tick({ mayContribute: true }).action).toBe('start-round')
    agent.end({ outcome: 'failed', code: 'E_UNAVAILABLE' })
    const wait = agent.tick({ mayContribute: true }).dueMs!
    agent.pass(wait)
    return wait / MINUTE
  })
  expect(waits).toEqual([0.75, 1.5, 3, 6, 12, 24, 45, 45, 45])
})

test('a training without data waits for new choices', () => {
  const agent = scheduler()
  agent.tick({ choices: 10 })
  agent.end({ outcome: 'failed', code: 'E_DATA' })
  agent.pass(24 * HOUR)
  expect(agent.tick({ choices: 19 }).action).not.toBe('start-training')
  expect(agent.tick({ choices: 20 }).action).toBe('start-training')
})

describe('work that runs', () => {
  const working = (settings: Partial<AgentSettings> = {}) => {
    const agent = scheduler(settings)
    expect(agent.tick({ choices: 10 }).action).toBe('start-training')
    return agent
  }
  const away = { readings: { idleSeconds: 0 }, choices: 10 }

  test('is suspended at the first tick that forbids it, and resumes at the first that allows it', () => {
    const agent = working()
    agent.pass(1000)
    expect(agent.tick(away)).toMatchObject({ action: 'suspend', reasons: ['not_idle'] })
    expect(agent.tick(away).action).toBe('wait')
    expect(agent.tick({ choices: 10 }).action).toBe('resume')
  })

  test('is cancelled after ten minutes of suspension, once', () => {
    const agent = working()
    agent.tick(away)
    agent.pass(10 * MINUTE)
    expect(agent.tick(away).action).toBe('cancel')
    expect(agent.tick(away).action).toBe('wait')
    agent.end({ outcome: 'stopped' })
    agent.pass(MINUTE)
    expect(agent.tick({ choices: 10 }).action).toBe('start-training')
  })

  test('is ended at once when the budget of the day is spent', () => {
    const agent = working({ joulesPerDay: 1000 })
    expect(agent.tick({ choices: 10, spent: 1000 })).toMatchObject({
      action: 'cancel',
      reasons: ['budget_spent'],
    })
  })

  test('does not mind a metered network, unless it is a round', () => {
    const readings = { metered: true }
    expect(working().tick({ choices: 10, readings }).action).toBe('wait')
    const round = scheduler()
    round.tick({ mayContribute: true })
    expect(round.tick({ mayContribute: true, readings })).toMatchObject({
      action: 'suspend',
      reasons: ['metered'],
    })
  })

  test('is ended when it is a round and the consent is over, at once', () => {
    expect(working().tick({ choices: 10 }).action).toBe('wait')
    const round = scheduler()
    round.tick({ mayContribute: true })
    expect(round.tick({ mayContribute: false }).action).toBe('cancel')
    expect(round.tick({ mayContribute: false }).action).toBe('wait')
  })
})

test.each<[number, number, Action]>([
  [0, 0, 'start-training'],
  [600, 400, 'start-training'],
  [601, 400, 'wait'],
  [1000, 0, 'wait'],
  // Larger than any day: it begins with nine tenths of the budget left, and goes on the next day.
  [100, 5000, 'start-training'],
  [101, 5000, 'wait'],
])('%s J of 1000 spent and %s J expected: %s', (spent, training, action) => {
  const agent = scheduler({ joulesPerDay: 1000 })
  const result = agent.tick({ choices: 10, spent, expected: { training, round: 0 } })
  expect(result.action).toBe(action)
  if (action === 'wait') expect(result.reasons).toEqual(['budget_spent'])
})

test('a machine that slept takes up what became due within a minute', () => {
  const agent = scheduler()
  agent.tick({ mayContribute: true })
  agent.end({ retryAfterMs: 5 * HOUR })
  agent.pass(1000, 3 * HOUR)
  expect(agent.tick({ mayContribute: true })).toMatchObject({ sleptMs: 3 * HOUR, action: 'wait' })
  agent.pass(1000, 8 * HOUR)
  expect(agent.tick({ mayContribute: true }).dueMs).toBe(30_000)
})

test('a clock that is set back does not change due times', () => {
  const agent = scheduler()
  agent.tick({ mayContribute: true })
  agent.end({ retryAfterMs: 60 * MINUTE, jitter: 0 })
  agent.pass(20 * MINUTE, -10 * HOUR)
  expect(agent.tick({ mayContribute: true })).toMatchObject({ sleptMs: 0, dueMs: 40 * MINUTE })
})

test('upkeep is due once a day, whether work is allowed or not', () => {
  const agent = scheduler()
  const held = { readings: { charging: false } }
  agent.pass(24 * HOUR)
  expect(agent.tick(held).action).toBe('upkeep')
  expect(agent.tick(held).action).toBe('wait')
  agent.pass(24 * HOUR)
  expect(agent.tick(held).action).toBe('upkeep')
})

test('under any events it works only when allowed, and ticks at most once a second', () => {
  const readings = fc.record({
    charging: fc.constantFrom(true, false, null),
    idleSeconds: fc.constantFrom(0, 599, 600, 9999, null),
    celsius: fc.constantFrom(20, 84, 99, null),
  })
  const event = fc.record({
    readings,
    choices: fc.nat(60),
    mayContribute: fc.boolean(),
    spent: fc.nat(200_000),
    isPaused: fc.boolean(),
    passMs: fc.nat(HOUR),
    sleptMs: fc.integer({ min: -HOUR, max: 10 * HOUR }),
    ends: fc.boolean(),
    outcome: fc.constantFrom('done' as const, 'stopped' as const, 'failed' as const),
  })
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), (events) => {
      const agent = scheduler()
      for (const { passMs, sleptMs, ends, outcome, ...given } of events) {
        agent.pass(passMs, sleptMs)
        if (ends && agent.state().work) agent.end({ outcome })
        const { action, waitMs } = agent.tick(given)
        const { charging, idleSeconds, celsius } = given.readings
        const isFree =
          !given.isPaused && charging === true && (idleSeconds ?? 0) >= 600 && (celsius ?? 0) <= 85
        if (action.startsWith('start') || action === 'resume') expect(isFree).toBe(true)
        if (action !== 'upkeep') expect(waitMs).toBeGreaterThanOrEqual(1000)
        const { work } = agent.state()
        if (work && !work.isEnding) expect(work.suspendedAt === null).toBe(isFree)
      }
    }),
  )
})
