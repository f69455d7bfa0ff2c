import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isFedError } from '../../../adapters/errors.ts'
import { advance, isOpen, type JobEvent, newJob } from '../../../server/rounds/machine.ts'
import type { JobProgress } from '../../../server/store/records.ts'
import { expectCode } from '../../support/expect-code.ts'
import { parsedJob } from '../../support/federation-fixture.ts'

const NOW = 1_000_000
const DEADLINE_MS = 60_000
const HASH = 'a'.repeat(64)

const start = (cohort = {}, rounds = 1): JobProgress => ({
  job: newJob(
    'job',
    'line',
    parsedJob({
      rounds,
      cohort: { size: 3, goal: 2, minimum: 1, deadlineMs: DEADLINE_MS, retries: 1, ...cohort },
    }),
    NOW,
  ),
  round: null,
})

const openEvent = (roundId = 'round'): JobEvent => ({
  kind: 'open',
  roundId,
  parent: HASH,
  basisEpoch: 0,
  factor: 'B',
})

const run = (from: JobProgress, events: readonly [JobEvent, number][]): JobProgress =>
  events.reduce((state, [event, at]) => advance(state, event, at), from)

const opened = (cohort = {}, rounds = 1) => advance(start(cohort, rounds), openEvent(), NOW)
const receive = (digest: string): JobEvent => ({
  kind: 'receive',
  member: { digest: null },
  digest,
})

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
      [{ kind: 'tick' }, NOW + 10 * DEADLINE_MS],
    ])
    expect(round).toMatchObject({ phase: 'aggregating', closedAt: NOW + DEADLINE_MS })
  })

  test('too few updates abandon the round; the last retry fails the job with a reason', () => {
    const first = run(opened(), [[{ kind: 'tick' }, NOW + DEADLINE_MS]])
    expect(first.round).toMatchObject({ phase: 'abandoned' })
    expect(first.job).toMatchObject({ state: 'running', failures: 1 })
    const second = run(first, [
      [openEvent('again'), NOW + DEADLINE_MS],
      [{ kind: 'tick' }, NOW + 2 * DEADLINE_MS],
    ])
    expect(second.round).toMatchObject({ id: 'again', attempt: 1, phase: 'abandoned' })
    expect(second.job).toMatchObject({ state: 'failed', endedAt: NOW + 2 * DEADLINE_MS })
    expect(second.job.reason).toContain('0 of at least 1 updates')
  })

  test('a release completes the job after its last round and starts the count of failures afresh', () => {
    const closed = run(opened({ goal: 1 }, 2), [[receive('1'), NOW]])
    const after = advance(closed, { kind: 'aggregated', roundId: 'round', release: HASH }, NOW + 1)
    expect(after.job).toMatchObject({ state: 'running', released: 1, failures: 0 })
    const last = run(after, [
      [openEvent('second'), NOW + 2],
      [receive('1'), NOW + 3],
      [{ kind: 'aggregated', roundId: 'second', release: HASH }, NOW + 4],
    ])
    expect(last.job).toMatchObject({ state: 'completed', released: 2, endedAt: NOW + 4 })
  })

  test('cancelling ends the job and its round; a result that comes later changes nothing', () => {
    const closed = run(opened({ goal: 1 }), [[receive('1'), NOW]])
    const cancelled = advance(closed, { kind: 'cancel' }, NOW + 1)
    expect(cancelled.job).toMatchObject({ state: 'cancelled', endedAt: NOW + 1 })
    expect(cancelled.round?.phase).toBe('abandoned')
    const late = { kind: 'aggregated', roundId: 'round', release: HASH } as const
    expect(advance(cancelled, late, NOW + 2)).toBe(cancelled)
    expect(advance(cancelled, { kind: 'cancel' }, NOW + 2)).toBe(cancelled)
  })

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
    [
      'a device at the deadline',
      { kind: 'assign', member: undefined },
      NOW + DEADLINE_MS,
      opened(),
      'E_ROUND_CLOSED',
    ],
    ['a second open round', openEvent('again'), NOW, opened(), 'E_JOB_STATE'],
    [
      'a round of a job that ended',
      openEvent('again'),
      NOW,
      advance(opened(), { kind: 'cancel' }, NOW),
      'E_JOB_STATE',
    ],
    [
      'cancelling a job that failed',
      { kind: 'cancel' },
      NOW,
      run(opened({ retries: 0 }), [[{ kind: 'tick' }, NOW + DEADLINE_MS]]),
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

/** Devices, ticks, results and cancellations in any order, with the bookkeeping that a store would do. */
const steps = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('assign' as const), device: fc.nat(5) }),
    fc.record({ kind: fc.constant('receive' as const), device: fc.nat(5), digest: fc.nat(3) }),
    fc.record({ kind: fc.constant('tick' as const) }),
    fc.record({ kind: fc.constant('aggregated' as const), roundId: fc.nat(8) }),
    fc.record({ kind: fc.constant('aggregationFailed' as const), roundId: fc.nat(8) }),
    fc.record({ kind: fc.constant('cancel' as const) }),
    fc.record({ kind: fc.constant('open' as const) }),
  ),
  { maxLength: 80 },
)

