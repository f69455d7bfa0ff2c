/** A report's tables, before they become HTML or Markdown; all follow from the figures. */
import { z } from 'zod'
import { readData } from '../data/read-data.ts'
import type { Estimate } from '../measure/crossed.ts'
import type { Result } from '../measure/results.ts'
import { type ArmFigures, type Difference, isLess, LESS } from '../run/figures.ts'
import type { RunReport } from '../run/run-report.ts'
import type { At } from '../run/sample.ts'
import { short } from './charts.ts'

const ARM_LABELS = readData('arm-labels.json', z.record(z.string(), z.string()))

export const armLabel = (arm: string): string =>
  isLess(arm) ? `${armLabel(arm.slice(0, -LESS.length))}, with less` : (ARM_LABELS[arm] ?? arm)

const atLabel = ({ arm, budget }: At): string =>
  budget === null ? armLabel(arm) : `${armLabel(arm)}, ${budget}`

/** `federated − local, 10`, or `federated, 10 − local, 30` where they differ in choices. */
export const pairLabel = ({ more, less }: { readonly more: At; readonly less: At }): string =>
  more.budget === less.budget || less.budget === null
    ? `${armLabel(more.arm)} − ${armLabel(less.arm)}, ${more.budget}`
    : `${atLabel(more)} − ${atLabel(less)}`

/** `.36 [.31, .41]` */
export const estimateText = ({ value, interval }: Pick<Estimate, 'value' | 'interval'>): string =>
  `${short(value)} [${interval.map(short).join(', ')}]`

/** Between two arms, such as `federated-local`, at one number of choices. */
export const findDifference = (
  { figures }: RunReport,
  pair: string,
  budget: number,
  family?: string,
): Difference | undefined =>
  figures.differences.find(
    (d) =>
      d.family === family &&
      `${d.more.arm}-${d.less.arm}` === pair &&
      d.more.budget === budget &&
      d.less.budget === budget,
  )

export const money = (dollars: number): string => `$${dollars.toFixed(4)}`

export const armAt = (arms: readonly ArmFigures[], { arm, budget }: At): ArmFigures | undefined =>
  arms.find((a) => a.arm === arm && (a.budget === budget || a.budget === null))

export const resultAt = (results: readonly Result[], name: string): Result | undefined =>
  results.find((r) => r.name === name)

/** Numbers of choices at which arms were judged. */
export const budgetsOf = ({ figures }: RunReport): number[] =>
  [...new Set(figures.arms.flatMap((a) => a.budget ?? []))].sort((a, b) => a - b)

