/** The plan of a soak: from the seed alone, with every kind of fault, and an end from which all can be put right. */
import { describe, expect, test } from 'vitest'
import { planWeek } from '../../../eval/soak/plan.ts'

const HOUR = 3_600_000
const seeds = Array.from({ length: 20 }, (_, i) => i)

test('equal seeds give equal plans, others give others', () => {
  expect(planWeek(3, 7)).toEqual(planWeek(3, 7))
  expect(planWeek(3, 7)).not.toEqual(planWeek(4, 7))
})

describe.each(seeds)('of seed %i, a week', (seed) => {
  const plan = planWeek(seed, 7)

  test('is in the order of time, and ends with a check', () => {
    expect(plan.map((e) => e.at)).toEqual(plan.map((e) => e.at).toSorted((a, b) => a - b))
    expect(plan.at(-1)).toEqual({ at: 7 * 24 * HOUR + 7 * HOUR, kind: 'check' })
  })

  test('has all kinds of things that happen, and the app asks at least 200 times', () => {
    const kinds = new Set(plan.map((e) => e.kind))
    for (const kind of ['react', 'forget', 'consent', 'claude', 'server', 'disk', 'sleep', 'job'])
      expect(kinds).toContain(kind)
    expect(plan.filter((e) => e.kind === 'ask').length).toBeGreaterThan(200)
  })

  test('every bad hour ends, and the last hours have none', () => {
    for (const kind of ['claude', 'server'] as const) {
      const last = plan.findLast((e) => e.kind === kind)
      expect(last).toMatchObject({ weather: 'fair' })
    }
    expect(plan.findLast((e) => e.kind === 'disk')).toMatchObject({ trouble: 'none' })
    const late = plan.filter((e) => e.at > (7 * 24 - 5) * HOUR).map((e) => e.kind)
    for (const kind of ['kill', 'restart', 'sleep']) expect(late).not.toContain(kind)
    const set = plan.flatMap((e) => (e.kind === 'clock' ? [e.ms] : []))
    expect(set.reduce((a, b) => a + b, 0)).toBe(0)
  })

  test('nobody uses a computer that sleeps', () => {
    for (const nap of plan)
      if (nap.kind === 'sleep')
        expect(
          plan.filter((e) => e.kind === 'ask' && e.at > nap.at && e.at <= nap.at + nap.ms),
        ).toEqual([])
  })
})
