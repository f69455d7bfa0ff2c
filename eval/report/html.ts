/** A run as one self-contained HTML page. */

import type { RunReport } from '../run/run-report.ts'
import {
  barChart,
  escapeHtml,
  forestPlot,
  lineChart,
  type Series,
  short,
  sortedBars,
} from './charts.ts'
import {
  allResults,
  armAt,
  armLabel,
  budgetsOf,
  comparison,
  costTable,
  findings,
  limits,
  method,
  metricsTable,
  pairLabel,
  question,
  resultAt,
  valueText,
} from './content.ts'
import { page, table, tiles } from './page.ts'

/** Arms of the learning curves and their colours; the rest are in the bars. */
const CURVES: Readonly<Record<string, number>> = {
  first: 0,
  longest: 7,
  local: 2,
  prior: 1,
  lora: 3,
  federated: 4,
  product: 6,
}
const OTHER_TONE = 0

/** What a report has besides: sections, HTML, before the method. */
export type Extra = { readonly title?: string; readonly sections?: readonly string[] }

export const htmlReport = (report: RunReport, { title, sections = [] }: Extra = {}): string =>
  page(
    `Loreweave: ${report.scenario.name}`,
    [
      `<h1>${escapeHtml(title ?? 'What a federation of small local models wins its people')}</h1>`,
      `<p class="lead">${escapeHtml(question(report))}</p>`,
      ...(report.model === 'tiny'
        ? [
            '<p class="warning">The local model of this run is a tiny random one: its ' +
              'figures say nothing about quality.</p>',
          ]
        : []),
      ...(report.ablate.length > 0
        ? [`<p class="warning">Taken away: ${escapeHtml(report.ablate.join(', '))}.</p>`]
        : []),
      '<h2>What came out</h2>',
      `<ol class="findings">${findings(report)
        .map((s) => `<li>${escapeHtml(s)}</li>`)
        .join('')}</ol>`,
      headline(report),
      ...curves(report),
      ...differences(report),
      ...everyArm(report),
      ...people(report),
      ...rounds(report),
      ...rewriting(report),
      ...sections,
      '<h2>How it was measured</h2>',
      paragraphs(method(report)),
      '<h2>Limits</h2>',
      paragraphs(limits(report)),
      '<h2>All figures</h2>',
      `<details><summary>${allResults(report).length} ` +
        `figures</summary>${allFigures(report)}</details>`,
    ].join('\n'),
  )

const paragraphs = (texts: readonly string[]): string =>
  texts.map((text) => `<p>${escapeHtml(text)}</p>`).join('\n')

const headline = (report: RunReport): string => {
  const { arms, lift } = report.figures
  const budgets = budgetsOf(report).filter((b) => b > 0)
  const of = (arm: string, budget: number) => {
    const found = armAt(arms, { arm, budget })
    return found
      ? [[`${armLabel(arm)}, ${budget} choices`, short(found.utility.value)] as const]
      : []
  }
  const last = lift.at(-1)?.budget
  const points = (name: string, label: string) => {
    const found = resultAt(report.results, `run.lift.${name}.${last}`)
    return found ? [[`${label}, points`, short(found.value)] as const] : []
  }
  const [first, second] = budgets
  return tiles([
    ...(first === undefined ? [] : of('federated', first)),
    ...(second === undefined ? [] : of('local', second)),
    ...points('mean', 'the product over Claude’s first'),
    ...points('worst_decile', 'the worst-served tenth'),
  ])
}

const curves = (report: RunReport): string[] => {
  const budgets = budgetsOf(report)
  const series: Series[] = Object.entries(CURVES).flatMap(([arm, tone]) => {
    const points = budgets.flatMap((budget) => {
      const found = armAt(report.figures.arms, { arm, budget })
      if (!found) return []
      const { value, interval } = found.utility
      return [{ x: budget, y: value, ...(found.budget !== null && { interval }) }]
    })
    const isFixed = report.figures.arms.some((a) => a.arm === arm && a.budget === null)
    return points.length > 0 ? [{ label: armLabel(arm), points, tone, isDashed: isFixed }] : []
  })
  return series.length === 0
    ? []
    : [
        '<h2>How soon it learns</h2>',
        '<p>Share of the reachable utility that new people win on unseen requests, by the ' +
          'choices that they have made; whiskers are 95 % intervals over people.</p>',
        lineChart(series, { xLabel: 'own choices (logarithmic)', scale: 'log' }),
      ]
}

