/** A run as Markdown: the words and tables of the HTML report. */

import type { RunReport } from '../run/run-report.ts'
import {
  allResults,
  comparison,
  costTable,
  estimateText,
  findings,
  limits,
  method,
  metricsTable,
  pairLabel,
  question,
  valueText,
} from './content.ts'

export const markdownReport = (report: RunReport): string => {
  const { figures, rounds, ablate } = report
  const sections: (string | string[])[] = [
    `# What a federation of small local models wins its people`,
    question(report),
    ...(ablate.length > 0 ? [`**Taken away: ${ablate.join(', ')}.**`] : []),
    '## What came out',
    findings(report).map((sentence, i) => `${i + 1}. ${sentence}`),
    '## Every arm',
    'Share of the reachable utility, 95 % intervals over people: 0 is a random pick, 1 the oracle.',
    table(comparison(report)),
    '## Differences',
    table({
      head: ['paired over people', 'difference', 'people'],
      rows: figures.differences.map((d) => [pairLabel(d), estimateText(d), String(d.n)]),
    }),
    '## Other metrics',
    table(metricsTable(report)),
    '## What the product asks for, and what that costs',
    table(costTable(report)),
    '## Round by round',
    `New people after ${report.scenario.rounds.budget} choices of their own.`,
    table({
      head: ['round', 'kind', 'devices', 'share'],
      rows: rounds.map((r) => [
        String(r.at + 1),
        r.kind,
        String(r.received),
        estimateText(r.estimate),
      ]),
    }),
    '## How it was measured',
    ...method(report),
    '## Limits',
    ...limits(report),
    '## All figures',
    table({
      head: ['name', 'value', '95 % interval', 'n'],
      rows: allResults(report).map((r) => [
        `\`${r.name}\``,
        `${valueText(r.value)} ${r.unit}`,
        r.interval ? r.interval.map(valueText).join(' … ') : '',
        String(r.n ?? ''),
      ]),
    }),
  ]
  return `${sections.map((s) => (typeof s === 'string' ? s : s.join('\n'))).join('\n\n')}\n`
}

const table = ({
  head,
  rows,
}: {
  head: readonly string[]
  rows: readonly (readonly string[])[]
}): string[] => {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)]
}
