/** The demo's report: that of a run, and the devices that ran as programs. */
import { escapeHtml } from '../report/charts.ts'
import { armLabel, comparison, estimateText } from '../report/content.ts'
import { htmlReport } from '../report/html.ts'
import { table } from '../report/page.ts'
import { findings } from '../report/words.ts'
import type { RunReport } from '../run/run-report.ts'
import type { UserRow } from './judge.ts'

export type DemoReport = RunReport & {
  readonly createdAt: string
  readonly isFallback: boolean
  readonly claude: 'mock' | 'hosted'
  /** The people whose devices ran as programs of their own. */
  readonly users: readonly UserRow[]
  readonly rewrite: {
    readonly request: string
    readonly before: string
    readonly after: string
    readonly answerBefore: string
    readonly answerAfter: string
    readonly reason: string
    /** The first request of so many at most for which there was something to show. */
    readonly chosenFrom: number
  }
  readonly rerank: {
    readonly request: string
    readonly reason: string
    readonly chosenFrom: number
    readonly candidates: readonly {
      readonly text: string
      readonly reward: number
      readonly isFirst: boolean
      readonly isWinner: boolean
    }[]
  }
  readonly jobs: readonly {
    readonly job: string
    readonly index: number
    readonly factor: string | null
    readonly received: number
    readonly seconds: number
    readonly release: string | null
  }[]
  readonly bytesUp: number
  readonly bytesDown: number
  readonly seconds: number
  readonly peakBytes: number | null
}

/** What ends the demo in a terminal. */
export const terminalTables = (report: DemoReport): string => {
  const { head, rows } = comparison(report)
  return [
    'Share of the reachable utility won on unseen requests (0 = random pick, 1 = always the ' +
      'best; 95 % interval over people):',
    alignColumns([head, ...rows]),
    '',
    'The devices of the demo, each after its own few choices:',
    alignColumns([userHead(report), ...report.users.map((u) => userCells(report, u))]),
    '',
    ...findings(report).map((sentence) => `• ${sentence}`),
  ].join('\n')
}

export const demoPage = (report: DemoReport): string =>
  htmlReport(report, { title: 'Loreweave demo', sections: sections(report) })

const sections = (report: DemoReport): string[] => {
  const { rewrite, rerank, claude, createdAt, seconds, bytesUp, bytesDown, peakBytes } = report
  const pre = (text: string) => `<pre>${escapeHtml(text)}</pre>`
  const half = (when: string, request: string, answer: string) =>
    `<div><h3>${when}</h3>${pre(request)}<small>Claude’s answer</small>${pre(answer)}</div>`
  const memory =
    peakBytes === null ? '' : `peak memory of all processes ${(peakBytes / 1e9).toFixed(2)} GB, `
  return [
    '<h2>The devices of the demo</h2>',
    `<p>${report.users.length} of the devices are programs with a home folder of their own; ` +
      'shares with 95 % intervals over their unseen requests.</p>',
    table(
      userHead(report).map(escapeHtml),
      report.users.map((user) => userCells(report, user).map(escapeHtml)),
    ),
    '<h2>One request, before and after rewriting</h2>',
    `<p>${escapeHtml(rewrite.reason)} ${chosenFrom(rewrite)}</p>`,
    `<div class="pair">${half('before', rewrite.before, rewrite.answerBefore)}
${half('after', rewrite.after, rewrite.answerAfter)}</div>`,
    '<h2>One reranking</h2>',
    `<p><b>${escapeHtml(rerank.request)}</b></p><p>${escapeHtml(rerank.reason)}. ${chosenFrom(rerank)}</p>`,
    table(
      ['reward', 'answer'],
      rerank.candidates.map((c) => [
        c.reward.toFixed(2) +
          (c.isWinner ? ' <b>returned</b>' : '') +
          (c.isFirst ? ' <small>Claude’s first</small>' : ''),
        pre(c.text),
      ]),
    ),
    '<h2>The rounds</h2>',
    `<p>Claude ${claude === 'mock' ? 'mocked' : 'hosted'}; ${escapeHtml(createdAt)}; ` +
      `${Math.round(seconds)} s, ${memory}${(bytesUp / 1e6).toFixed(1)} MB sent and ` +
      `${(bytesDown / 1e6).toFixed(1)} MB received by the devices.</p>`,
    table(
      ['job', 'round', 'factor', 'updates', 'seconds', 'release'],
      report.jobs.map((r) => [
        escapeHtml(r.job),
        String(r.index + 1),
        r.factor ?? '–',
        String(r.received),
        r.seconds.toFixed(1),
        `<code>${r.release?.slice(0, 12) ?? '–'}</code>`,
      ]),
    ),
  ]
}

/** A showcase is no sample. */
export const chosenFrom = ({ chosenFrom: count }: { readonly chosenFrom: number }): string =>
  `(The first that changes, chosen from ${count} unseen requests.)`

const armsOf = ({ users }: DemoReport): string[] => Object.keys(users[0]?.arms ?? {})
const userHead = (report: DemoReport): string[] => [
  'person',
  'choices',
  ...armsOf(report).map(armLabel),
]
const userCells = (report: DemoReport, { user, choices, arms }: UserRow): string[] => [
  user,
  String(choices),
  ...armsOf(report).map((arm) => estimateText(arms[arm]!)),
]

const alignColumns = (rows: readonly (readonly string[])[]): string => {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)))
  return rows
    .map((row) =>
      row
        .map((c, i) => c.padEnd(widths[i]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