/** What the plot of differences holds; the others are among all figures. */
const PLOTTED: ReadonlySet<string> = new Set([
  'federated-local',
  'prior-local',
  'lora-local',
  'federated-prior',
  'private-federated',
  'product-first',
  'whole-product',
])

const differences = ({ figures }: RunReport): string[] => {
  const rows = figures.differences
    .filter(({ more, less }) => more.budget !== 0 && PLOTTED.has(`${more.arm}-${less.arm}`))
    .map((d) => ({ label: pairLabel(d), value: d.value, interval: d.interval }))
  return rows.length === 0
    ? []
    : [
        '<h2>Differences</h2>',
        '<p>Paired over people, in shares; the number after an arm is that of choices. ' +
          'Coloured where the 95 % interval leaves 0 out.</p>',
        forestPlot(rows),
      ]
}

const everyArm = (report: RunReport): string[] => {
  const bars = budgetsOf(report)
    .filter((budget) => budget > 0)
    .map((budget) => {
      const at = report.figures.arms.filter((a) => a.budget === budget || a.budget === null)
      const sorted = at.toSorted((a, b) => b.utility.value - a.utility.value)
      const chart = barChart(
        sorted.map(({ arm, utility: { value, interval } }) => ({
          label: armLabel(arm),
          value,
          interval,
          tone: CURVES[arm] ?? OTHER_TONE,
        })),
      )
      return `<h3>After ${budget} choices</h3>\n${chart}`
    })
  const { head, rows } = comparison(report)
  const others = metricsTable(report)
  return [
    '<h2>Every arm</h2>',
    '<p>Share of the reachable utility: 0 is a random pick, 1 the oracle.</p>',
    ...bars,
    table(
      head.map(escapeHtml),
      rows.map((row) => row.map(escapeHtml)),
    ),
    `<h3>Other metrics, after ${budgetsOf(report).at(-1) ?? 0} choices</h3>`,
    table(
      others.head.map(escapeHtml),
      others.rows.map((row) => row.map(escapeHtml)),
    ),
  ]
}

const people = (report: RunReport): string[] => {
  const last = report.figures.lift.at(-1)
  if (!last) return []
  const groups = ['people with a taste', 'people without one']
  const values = last.points.map((value, i) => ({
    value,
    group: groups[report.figures.hasTaste[i] ? 0 : 1]!,
  }))
  const { head, rows } = costTable(report)
  return [
    '<h2>Person by person</h2>',
    `<p>What the product returns beyond Claude’s first answer after ${last.budget} choices, ` +
      'in points; a bar is a person.</p>',
    sortedBars(values, groups),
    '<h3>What it asks for, and what that costs</h3>',
    table(
      head.map(escapeHtml),
      rows.map((row) => row.map(escapeHtml)),
    ),
  ]
}

const rounds = ({ rounds: judged, scenario }: RunReport): string[] =>
  judged.length < 2
    ? []
    : [
        '<h2>Round by round</h2>',
        `<p>New people after ${scenario.rounds.budget} choices of their own, under releases ` +
          'along the way: ' +
          `${escapeHtml(judged.map((r) => `${r.at + 1} ${r.kind}`).join(', '))}.</p>`,
        lineChart(
          [
            {
              label: armLabel('federated'),
              tone: CURVES['federated']!,
              points: judged.map(({ at, estimate: { value, interval } }) => ({
                x: at + 1,
                y: value,
                interval,
              })),
            },
          ],
          { xLabel: 'federated rounds so far' },
        ),
      ]

const rewriting = ({ results }: RunReport): string[] => {
  const rows = results.filter((r) => r.name.startsWith('rewrite.'))
  return rows.length === 0
    ? []
    : [
        '<h2>Rewriting</h2>',
        table(
          ['figure', 'value', '95 % interval', 'requests'],
          rows.map((r) => [
            escapeHtml(r.name.slice('rewrite.'.length).replaceAll('_', ' ')),
            `${valueText(r.value)} ${escapeHtml(r.unit)}`,
            r.interval ? r.interval.map(short).join(' … ') : '',
            String(r.n ?? ''),
          ]),
        ),
      ]
}

const allFigures = (report: RunReport): string =>
  table(
    ['name', 'value', '95 % interval', 'n'],
    allResults(report).map((r) => [
      `<code>${escapeHtml(r.name)}</code>`,
      `${valueText(r.value)} ${escapeHtml(r.unit)}`,
      r.interval ? r.interval.map(valueText).join(' … ') : '',
      String(r.n ?? ''),
    ]),
  )