const plans = fc
  .record({
    minimum: fc.integer({ min: 1, max: 3 }),
    more: fc.nat(2),
    spare: fc.nat(2),
    retries: fc.nat(2),
    rounds: fc.integer({ min: 1, max: 3 }),
  })
  .map(({ minimum, more, spare, retries, rounds }) => ({
    cohort: { minimum, goal: minimum + more, size: minimum + more + spare, retries },
    rounds,
  }))

describe('any history of a job', () => {
  const simulate = (
    plan: { cohort: object; rounds: number },
    history: readonly { kind: string }[],
    gaps: readonly number[],
  ) => {
    let state = start(plan.cohort, plan.rounds)
    let now = NOW
    let opens = 0
    const members = new Map<string, string | null>()
    const releases: string[] = []
    const apply = (event: JobEvent): boolean => {
      const before = state
      try {
        state = advance(state, event, now)
      } catch (error) {
        if (!isFedError(error)) throw error
        return false
      }
      if (state.round?.phase === 'released' && before.round?.phase !== 'released')
        releases.push(state.round.id)
      return state !== before
    }
    const open = () => apply(openEvent(String(opens++)))
    for (const [i, step] of history.entries()) {
      now += gaps[i % gaps.length] ?? 0
      const s = step as { kind: string; device: number; digest: number; roundId: number }
      const key = `${state.round?.id}/${s.device}`
      const known = members.get(key)
      const member = known === undefined ? undefined : { digest: known }
      if (s.kind === 'assign') {
        if (apply({ kind: 'assign', member })) members.set(key, null)
      } else if (s.kind === 'receive') {
        const digest = String(s.digest)
        if (apply({ kind: 'receive', member, digest })) members.set(key, digest)
      } else if (s.kind === 'aggregated')
        apply({ kind: 'aggregated', roundId: String(s.roundId), release: HASH })
      else if (s.kind === 'aggregationFailed')
        apply({ kind: 'aggregationFailed', roundId: String(s.roundId), reason: 'x' })
      else if (s.kind === 'open') open()
      else apply({ kind: s.kind as 'tick' | 'cancel' })
    }
    return { state: () => state, apply, open, releases, members, pass: () => (now += DEADLINE_MS) }
  }

  test('never makes two releases of a round, nor more than the job asked for', () => {
    fc.assert(
      fc.property(
        plans,
        steps,
        fc.array(fc.nat(70_000), { minLength: 1 }),
        (plan, history, gaps) => {
          const { releases } = simulate(plan, history, gaps)
          expect(new Set(releases).size).toBe(releases.length)
          expect(releases.length).toBeLessThanOrEqual(plan.rounds)
        },
      ),
      { numRuns: 300 },
    )
  })

  test('counts exactly the devices that were assigned and that sent', () => {
    fc.assert(
      fc.property(
        plans,
        steps,
        fc.array(fc.nat(9_000), { minLength: 1 }),
        (plan, history, gaps) => {
          const { state, members } = simulate(plan, history, gaps)
          const { round } = state()
          const own = [...members].filter(([key]) => key.startsWith(`${round?.id}/`))
          expect(round?.assigned ?? 0).toBe(own.length)
          expect(round?.received ?? 0).toBe(own.filter(([, digest]) => digest !== null).length)
          expect(round?.assigned ?? 0).toBeLessThanOrEqual(plan.cohort.size)
        },
      ),
      { numRuns: 300 },
    )
  })

  test('ends in a terminal state once time passes and closed rounds are answered', () => {
    fc.assert(
      fc.property(plans, steps, fc.boolean(), (plan, history, isAnswered) => {
        const { state, apply, open, pass } = simulate(plan, history, [500])
        const most = (plan.rounds + 1) * (plan.cohort.retries + 2)
        for (let i = 0; i < most && state().job.state === 'running'; i++) {
          pass()
          apply({ kind: 'tick' })
          const { round } = state()
          if (round?.phase === 'aggregating')
            apply(
              isAnswered
                ? { kind: 'aggregated', roundId: round.id, release: HASH }
                : { kind: 'aggregationFailed', roundId: round.id, reason: 'x' },
            )
          if (state().job.state === 'running' && !isOpen(state().round)) open()
        }
        const { job } = state()
        expect(job.state).not.toBe('running')
        expect(job.endedAt).not.toBeNull()
        if (job.state !== 'completed') expect(job.reason).toBeTruthy()
      }),
      { numRuns: 300 },
    )
  })
})
