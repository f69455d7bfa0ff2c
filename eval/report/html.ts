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
  allFigures,
  allResults,
  armAt,
  armLabel,
  budgetsOf,
  pairLabel,
  resultAt,
  type Table,
  tablesOf,
} from './content.ts'
import { page, table, tiles } from './page.ts'
import { findings, limits, method, question, sectionText } from './words.ts'

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
export type Extra = {
  readonly title?: string
  readonly made?: string
  readonly sections?: readonly string[]
}

export const htmlReport = (report: RunReport, { title, made, sections = [] }: Extra = {}): string =>
  page(
    `Loreweave: ${report.scenario.name}`,
    [
      `<h1>${escapeHtml(title ?? 'What a federation of small local models wins its people')}</h1>`,
      `<p class="lead">${escapeHtml(question(report))}</p>`,
      ...(made ? paragraphs([made]) : []),
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
        .map((s) => `<li>${rich(s)}</li>`)
        .join('')}</ol>`,
      headline(report),
      ...curves(report),
      ...tablesOf(report).flatMap(([title, rows]) => [
        `<h2>${title}</h2>`,
        ...paragraphs([sectionText(title, report)]),
        ...(CHARTS[title]?.(report) ?? []),
        plainTable(rows),
      ]),
      ...sections,
      '<h2>How it was measured</h2>',
      ...paragraphs(method(report)),
      '<h2>Limits</h2>',
      ...paragraphs(limits(report)),
      '<h2>All figures</h2>',
      `<details><summary>${allResults(report).length} figures</summary>` +
        `${plainTable(allFigures(report))}</details>`,
    ].join('\n'),
  )

/** Text with its `names`. */
const rich = (text: string): string => escapeHtml(text).replace(/`([^`]+)`/g, '<code>$1</code>')

const paragraphs = (texts: readonly string[]): string[] => texts.map((t) => `<p>${rich(t)}</p>`)

const plainTable = ({ head, rows }: Table): string =>
  table(
    head.map(rich),
    rows.map((row) => row.map(rich)),
  )

const headline = (report: RunReport): string => {
  const { figures, results } = report
  const [first = 0, second = 0] = budgetsOf(report).filter((b) => b > 0)
  const last = figures.lift.at(-1)?.budget
  const cells = [
    [`${armLabel('federated')}, ${first} choices`, `utility.federated.${first}`],
    [`${armLabel('local')}, ${second} choices`, `utility.local.${second}`],
    ['the product over Claude’s first, points', `lift.mean.${last}`],
    ['the worst-served tenth, points', `lift.worst_decile.${last}`],
  ] as const
  return tiles(
    cells.flatMap(([label, name]) => {
      const found = resultAt(results, `run.${name}`)
      return found ? [[label, short(found.value)] as const] : []
    }),
  )
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
          'choices that they have made; whiskers are 95 % intervals.</p>',
        lineChart(series, { xLabel: 'own choices (logarithmic)', scale: 'log' }),
      ]
}

/** What the plot of differences holds; the others are among all figures. */
const PLOTTED: ReadonlySet<string> = new Set(
  (
    'federated-local prior-local lora-local federated-prior ' +
    'private-federated product-first whole-product shipped-whole'
  ).split(' '),
)

/** Plots of a section, by its title. */
const CHARTS: Readonly<Record<string, (report: RunReport) => string[]>> = {
  'Every arm': (report) =>
    budgetsOf(report)
      .filter((budget) => budget > 0)
      .map((budget) => {
        const at = report.figures.arms.filter((a) => a.budget === budget || a.budget === null)
        const bars = at
          .toSorted((a, b) => b.utility.value - a.utility.value)
          .map(({ arm, utility: { value, interval } }) => ({
            label: armLabel(arm),
            value,
            interval,
            tone: CURVES[arm] ?? OTHER_TONE,
          }))
        return `<h3>After ${budget} choices</h3>\n${barChart(bars)}`
      }),
  Differences: ({ figures }) => {
    const rows = figures.differences.filter(
      ({ more, less, family }) =>
        !family && more.budget !== 0 && PLOTTED.has(`${more.arm}-${less.arm}`),
    )
    return [forestPlot(rows.map((d) => ({ label: pairLabel(d), ...d })))]
  },
  'Person by person': ({ figures: { lift, hasTaste } }) => {
    const groups = ['people with a taste', 'people without one']
    const last = lift.at(-1)
    const values = (last?.points ?? []).map((value, i) => ({
      value,
      group: groups[hasTaste[i] ? 0 : 1]!,
    }))
    return [`<p>After ${last?.budget} choices; a bar is a person.</p>`, sortedBars(values, groups)]
  },
  'Round by round': ({ rounds }) => {
    const points = rounds.map(({ at, estimate: { value, interval } }) => ({
      x: at + 1,
      y: value,
      interval,
    }))
    const series = { label: armLabel('federated'), tone: CURVES['federated']!, points }
    return [lineChart([series], { xLabel: 'federated rounds so far' })]
  },
}
