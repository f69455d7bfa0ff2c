import { describe, expect, test } from 'vitest'
import type { JobState } from '../../../adapters/wire/jobs.ts'
import type { JobEvent } from '../../../server/rounds/events.ts'
import { advance } from '../../../server/rounds/machine.ts'
import { isOpen } from '../../../server/rounds/round.ts'
import type { JobProgress } from '../../../server/store/records.ts'
import { expectCode } from '../../support/expect-code.ts'
import {
  aggregated,
  broke,
  closedRound,
  DAY,
  DEADLINE_MS,
  failed,
  idle,
  join,
  NOW,
  openEvent,
  opened,
  receive,
  run,
  start,
  tick,
} from '../../support/job-events.ts'

describe('the round state machine', () => {
  test('the goal closes the round and says when', () => {
    const { round } = run(opened(), [
      [receive('1'), NOW + 1],
      [receive('2'), NOW + 2],
    ])
    expect(round).toMatchObject({ phase: 'aggregating', received: 2, closedAt: NOW + 2 })
  })

  test('at the deadline the minimum is enough, and the time of closing is the deadline whenever it is noticed', () => {
    const { round } = run(opened(), [
      [receive('1'), NOW + 1],
      [tick, NOW + 10 * DEADLINE_MS],
    ])
    expect(round).toMatchObject({ phase: 'aggregating', closedAt: NOW + DEADLINE_MS })
  })

  test('the time of a round counts from its first device, and stands still when the last one leaves', () => {
    const asleep = run(idle(), [[tick, NOW + 8 * 3_600_000]])
    expect(asleep).toEqual(idle())
    const at = NOW + 9 * 3_600_000
    const woken = advance(asleep, join, at)
    expect(woken.round).toMatchObject({ startedAt: at, deadlineAt: at + DEADLINE_MS, assigned: 1 })
    expect(advance(woken, { kind: 'leave', member: { digest: null } }, at + 1)).toEqual(idle())
  })

  test('a round of too few updates goes on for as long again, with those that came', () => {
    const state = run(opened({ minimum: 2 }), [
      [receive('1'), NOW + 1],
      [tick, NOW + DEADLINE_MS],
    ])
    expect(state.job).toMatchObject({ state: 'running', failures: 0 })
    expect(state.round).toMatchObject({ phase: 'collecting', received: 1, attempt: 0 })
    expect(state.round?.deadlineAt).toBe(NOW + 2 * DEADLINE_MS)
  })

  test('a place that is given on goes to another; the silent device may send all the same', () => {
    const full = run(opened({ size: 2 }), [[join, NOW]])
    expectCode('E_ROUND_CLOSED', () => advance(full, join, NOW))
    const given = run(full, [
      [{ kind: 'giveOn', places: 1 }, NOW + 1],
      [join, NOW + 1],
    ])
    const late = { kind: 'receive', member: { digest: null, isSilent: true }, digest: '1' } as const
    const after = run(given, [
      [receive('2'), NOW + 2],
      [late, NOW + 3],
    ])
    expect(after.round).toMatchObject({ phase: 'aggregating', received: 2, assigned: 3 })
  })

  test('after the assignment phase no device joins, and those that did may send', () => {
    const state = opened({ assignmentMs: 10_000, goal: 1 })
    expectCode('E_ROUND_CLOSED', () => advance(state, join, NOW + 10_000))
    expect(advance(state, receive('1'), NOW + 10_000).round?.phase).toBe('aggregating')
  })

  test('an update that is taken back is no longer counted', () => {
    const sent = run(opened(), [[receive('1'), NOW + 1]])
    const withdrawn = advance(sent, { kind: 'withdraw', member: { digest: '1' } }, NOW + 2)
    expect(withdrawn.round).toMatchObject({ received: 0, assigned: 0, startedAt: null })
  })

  test('a release completes the job after its last round and starts the count of failures afresh', () => {
    const closed = run(opened({ goal: 1 }, 2), [[receive('1'), NOW]])
    const after = advance(closed, aggregated(), NOW + 1)
    expect(after.job).toMatchObject({ state: 'running', released: 1, failures: 0 })
    const last = run(after, [
      [openEvent('second'), NOW + 2],
      [receive('1'), NOW + 3],
      [aggregated('second'), NOW + 4],
    ])
    expect(last.job).toMatchObject({ state: 'completed', released: 2, endedAt: NOW + 4 })
  })

  test('updates that cannot be aggregated fail the job after its retries, and say why', () => {
    const first = advance(closedRound(), failed, NOW + 1)
    expect(first.job).toMatchObject({ state: 'running', failures: 1 })
    expect(first.round).toMatchObject({ phase: 'abandoned', reason: 'E_NORM: x' })
    const second = run(first, [
      [openEvent(), NOW + 2],
      [receive('1'), NOW + 3],
      [failed, NOW + 4],
    ])
    expect(second.job).toMatchObject({ state: 'failed', endedAt: NOW + 4 })
    expect(second.job.reason).toContain('failed 2 times, last because E_NORM: x')
  })

  test('a bad update is left out by its digest, and the round goes on where enough others are there', () => {
    const two = run(opened(), [
      [receive('1'), NOW],
      [receive('2'), NOW],
    ])
    const bad = { roundId: 'round', updates: 1, digests: ['2'], reason: 'E_NOT_FINITE' } as const
    const { job, round } = advance(two, { kind: 'badUpdates', ...bad }, NOW + 1)
    expect(round).toMatchObject({ phase: 'aggregating', received: 1, leftOut: ['2'] })
    expect(job.failures).toBe(0)
    const few = advance(closedRound(), { kind: 'badUpdates', ...bad, digests: ['1'] }, NOW + 1)
    expect(few.round).toMatchObject({ phase: 'collecting', received: 0, closedAt: null })
  })

  test('a fault of the server is tried again, more and more rarely, and then the job is paused with its updates', () => {
    const waits = []
    let state = closedRound()
    for (let i = 0; i < 6; i++) {
      state = advance(state, broke, NOW)
      waits.push((state.round?.retryAt ?? 0) - NOW)
    }
    expect(waits).toEqual([10_000, 20_000, 40_000, 80_000, 160_000, 320_000])
    expect(state.job).toMatchObject({ state: 'paused', failures: 0 })
    expect(state.job.reason).toContain('disk full. Its 1 updates are kept')
    expect(state.round).toMatchObject({ phase: 'aggregating', received: 1 })
    const resumed = advance(state, { kind: 'resume' }, NOW + 1)
    expect(resumed.job).toMatchObject({ state: 'running', reason: null })
    expect(resumed.round).toMatchObject({ retryAt: null, tries: 0 })
    expect(advance(resumed, aggregated(), NOW + 2).job.state).toBe('completed')
  })
})

