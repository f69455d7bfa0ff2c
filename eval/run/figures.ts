/** From picks to figures: every name, value and interval that a run prints and its report draws. */
import { seededRng } from '../../adapters/random.ts'
import {
  bootstrapInterval,
  liftPoints,
  meanNdcg,
  meanOf,
  meanRegret,
  type Pick,
  pairedDifference,
  reachableOf,
  reachableUtility,
  topOne,
  worstDecile,
} from '../measure/metrics.ts'
import type { Result } from '../measure/results.ts'
import type { Judged } from './judge.ts'

/** One arm after a number of choices; null: it knows none. */
export type At = { readonly arm: string; readonly budget: number | null }

export type Figures = {
  readonly results: readonly Result[]
  readonly arms: readonly ArmFigures[]
  readonly differences: readonly (Estimate & { readonly more: At; readonly less: At })[]
  /** Points beyond Claude's first of every person, by the product's budget. */
  readonly lift: readonly { readonly budget: number; readonly points: readonly number[] }[]
  /** Who has something to win. */
  readonly hasTaste: readonly boolean[]
}

export type Estimate = {
  readonly value: number
  readonly interval: readonly [number, number]
  readonly n: number
}

export type ArmFigures = At & {
  readonly utility: Estimate
  readonly top1: Estimate
  readonly regret: Estimate
  readonly ndcg: Estimate | null
}

export type FigureOptions = {
  readonly prefix: string
  readonly seed: number
  /** Arm whose lift over the first candidate is listed person by person. */
  readonly product?: string
}

const METRICS = {
  utility: { of: reachableUtility, unit: 'share' },
  top1: { of: topOne, unit: 'share' },
  regret: { of: meanRegret, unit: 'utility' },
  ndcg: { of: meanNdcg, unit: 'share' },
} as const
type Metric = keyof typeof METRICS

/**
 * Over people who have something to win: the others' share is 0/0. Differences are paired over the
 * people that both arms were judged on. Every interval has its own stream of randomness, so that
 * leaving an arm out changes no other figure.
 */
export const figuresOf = (judged: Judged, options: FigureOptions): Figures => {
  const { prefix } = options
  const hasTaste = (fixedPicks(judged, 'first') ?? []).map((picks) => reachableOf(picks) > 0)
  const at = atOf(judged)
  const arms = at.map((where) => armFigures(judged, where, hasTaste, options))
  const differences = differencePairs(at).flatMap(({ more, less }) => {
    const difference = pairedShares(judged, more, less, hasTaste, options)
    return difference ? [{ more, less, ...difference }] : []
  })
  const lift = liftFigures(judged, hasTaste, options)
  return {
    arms,
    differences,
    lift: lift.people,
    hasTaste,
    results: [
      ...arms.flatMap((arm) =>
        (Object.keys(METRICS) as Metric[]).flatMap((metric) => {
          const estimate = arm[metric]
          if (!estimate) return []
          return [resultOf(`${prefix}.${metric}.${dotted(arm)}`, estimate, METRICS[metric].unit)]
        }),
      ),
      ...differences.map((d) =>
        resultOf(`${prefix}.difference.${dotted(d.more)}-minus-${dotted(d.less)}`, d, 'share'),
      ),
      ...lift.results,
    ],
  }
}

export const resultOf = (name: string, { value, interval, n }: Estimate, unit: string): Result => ({
  name,
  value,
  unit,
  n,
  interval: [...interval],
})

/** Mean over people with its 95 % interval. name: of the stream of randomness. */
export const meanEstimate = (values: readonly number[], seed: number, name: string): Estimate => ({
  value: meanOf(values),
  interval: bootstrapInterval(values, meanOf, seededRng(`interval/${seed}/${name}`)),
  n: values.length,
})

const dotted = ({ arm, budget }: At): string => (budget === null ? arm : `${arm}.${budget}`)

const fixedPicks = (judged: Judged, arm: string) => judged.get(arm)?.get(0)

/** Arms that own choices do not affect have the single budget 0, which no other arm has alone. */
const atOf = (judged: Judged): At[] =>
  [...judged].flatMap(([arm, byBudget]) => {
    const budgets = [...byBudget.keys()]
    const isFixed = budgets.length === 1 && budgets[0] === 0
    return budgets.map((budget) => ({ arm, budget: isFixed ? null : budget }))
  })

const picksAt = (judged: Judged, { arm, budget }: At) => judged.get(arm)?.get(budget ?? 0)

