/** From picks to figures: every name, value and interval that a run prints and its report draws. */
import { type Estimate, minus, type Verdict, verdictOf } from '../measure/crossed.ts'
import { meanNdcg, meanRegret, type Pick, topOne } from '../measure/metrics.ts'
import type { Result } from '../measure/results.ts'
import { liftFigures } from './lift.ts'
import {
  type At,
  alone,
  dotted,
  type FigureOptions,
  type JudgedWorld,
  reachable,
  resultOf,
  type Sample,
  sampleOf,
  suffix,
} from './sample.ts'

export type Difference = Estimate & {
  readonly more: At
  readonly less: At
  /** Where it is over one family of tastes only. */
  readonly family?: string
  readonly verdict: Verdict
}

export type Figures = {
  readonly results: readonly Result[]
  readonly arms: readonly ArmFigures[]
  readonly differences: readonly Difference[]
  /** Points beyond Claude's first of every person, by the product's budget. */
  readonly lift: readonly { readonly budget: number; readonly points: readonly number[] }[]
  /** The federated arm under the release of the at-th round. */
  readonly rounds: readonly { readonly at: number; readonly estimate: Estimate }[]
  /** Who has something to win. */
  readonly hasTaste: readonly boolean[]
  /** Families of tastes, in which somebody has something to win. */
  readonly families: readonly string[]
}

type Metric = keyof typeof METRICS
export type ArmFigures = At & {
  readonly [metric in Exclude<Metric, 'ndcg'>]: Estimate
} & {
  readonly ndcg: Estimate | null
  /** utility, by family of tastes. */
  readonly byFamily: Readonly<Record<string, Estimate>>
}

/** A difference in shares of the reachable utility that nobody would notice. */
export const MARGIN = 0.02

const METRICS = {
  utility: { of: reachable, unit: 'share' },
  top1: { of: (pick: Pick) => alone(topOne([pick])), unit: 'share' },
  regret: { of: (pick: Pick) => alone(meanRegret([pick])), unit: 'utility' },
  ndcg: { of: (pick: Pick) => alone(meanNdcg([pick])), unit: 'share' },
} as const

/**
 * Shares are means over people who have something to win: the others' share is 0/0. Differences are
 * paired over the people that both arms were judged on. All intervals are of the same draws, so
 * that leaving an arm out changes no other figure.
 */
export const figuresOf = (worlds: readonly JudgedWorld[], options: FigureOptions): Figures => {
  const sample = sampleOf(worlds, options)
  const { prefix } = options
  const all = sample.at.map((at) => armFigures(sample, at))
  const isRound = ({ arm }: At) => arm.startsWith(ROUND)
  const arms = all.filter((a) => !isRound(a))
  const rounds = all
    .filter(isRound)
    .map(({ arm, utility }) => ({ at: Number(arm.slice(ROUND.length)), estimate: utility }))
  const differences = differencesOf(sample)
  const lift = liftFigures(sample)
  return {
    arms,
    differences,
    rounds,
    lift: lift.people,
    hasTaste: sample.people.map((p) => p.hasTaste),
    families: sample.families,
    results: [
      ...arms.flatMap((arm) => [
        ...(Object.keys(METRICS) as Metric[]).flatMap((metric) => {
          const name = `${prefix}.${metric}.${dotted(arm)}`
          return arm[metric] ? [resultOf(name, arm[metric], METRICS[metric].unit)] : []
        }),
        ...Object.entries(arm.byFamily).map(([family, estimate]) =>
          resultOf(`${prefix}.utility.${dotted(arm)}.${family}`, estimate, 'share'),
        ),
      ]),
      ...differences.map((d) => ({
        ...resultOf(
          `${prefix}.difference.${dotted(d.more)}-minus-${dotted(d.less)}${suffix(d.family)}`,
          d,
          'share',
        ),
        margin: MARGIN,
        verdict: d.verdict,
      })),
      ...lift.results,
      ...rounds.map(({ at, estimate }) => resultOf(`${prefix}.round.${at}`, estimate, 'share')),
    ],
  }
}

/** Arm of the release of the at-th round of the plan: its figures stand apart. */
export const roundArm = (at: number): string => `${ROUND}${at}`
const ROUND = 'round_'

const NOBODY: Estimate = { value: 0, interval: [0, 0], n: 0 }

const armFigures = (sample: Sample, at: At): ArmFigures => {
  const { crossed, people, families, utility, values, hasOrder } = sample
  const hasTaste = (i: number) => people[i]!.hasTaste
  const estimate = (metric: Metric) =>
    crossed.estimate(values(at, METRICS[metric].of), hasTaste) ?? NOBODY
  return {
    ...at,
    utility: crossed.estimate(utility(at), hasTaste) ?? NOBODY,
    top1: estimate('top1'),
    regret: estimate('regret'),
    ndcg: hasOrder(at) ? estimate('ndcg') : null,
    byFamily: Object.fromEntries(
      families.flatMap((family) => {
        const found = crossed.estimate(utility(at), (i) => people[i]!.family === family)
        return found ? [[family, found]] : []
      }),
    ),
  }
}

/** Arms that a run judges a second time, with less, and compares with themselves. */
export const COMPARED = ['states', 'local', 'federated', 'product'] as const
export const LESS = '_less'
export const lessArm = (arm: string): string => arm + LESS
export const isLess = (arm: string): boolean => arm.endsWith(LESS)
/** What is compared at the same number of choices. */
const SAME: readonly (readonly [more: string, less: string])[] = [
  ...(
    'federated-local prior-local lora-local federated-prior federated-lora federated-global ' +
    'federated-first local-named local-states private-federated federated-dpo product-first ' +
    'product-federated rewritten-first whole-rewritten whole-product whole-first shipped-whole shipped-first'
  )
    .split(' ')
    .map((pair) => pair.split('-') as [string, string]),
  ...COMPARED.map((arm) => [arm, lessArm(arm)] as const),
]
/** What is compared with the local arm at the next larger number of choices. */
const SOONER = ['federated', 'prior', 'lora'] as const
/** What is compared within each family of tastes too. */
const APART: ReadonlySet<string> = new Set([
  'federated-local',
  'federated-prior',
  'product-first',
  ...COMPARED.map((arm) => `${arm}-${lessArm(arm)}`),
])

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

const differencesOf = ({ at, crossed, people, families, utility }: Sample): Difference[] =>
  differencePairs(at).flatMap(({ more, less }) => {
    const values = minus(utility(more), utility(less))
    const apart = APART.has(`${more.arm}-${less.arm}`) ? families : []
    return [undefined, ...apart].flatMap((family) => {
      const who = (i: number) =>
        people[i]!.hasTaste && (family === undefined || people[i]!.family === family)
      const estimate = crossed.estimate(values, who)
      if (!estimate) return []
      const verdict = verdictOf(estimate.interval, MARGIN)
      return [{ more, less, ...estimate, ...(family && { family }), verdict }]
    })
  })
