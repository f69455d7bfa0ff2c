/** What every robust rule must do, and each against its definition, written out over whole vectors. */
import { describe, expect, test } from 'vitest'
import { createRobustFold, type FoldPlan } from '../../../../adapters/aggregate/robust/fold.ts'
import { ROBUST_RULES, ruleOf } from '../../../../adapters/aggregate/robust/rules.ts'
import type { Vector } from '../../../../adapters/math/vector.ts'
import { seededRng } from '../../../../adapters/random.ts'
import { RobustPlan } from '../../../../adapters/wire/robust.ts'
import { expectCode } from '../../../support/expect-code.ts'

const SIZE = 37
const rng = seededRng('robust')
const draw = (centre: number, spread: number) =>
  Float32Array.from({ length: SIZE }, () => centre + spread * rng.normal())
const honest = Array.from({ length: 11 }, () => draw(1, 0.5))
const root = draw(1, 0.3)

const PLANS: RobustPlan[] = [
  { rule: 'norm-bound', multiple: 0.9 },
  { rule: 'median' },
  { rule: 'trimmed-mean', faulty: 0.2 },
  { rule: 'krum', faulty: 0.2 },
  { rule: 'multi-krum', faulty: 0.2 },
  { rule: 'geometric-median' },
  { rule: 'fltrust', root: 'root' },
]

const foldOf = (
  rule: RobustPlan,
  updates: readonly (Vector | null)[],
  more: Partial<FoldPlan> = {},
) => {
  const fold = createRobustFold({
    ...{ rule, units: [SIZE], room: 64, ...more },
    ...(rule.rule === 'fltrust' && { root }),
  })
  do for (const [i, vector] of updates.entries()) if (vector) fold.add(i, vector)
  while (fold.endPass())
  return fold
}
const estimateOf = (...given: Parameters<typeof foldOf>) => [...foldOf(...given).estimate()!]

const squared = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a, (x, i) => (x - b[i]!) ** 2).reduce((sum, x) => sum + x, 0)
const inner = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a, (x, i) => x * b[i]!).reduce((sum, x) => sum + x, 0)
const length = (a: ArrayLike<number>) => Math.sqrt(inner(a, a))
const meanOf = (vectors: readonly ArrayLike<number>[]) =>
  Array.from(
    vectors[0]!,
    (_, i) => vectors.reduce((sum, vector) => sum + vector[i]!, 0) / vectors.length,
  )
const sorted = (values: readonly number[]) => [...values].sort((a, b) => a - b)
const middle = (values: readonly number[]) => {
  const s = sorted(values)
  return (s[(s.length - 1) >> 1]! + s[s.length >> 1]!) / 2
}
const times = (vector: ArrayLike<number>, by: number) => Array.from(vector, (x) => x * by)

/** Σ of the n − f − 2 smallest squared distances to others, by Blanchard et al. 2017. */
const scoresOf = (all: readonly ArrayLike<number>[], f: number) =>
  all.map((one) =>
    sorted(all.filter((other) => other !== one).map((other) => squared(one, other)))
      .slice(0, all.length - f - 2)
      .reduce((sum, x) => sum + x, 0),
  )