export type Table = {
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

/** Tables of a report by title, in order; what has no rows is left out. */
export const tablesOf = (report: RunReport): (readonly [title: string, table: Table])[] =>
  (
    [
      ['Every arm', comparison(report)],
      ['Differences', differenceTable(report)],
      ['By family of tastes', familyTable(report)],
      ['Other metrics', metricsTable(report)],
      ['Person by person', costTable(report)],
      ['Reranking, rewriting, both', worthTable(report)],
      ['Round by round', roundTable(report)],
      ['Rewriting', rewritingTable(report)],
    ] as const
  ).filter(([, { rows }]) => rows.length > 0)

const armsOf = ({ figures }: RunReport): string[] => [...new Set(figures.arms.map((a) => a.arm))]

/** The comparison: share of the reachable utility by arm and number of choices. */
export const comparison = (report: RunReport): Table => {
  const budgets = budgetsOf(report)
  return {
    head: ['arm', ...budgets.map((b) => `${b} choices`), 'people'],
    rows: armsOf(report).map((arm) => {
      const of = budgets.map((budget) => armAt(report.figures.arms, { arm, budget }))
      const n = report.figures.arms.find((a) => a.arm === arm)?.utility.n
      return [armLabel(arm), ...of.map((a) => (a ? estimateText(a.utility) : '')), String(n ?? '')]
    }),
  }
}

const differenceTable = ({ figures }: RunReport): Table => ({
  head: ['paired over people', 'difference', 'shows', 'people'],
  rows: figures.differences
    .filter(({ family }) => family === undefined)
    .map((d) => [pairLabel(d), estimateText(d), d.verdict, String(d.n)]),
})

/** Two arms at every number of choices but 0, and their difference. */
const familyTable = (report: RunReport): Table => {
  const { arms, families } = report.figures
  const budgets = budgetsOf(report).filter((b) => b > 0)
  const last = budgets.at(-1)
  return {
    head: [
      'tastes',
      'people',
      ...budgets.flatMap((b) => [`local, ${b}`, `federated, ${b}`, 'difference']),
      'worst tenth',
    ],
    rows: families.map((family) => {
      const at = (arm: string, budget: number) => armAt(arms, { arm, budget })?.byFamily[family]
      const worst = resultAt(report.results, `run.lift.worst_decile.${last}.${family}`)
      return [
        family,
        String(report.people.families[family] ?? ''),
        ...budgets.flatMap((b) => {
          const d = findDifference(report, 'federated-local', b, family)
          const shares = ['local', 'federated'].map((arm) => at(arm, b))
          const cells = shares.map((share) => (share ? estimateText(share) : ''))
          return [...cells, d ? `${estimateText(d)}: ${d.verdict}` : '']
        }),
        worst ? intervalText(worst) : '',
      ]
    }),
  }
}

/** The other metrics at the largest number of choices. */
const metricsTable = (report: RunReport): Table => {
  const budget = budgetsOf(report).at(-1) ?? 0
  return {
    head: ['arm', 'best answer taken', 'regret', 'NDCG'],
    rows: armsOf(report).flatMap((arm) => {
      const figures = armAt(report.figures.arms, { arm, budget })
      if (!figures) return []
      const { top1, regret, ndcg } = figures
      return [
        [armLabel(arm), estimateText(top1), estimateText(regret), ndcg ? estimateText(ndcg) : ''],
      ]
    }),
  }
}

const intervalText = ({ value, interval = [value, value] }: Result): string =>
  estimateText({ value, interval })

/** What each part of the product is worth and costs, over the people on whom all were judged. */
const worthTable = ({ figures, results }: RunReport): Table => ({
  head: ['arm', 'choices', 'points over Claude’s first', 'further cost a request', 'people'],
  rows: figures.arms.flatMap(({ arm, budget }) => {
    const worth = resultAt(results, `run.worth.${arm}.${budget}`)
    const cost = resultAt(results, `run.cost.${arm}.${budget}`)
    return worth && cost
      ? [[armLabel(arm), `${budget}`, intervalText(worth), money(cost.value), `${worth.n}`]]
      : []
  }),
})

/** What the product asks and what that costs, by number of choices. */
const costTable = (report: RunReport): Table => {
  const budgets = report.figures.lift.map((l) => l.budget)
  const row = (label: string, name: string, format = intervalText) => {
    const found = budgets.map((b) => resultAt(report.results, `run.${name}.${b}`))
    return found.some(Boolean) ? [[label, ...found.map((r) => (r ? format(r) : ''))]] : []
  }
  const group = (label: string, name: string) => [
    ...row(`Claude’s first answer kept, ${label}`, `first_kept.${name}`),
    ...row(`further answers bought, ${label}`, `bought.${name}`),
    ...row(`answers asked for, ${label}`, `answers_asked.${name}`),
    ...row(`further tokens a request, ${label}`, `extra_tokens.${name}`),
    ...row(
      `further cost a request, ${label}`,
      `extra_dollars.${name}`,
      (r) => `${money(r.value)} (≤ ${money(r.interval?.[1] ?? r.value)})`,
    ),
  ]
  return {
    head: ['after so many choices', ...budgets.map(String)],
    rows: [
      ...row('points over Claude’s first, everybody', 'lift.mean'),
      ...row('the worst-served tenth', 'lift.worst_decile'),
      ...row(
        'the tenth worst-served on half of the topics, on the others',
        'lift.worst_decile_again',
      ),
      ...row('the worst-served person', 'lift.worst', (r) => short(r.value)),
      ...row('people without a taste', 'lift.indifferent'),
      ...group('people with a taste', 'with_taste'),
      ...group('people without one', 'indifferent'),
    ],
  }
}

const roundTable = ({ rounds }: RunReport): Table => ({
  head: ['round', 'kind', 'devices', 'share'],
  rows: rounds.map((r) => [String(r.at + 1), r.kind, String(r.received), estimateText(r.estimate)]),
})

const figureTable = (results: readonly Result[], name: (r: Result) => string): Table => ({
  head: ['name', 'value', '95 % interval', 'n'],
  rows: results.map((r) => [
    name(r),
    `${valueText(r.value)} ${r.unit}`,
    r.interval ? r.interval.map(valueText).join(' … ') : '',
    String(r.n ?? ''),
  ]),
})

const REWRITE = 'rewrite.'
const rewritingTable = ({ results }: RunReport): Table =>
  figureTable(
    results.filter((r) => r.name.startsWith(REWRITE)),
    (r) => r.name.slice(REWRITE.length).replaceAll('_', ' '),
  )

export const allFigures = (report: RunReport): Table =>
  figureTable(allResults(report), (r) => `\`${r.name}\``)

/** Everything that the report knows. */
export const allResults = ({ results, measured }: RunReport): Result[] => [...results, ...measured]

export const valueText = (value: number): string => String(Number(value.toPrecision(4)))