describe('the life of a job', () => {
  test('a job whose span ends without its rounds has expired, and says what came', () => {
    const state = run(opened({ minimum: 2 }), [
      [receive('1'), NOW + 1],
      [tick, NOW + DAY],
    ])
    expect(state.job).toMatchObject({ state: 'expired', endedAt: NOW + DAY })
    expect(state.job.reason).toContain('1 of at least 2 updates had come')
    expect(state.round?.phase).toBe('abandoned')
    const again = advance(state, { kind: 'retry' }, NOW + 2 * DAY)
    expect(again.job).toMatchObject({ state: 'running', reason: null, expiresAt: NOW + 3 * DAY })
    expect(isOpen(again.round)).toBe(false)
  })

  test('at its end a job still releases a round that has enough', () => {
    const late = run(idle(), [
      [join, NOW + DAY - 10],
      [receive('1'), NOW + DAY - 5],
      [tick, NOW + DAY],
    ])
    expect(late.round).toMatchObject({ phase: 'aggregating', closedAt: NOW + DAY })
    expect(advance(late, tick, NOW + DAY + 1)).toBe(late)
    expect(advance(late, aggregated(), NOW + DAY + 2).job.state).toBe('completed')
  })

  test('a job with a start is scheduled until then, and its span counts from there', () => {
    const { job } = start({}, 1, { schedule: { startAt: NOW + DAY } })
    expect(job).toMatchObject({ state: 'scheduled', expiresAt: NOW + 2 * DAY })
    const scheduled = { job, round: null }
    expect(advance(scheduled, tick, NOW + DAY - 1)).toBe(scheduled)
    expect(advance(scheduled, tick, NOW + DAY).job.state).toBe('running')
    const paused = advance(scheduled, { kind: 'pause' }, NOW)
    expect(advance(paused, { kind: 'resume' }, NOW + 1).job.state).toBe('scheduled')
  })

  test('a paused job takes updates of devices that have begun, and nothing else happens', () => {
    const paused = advance(opened({ goal: 1 }), { kind: 'pause' }, NOW)
    expect(paused.job).toMatchObject({ state: 'paused', reason: 'paused by the operator' })
    expectCode('E_JOB_STATE', () => advance(paused, join, NOW))
    const sent = advance(paused, receive('1'), NOW + 1)
    expect(sent.round?.phase).toBe('aggregating')
    expect(advance(paused, tick, NOW + 2 * DEADLINE_MS)).toBe(paused)
  })

  test('cancelling ends the job and its round; a result that comes later changes nothing', () => {
    const cancelled = advance(closedRound(), { kind: 'cancel' }, NOW + 1)
    expect(cancelled.job).toMatchObject({ state: 'cancelled', endedAt: NOW + 1 })
    expect(cancelled.round?.phase).toBe('abandoned')
    for (const event of [aggregated(), failed, broke, tick, { kind: 'cancel' } as const])
      expect(advance(cancelled, event, NOW + 2)).toBe(cancelled)
  })

  test('rounds that hardly move complete the job early, and it says so', () => {
    const early = { earlyStop: { belowShare: 0.1, rounds: 2 } }
    let state = start({ goal: 1 }, 9, early)
    for (const [i, change] of [2, 0.19, 0.3, 0.1, 0.05].entries())
      state = run(state, [
        [openEvent(`round-${i}`), NOW],
        [join, NOW],
        [receive('1'), NOW],
        [aggregated(`round-${i}`, change), NOW + i],
      ])
    expect(state.job).toMatchObject({ state: 'completed', released: 5, endedAt: NOW + 4 })
    expect(state.job.reason).toContain('stopped early after 5 of 9 rounds')
  })

  const SCHEDULED = start({}, 1, { schedule: { startAt: NOW + DAY } })
  const IN: Record<JobState, JobProgress> = {
    scheduled: SCHEDULED,
    running: start(),
    paused: advance(start(), { kind: 'pause' }, NOW),
    completed: advance(closedRound(), aggregated(), NOW),
    failed: advance(closedRound({ retries: 0 }), failed, NOW),
    cancelled: advance(start(), { kind: 'cancel' }, NOW),
    expired: advance(start(), tick, NOW + DAY),
  }
  test.each<[JobEvent['kind'], Partial<Record<JobState, JobState>>]>([
    ['pause', { scheduled: 'paused', running: 'paused', paused: 'paused' }],
    ['resume', { paused: 'running', running: 'running' }],
    ['retry', { failed: 'running', expired: 'running', running: 'running' }],
    [
      'cancel',
      { scheduled: 'cancelled', running: 'cancelled', paused: 'cancelled', cancelled: 'cancelled' },
    ],
  ])('%s leads to the state of the table, and is refused elsewhere', (kind, table) => {
    for (const [state, progress] of Object.entries(IN) as [JobState, JobProgress][]) {
      expect(progress.job.state).toBe(state)
      const act = () => advance(progress, { kind } as JobEvent, NOW + 1)
      const next = table[state]
      if (next) expect([state, act().job.state]).toEqual([state, next])
      else expectCode('E_JOB_STATE', act)
    }
  })
})