const armFigures = (
  judged: Judged,
  at: At,
  hasTaste: readonly boolean[],
  { prefix, seed }: FigureOptions,
): ArmFigures => {
  const people = picksAt(judged, at)!.filter((_, i) => hasTaste[i])
  const estimate = (metric: Metric): Estimate =>
    meanEstimate(people.map(METRICS[metric].of), seed, `${prefix}/${metric}/${dotted(at)}`)
  const hasOrder = people.flat().every((pick) => pick.order !== undefined)
  return {
    ...at,
    utility: estimate('utility'),
    top1: estimate('top1'),
    regret: estimate('regret'),
    ndcg: hasOrder ? estimate('ndcg') : null,
  }
}

/** What is compared at the same number of choices. */
const SAME: readonly (readonly [string, string])[] = [
  ['federated', 'local'],
  ['prior', 'local'],
  ['lora', 'local'],
  ['federated', 'prior'],
  ['federated', 'lora'],
  ['federated', 'global'],
  ['federated', 'first'],
  ['local', 'named'],
  ['local', 'states'],
  ['private', 'federated'],
  ['federated', 'dpo'],
  ['product', 'first'],
  ['product', 'federated'],
  ['whole', 'product'],
  ['whole', 'first'],
]
/** What is compared with the local arm at the next larger number of choices. */
const SOONER = ['federated', 'prior', 'lora'] as const

const differencePairs = (at: readonly At[]): { more: At; less: At }[] => {
  const find = (arm: string, budget: number) =>
    at.find((a) => a.arm === arm && (a.budget === budget || a.budget === null))
  const budgets = [...new Set(at.flatMap((a) => a.budget ?? []))].sort((a, b) => a - b)
  const pair = (more: At | undefined, less: At | undefined) =>
    more && less ? [{ more, less }] : []
  const sooner = budgets.filter((b) => b > 0 && find('local', b))
  return [
    ...sooner.flatMap((budget, i) => {
      const next = sooner[i + 1]
      return next === undefined
        ? []
        : SOONER.flatMap((arm) => pair(find(arm, budget), find('local', next)))
    }),
    ...budgets.flatMap((b) => SAME.flatMap(([more, less]) => pair(find(more, b), find(less, b)))),
  ].filter(({ more, less }) => more.budget !== null || less.budget !== null)
}

const pairedShares = (
  judged: Judged,
  more: At,
  less: At,
  hasTaste: readonly boolean[],
  { prefix, seed }: FigureOptions,
): Estimate | null => {
  const [a, b] = [picksAt(judged, more)!, picksAt(judged, less)!]
  const both = Math.min(a.length, b.length)
  const shares = (people: readonly (readonly Pick[])[]) =>
    people
      .slice(0, both)
      .filter((_, i) => hasTaste[i])
      .map(reachableUtility)
  const rng = seededRng(`interval/${seed}/${prefix}/${dotted(more)}/${dotted(less)}`)
  const difference = pairedDifference(shares(a), shares(b), rng)
  return difference.n > 0 ? difference : null
}

const liftFigures = (
  judged: Judged,
  hasTaste: readonly boolean[],
  { prefix, seed, product = 'product' }: FigureOptions,
): { people: Figures['lift']; results: Result[] } => {
  const reachable = meanOf(
    (fixedPicks(judged, 'first') ?? []).map(reachableOf).filter((_, i) => hasTaste[i]),
  )
  const people: { budget: number; points: number[] }[] = []
  const results: Result[] = []
  for (const [budget, byPerson] of judged.get(product) ?? []) {
    const points = byPerson.map((picks) => liftPoints(picks, reachable))
    people.push({ budget, points })
    const add = (what: string, values: readonly number[], unit: string, of = meanOf) => {
      if (values.length === 0) return
      const name = `${prefix}.${what}.${budget}`
      const interval = bootstrapInterval(values, of, seededRng(`interval/${seed}/${name}`))
      results.push(resultOf(name, { value: of(values), interval, n: values.length }, unit))
    }
    const indifferent = byPerson.filter((_, i) => !hasTaste[i])
    const away = (picks: readonly Pick[]) => meanOf(picks.map((p) => Number(p.picked !== 0)))
    const asked = (picks: readonly Pick[]) =>
      meanOf(picks.map((p) => p.asked ?? p.utilities.length))
    add('lift.mean', points, 'points')
    add('lift.worst_decile', points, 'points', worstDecile)
    add('lift.worst', points, 'points', (values) => Math.min(...values))
    add(
      'lift.indifferent',
      points.filter((_, i) => !hasTaste[i]),
      'points',
    )
    add('answers_asked.with_taste', byPerson.filter((_, i) => hasTaste[i]).map(asked), 'answers')
    add('answers_asked.indifferent', indifferent.map(asked), 'answers')
    add('not_first.with_taste', byPerson.filter((_, i) => hasTaste[i]).map(away), 'share')
    add('not_first.indifferent', indifferent.map(away), 'share')
  }
  return { people, results }
}
