/** A run as Markdown: the words and tables of the HTML report. */
import type { RunReport } from '../run/run-report.ts'
import { allFigures, type Table, tablesOf } from './content.ts'
import { findings, limits, method, question, sectionText } from './words.ts'

/** made: by which command, when and where. */
export const markdownReport = (report: RunReport, made = ''): string => {
  const { ablate } = report
  const parts: string[] = [
    '# What a federation of small local models wins its people',
    ...(made ? [made] : []),
    question(report),
    ...(ablate.length > 0 ? [`**Taken away: ${ablate.join(', ')}.**`] : []),
    '## What came out',
    findings(report)
      .map((sentence, i) => `${i + 1}. ${sentence}`)
      .join('\n'),
    ...tablesOf(report).flatMap(([title, rows]) => [
      `## ${title}`,
      sectionText(title, report),
      table(rows),
    ]),
    '## How it was measured',
    ...method(report),
    '## Limits',
    ...limits(report),
    '## All figures',
    table(allFigures(report)),
  ]
  return `${parts.join('\n\n')}\n`
}

const table = ({ head, rows }: Table): string => {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}