describe('refusals', () => {
  test.each<
    [
      string,
      JobEvent,
      number,
      JobProgress,
      'E_NOT_IN_COHORT' | 'E_TWICE' | 'E_ROUND_CLOSED' | 'E_JOB_STATE' | 'E_NO_ROUND',
    ]
  >([
    [
      'an update of a device that was not assigned',
      { kind: 'receive', member: undefined, digest: '1' },
      NOW,
      opened(),
      'E_NOT_IN_COHORT',
    ],
    [
      'other bytes from the same device',
      { kind: 'receive', member: { digest: '1' }, digest: '2' },
      NOW,
      opened(),
      'E_TWICE',
    ],
    ['an update at the deadline', receive('1'), NOW + DEADLINE_MS, opened(), 'E_ROUND_CLOSED'],
    ['an update before any round', receive('1'), NOW, start(), 'E_NO_ROUND'],
    ['a device at the deadline', join, NOW + DEADLINE_MS, opened(), 'E_ROUND_CLOSED'],
    ['a second open round', openEvent('again'), NOW, opened(), 'E_JOB_STATE'],
    [
      'a round of a job that ended',
      openEvent('again'),
      NOW,
      advance(opened(), { kind: 'cancel' }, NOW),
      'E_JOB_STATE',
    ],
  ])('refuses %s', (_, event, at, state, code) => {
    expectCode(code, () => advance(state, event, at))
  })

  test('the same bytes again, and the same device asking again, change nothing', () => {
    const state = opened()
    expect(advance(state, { kind: 'receive', member: { digest: '1' }, digest: '1' }, NOW)).toBe(
      state,
    )
    expect(advance(state, { kind: 'assign', member: { digest: null } }, NOW)).toBe(state)
  })
})
