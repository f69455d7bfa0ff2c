/**
 * Robust rules: what stands for the mean where some updates may be faulty. Most are a weighted mean whose
 * weights follow from how the updates lie; two go number by number.
 */
import type { RobustPlan, RobustRuleName } from '../../wire/robust.ts'
import { geometricMedianWeights } from './geometric-median.ts'
import { krumScores } from './krum.ts'

/** How n updates lie. */
export type Geometry = {
  readonly norms: Float64Array
  /** Squared, [n, n]; empty unless the rule asks for them. */
  readonly distances: Float64Array
  /** The root's update: its norm, and its inner product with each. */
  readonly root?: { readonly norm: number; readonly products: Float64Array }
}

/** The estimate is Σ weights[i]·scales[i]·xᵢ. */
export type Weighted = { readonly weights: Float64Array; readonly scales: Float64Array }

type WeightRule<Plan> = {
  readonly kind: 'weights'
  readonly needs: 'norms' | 'distances' | 'root'
  /** Fewest updates of which it guards against one that is faulty. */
  readonly least: number
  /** Whether n updates are enough for what the plan asks. */
  isEnough(n: number, plan: Plan): boolean
  weigh(geometry: Geometry, plan: Plan): Weighted
}
type NumberRule<Plan> = {
  readonly kind: 'numbers'
  readonly least: number
  isEnough(n: number, plan: Plan): boolean
  /** How many of n values, in rising order, are dropped at each end; the mean of the others stays. */
  dropped(n: number, plan: Plan): number
}
export type RobustRule<Plan = RobustPlan> = WeightRule<Plan> | NumberRule<Plan>

/** f: how many of n updates may be faulty. */
const faultyOf = (n: number, { faulty }: { readonly faulty: number }): number =>
  // A share such as 0.29 of 100 is a little below 29.
  Math.floor(faulty * n + 1e-9)

const always = () => true
const ones = (n: number): Float64Array => new Float64Array(n).fill(1)
type PlanOf<Name extends RobustRuleName> = Extract<RobustPlan, { rule: Name }>

const normBound: RobustRule<PlanOf<'norm-bound'>> = {
  kind: 'weights',
  needs: 'norms',
  least: 3,
  isEnough: always,
  weigh: ({ norms }, { multiple }) => {
    const most = multiple * medianOf(norms)
    const scales = norms.map((norm) => (norm > most ? most / norm : 1))
    return { weights: norms.map(() => 1 / norms.length), scales }
  },
}

const median: RobustRule<PlanOf<'median'>> = {
  kind: 'numbers',
  least: 3,
  isEnough: always,
  dropped: (n) => (n - 1) >> 1,
}

const trimmedMean: RobustRule<PlanOf<'trimmed-mean'>> = {
  kind: 'numbers',
  least: 3,
  isEnough: (n, plan) => n > 2 * faultyOf(n, plan),
  dropped: faultyOf,
}

/** Blanchard et al. 2017, section 3; m: how many of the best are averaged. */
const krumOf = <Plan extends { faulty: number }>(
  chosen: (n: number, f: number) => number,
): RobustRule<Plan> => ({
  kind: 'weights',
  needs: 'distances',
  least: 5,
  isEnough: (n, plan) => n >= 2 * faultyOf(n, plan) + 3,
  weigh: ({ norms: { length: n }, distances }, plan) => {
    const f = faultyOf(n, plan)
    const scores = krumScores(distances, n, f)
    // Equal scores: the first, in the order of the updates, which is not that of their coming.
    const best = [...scores.keys()].sort((a, b) => scores[a]! - scores[b]! || a - b)
    const m = chosen(n, f)
    const weights = new Float64Array(n)
    for (const i of best.slice(0, m)) weights[i] = 1 / m
    return { weights, scales: ones(n) }
  },
})

const geometricMedian: RobustRule<PlanOf<'geometric-median'>> = {
  kind: 'weights',
  needs: 'distances',
  least: 3,
  isEnough: always,
  weigh: ({ norms: { length: n }, distances }) => ({
    weights: geometricMedianWeights(distances, n),
    scales: ones(n),
  }),
}

/**
 * Cao et al. 2021, equations 2 and 4: trust is the cosine where it is positive, and each update has the
 * root's length. Without trust in any the estimate is zero.
 */
const fltrust: RobustRule<PlanOf<'fltrust'>> = {
  kind: 'weights',
  needs: 'root',
  least: 1,
  isEnough: always,
  weigh: ({ norms, root }) => {
    if (!root) throw new RangeError("fltrust needs the root's update")
    const cosines = norms.map((norm, i) => {
      const lengths = norm * root.norm
      return lengths > 0 ? Math.max(0, root.products[i]! / lengths) : 0
    })
    const trust = cosines.reduce((sum, x) => sum + x, 0)
    return {
      weights: trust > 0 ? cosines.map((x) => x / trust) : cosines,
      scales: norms.map((norm) => (norm > 0 ? root.norm / norm : 0)),
    }
  },
}

export const ROBUST_RULES: { readonly [Name in RobustRuleName]: RobustRule<PlanOf<Name>> } = {
  'norm-bound': normBound,
  median,
  'trimmed-mean': trimmedMean,
  krum: krumOf(() => 1),
  'multi-krum': krumOf((n, f) => n - f),
  'geometric-median': geometricMedian,
  fltrust,
}

export const ruleOf = ({ rule }: RobustPlan): RobustRule =>
  ROBUST_RULES[rule] as RobustRule<RobustPlan>

/** Whether the rule holds numbers of all updates at a time, block after block. */
export const isInBlocks = (plan: RobustPlan): boolean => {
  const rule = ruleOf(plan)
  return rule.kind === 'numbers' || rule.needs === 'distances'
}

/** Whether n updates are enough for the rule, and for what the plan asks of it. */
export const isEnoughFor = (plan: RobustPlan, n: number): boolean => {
  const rule = ruleOf(plan)
  return n >= rule.least && rule.isEnough(n, plan)
}

/** Whether n updates are enough for the rule to guard against at least one that is faulty. */
export const guardsAmong = (plan: RobustPlan, n: number): boolean =>
  isEnoughFor(plan, n) && (!('faulty' in plan) || faultyOf(n, plan) >= 1)

/** 0 of nothing. */
export const medianOf = (values: Float64Array): number => {
  const sorted = Float64Array.from(values).sort()
  const half = sorted.length >> 1
  if (sorted.length === 0) return 0
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2
}