/** Each rule by its definition. */
const ORACLES: Record<RobustPlan['rule'], (all: readonly ArrayLike<number>[]) => number[]> = {
  'norm-bound': (all) => {
    const most = 0.9 * middle(all.map(length))
    return meanOf(all.map((x) => times(x, Math.min(1, most / length(x)))))
  },
  median: (all) => Array.from(all[0]!, (_, c) => middle(all.map((x) => x[c]!))),
  'trimmed-mean': (all) => {
    const k = Math.floor(0.2 * all.length)
    return Array.from(all[0]!, (_, c) => {
      const stay = sorted(all.map((x) => x[c]!)).slice(k, all.length - k)
      return stay.reduce((sum, x) => sum + x, 0) / stay.length
    })
  },
  krum: (all) => {
    const scores = scoresOf(all, Math.floor(0.2 * all.length))
    return Array.from(all[scores.indexOf(Math.min(...scores))]!)
  },
  'multi-krum': (all) => {
    const f = Math.floor(0.2 * all.length)
    const scores = scoresOf(all, f)
    const worst = sorted(scores)[all.length - f - 1]!
    return meanOf(all.filter((_, i) => scores[i]! <= worst))
  },
  // By gradient descent on the mean of ‖z − xᵢ‖, from far away.
  'geometric-median': (all) => {
    const z = times(all[0]!, 3)
    for (let step = 0; step < 2000; step++) {
      const ways = all.map((x) =>
        times(
          Array.from(x, (v, c) => v - z[c]!),
          1 / Math.sqrt(squared(z, x)),
        ),
      )
      for (const [c, way] of meanOf(ways).entries()) z[c]! += way
    }
    return z
  },
  fltrust: (all) => {
    const trust = all.map((x) => Math.max(0, inner(x, root) / length(x) / length(root)))
    const total = trust.reduce((sum, x) => sum + x, 0)
    const parts = all.map((x, i) => times(x, (trust[i]! * length(root)) / length(x) / total))
    return times(meanOf(parts), all.length)
  },
}

const expectClose = (got: readonly number[], wanted: readonly number[], tolerance: number) =>
  expect(Math.max(...got.map((x, i) => Math.abs(x - wanted[i]!)))).toBeLessThan(tolerance)

test('every rule of the table is tried', () => {
  expect(PLANS.map(({ rule }) => rule).sort()).toEqual(Object.keys(ROBUST_RULES).sort())
})

describe.each(PLANS.map((plan) => [plan.rule, plan] as const))('%s', (name, plan) => {
  test('is what its paper defines, for odd and even numbers (tolerance 1e-6)', () => {
    for (const all of [honest, honest.slice(0, 8), [...honest, draw(-4, 2), draw(9, 0.1)]])
      expectClose(estimateOf(plan, all), ORACLES[name](all), 1e-6)
  })

  test('is the same whatever a block holds (tolerance 1e-12), to the bit with updates that add nothing', () => {
    const whole = estimateOf(plan, honest, { room: 1e6 })
    for (const room of [1, 40, 100]) {
      expectClose(estimateOf(plan, honest, { room }), whole, 1e-12)
      expect(estimateOf(plan, honest, { room })).toEqual(estimateOf(plan, honest, { room }))
    }
    expect(estimateOf(plan, [null, ...honest, null], { room: 1e6 })).toEqual(whole)
  })

  test('of equal updates is that update, but for its length (tolerance 1e-6)', () => {
    const one = draw(1, 1)
    const got = estimateOf(plan, [one, one.slice(), one.slice(), one.slice(), one.slice()])
    const by = length(got) / length(one)
    expectClose(got, times(one, by), 1e-6)
    if (name !== 'fltrust' && name !== 'norm-bound') expect(by).toBeCloseTo(1, 6)
  })

  test('stays among the honest ones when a fifth is far away, alike or not', () => {
    const far = Math.max(...honest.map((x) => Math.sqrt(squared(x, meanOf(honest)))))
    for (const bad of [
      [draw(1e6, 1), draw(-1e6, 1e5)],
      [draw(-1e9, 1), draw(-1e9, 1)],
    ]) {
      const got = estimateOf(plan, [...honest.slice(0, 9), ...bad])
      expect(Math.sqrt(squared(got, meanOf(honest)))).toBeLessThan(1.5 * far)
    }
  })

  test('moves with its reference: from there, everything is as from zero (tolerance 1e-5)', () => {
    if (name === 'fltrust') return
    const reference = Float64Array.from({ length: SIZE }, () => rng.normal())
    const moved = honest.map((x) => Float64Array.from(x, (v, c) => v + reference[c]!))
    const got = estimateOf(plan, moved, { reference })
    expectClose(
      got.map((x, c) => x - reference[c]!),
      estimateOf(plan, honest),
      1e-5,
    )
  })

  test('with a unit for each number does not care in which they are (tolerance 1e-5)', () => {
    if (name === 'fltrust') return
    const by = Float64Array.from({ length: SIZE }, (_, c) => 10 ** ((c % 9) - 4))
    const other = honest.map((x) => Float64Array.from(x, (v, c) => v * by[c]!))
    const units = new Array(SIZE).fill(1)
    const got = estimateOf(plan, other, { units })
    expectClose(
      got.map((x, c) => x / by[c]!),
      estimateOf(plan, honest, { units }),
      1e-5,
    )
  })

  test('has no estimate of too few, and refuses other sizes and what is not finite', () => {
    const { least } = ruleOf(plan)
    expect(foldOf(plan, honest.slice(0, least - 1)).estimate()).toBeNull()
    expect(foldOf(plan, honest.slice(0, least)).estimate()).not.toBeNull()
    const bad = honest[0]!.slice()
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
      bad[5] = value
      expectCode('E_NOT_FINITE', () => foldOf(plan, [bad, ...honest]))
    }
    expectCode('E_SHAPE', () => foldOf(plan, [bad.subarray(1), ...honest]))
  })

  test('tells how many it left out, and their norms', () => {
    const metrics = foldOf(plan, [...honest.slice(0, 8), draw(-1e5, 1), draw(-1e5, 1)]).metrics()
    expect(metrics.updates).toBe(10)
    expect(metrics.leftOut).toBe(
      { 'norm-bound': 0, median: 2, 'trimmed-mean': 2, krum: 9 }[name as string] ?? 2,
    )
    expect(metrics.largestNorm).toBeGreaterThan(1e4 * metrics.medianNorm)
    expect(foldOf(plan, []).metrics()).toMatchObject({ updates: 0, leftOut: 0, largestNorm: 0 })
  })
})

