import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isFedError } from '../../../adapters/errors.ts'
import type { JobEvent } from '../../../server/rounds/events.ts'
import { advance, isAlive } from '../../../server/rounds/machine.ts'
import { isOpen } from '../../../server/rounds/round.ts'
import { DAY, DEADLINE_MS, HASH, NOW, openEvent, start, tick } from '../../support/job-events.ts'

/** Devices, ticks, results and cancellations in any order, with the bookkeeping that a store would do. */
const steps = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('assign' as const), device: fc.nat(5) }),
    fc.record({ kind: fc.constant('receive' as const), device: fc.nat(5), digest: fc.nat(3) }),
    fc.record({ kind: fc.constant('tick' as const) }),
    fc.record({ kind: fc.constant('aggregated' as const), roundId: fc.nat(8) }),
    fc.record({ kind: fc.constant('aggregationFailed' as const), roundId: fc.nat(8) }),
    fc.record({ kind: fc.constant('aggregationBroke' as const), roundId: fc.nat(8) }),
    fc.record({ kind: fc.constantFrom('cancel', 'pause', 'resume', 'retry') }),
    fc.record({ kind: fc.constant('giveOn' as const), device: fc.nat(5) }),
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
      else if (s.kind === 'aggregationBroke')
        apply({ kind: 'aggregationBroke', roundId: String(s.roundId), reason: 'x' })
      else if (s.kind === 'giveOn') {
        const isAtWork = known === null && state.round?.phase === 'collecting'
        if (isAtWork && apply({ kind: 'giveOn', places: 1 })) members.delete(key)
      } else if (s.kind === 'open') open()
      else apply({ kind: s.kind as 'tick' | 'cancel' | 'pause' | 'resume' | 'retry' })
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
        apply({ kind: 'resume' })
        const tries = Math.ceil(DAY / DEADLINE_MS) + (plan.rounds + 1) * (plan.cohort.retries + 2)
        for (let i = 0; i < tries && state().job.state === 'running'; i++) {
          pass()
          apply(tick)
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
        expect([job.state, isAlive(job)]).toEqual([job.state, false])
        expect(job.endedAt).not.toBeNull()
        if (job.state !== 'completed') expect(job.reason).toBeTruthy()
      }),
      { numRuns: 300 },
    )
  })
})