test('Krum among equal scores takes the first of the updates in their order', () => {
  const all = [0, 1, 2, 3, 4].map((x) => Float32Array.of(x))
  const plan: RobustPlan = { rule: 'krum', faulty: 0.2 }
  // f = 1, the sums over 2 others: 1+4, 1+1, 1+1, 1+1, 1+4.
  expect(estimateOf(plan, all, { units: [1] })).toEqual([1])
})

test('the geometric median of a triangle sees its sides under 120 degrees (tolerance 1e-9)', () => {
  const corners = [
    [0, 0],
    [4, 0],
    [1, 3],
  ].map((xy) => Float64Array.from(xy))
  const z = estimateOf({ rule: 'geometric-median' }, corners, { units: [2] })
  const towards = corners.map((x) =>
    times([x[0]! - z[0]!, x[1]! - z[1]!], 1 / length([x[0]! - z[0]!, x[1]! - z[1]!])),
  )
  for (const [i, a] of towards.entries())
    expect(inner(a, towards[(i + 1) % 3]!)).toBeCloseTo(-0.5, 9)
})

test('FLTrust moves nowhere when no update goes the way of the root', () => {
  const against = honest.map((x) => times(x, -1)).map((x) => Float32Array.from(x))
  expect(estimateOf({ rule: 'fltrust', root: 'root' }, against)).toEqual(new Array(SIZE).fill(0))
})

test('updates that come out of their order are refused: sums of floats would depend on it', () => {
  const fold = createRobustFold({ rule: { rule: 'median' }, units: [1], room: 8 })
  fold.add(1, Float32Array.of(1))
  expect(() => fold.add(0, Float32Array.of(1))).toThrow(RangeError)
})

test('a share of 0.29 of a hundred is 29', () => {
  const all = Array.from({ length: 100 }, (_, i) => Float32Array.of(i < 71 ? 1 : 50))
  const { faulty } = RobustPlan.parse({ rule: 'trimmed-mean', faulty: 0.29 }) as { faulty: number }
  expect(estimateOf({ rule: 'trimmed-mean', faulty }, all, { units: [1] })).toEqual([1])
})
