/** The demo's outcome as data, as a terminal table and as one self-contained HTML page. */

import type { Interval } from '../metrics.ts'
import type { Result } from '../results.ts'
import { barChart, escapeHtml, lineChart } from './charts.ts'

export type Estimate = { readonly value: number; readonly interval: Interval }

export type UserRow = {
  readonly user: string
  readonly choices: number
  readonly prompts: number
  readonly arms: Readonly<Record<string, Estimate>>
}

export type DemoReport = {
  readonly createdAt: string
  readonly model: { readonly name: string; readonly isFallback: boolean }
  readonly claude: 'mock' | 'hosted'
  readonly seed: number
  readonly ablate: string | null
  readonly results: readonly Result[]
  /** The people whose devices ran as programs of their own. */
  readonly users: readonly UserRow[]
  /** People who took no part: mean over them, by arm, at the largest budget. */
  readonly newUsers: {
    readonly count: number
    readonly budget: number
    readonly arms: Readonly<Record<string, Estimate>>
    readonly curves: Readonly<Record<string, readonly { readonly x: number; readonly y: number }[]>>
    readonly gains: readonly {
      readonly label: string
      readonly value: number
      readonly interval: Interval
      readonly budget: number
    }[]
  }
  readonly rewrite: {
    readonly request: string
    readonly before: string
    readonly after: string
    readonly answerBefore: string
    readonly answerAfter: string
    readonly reason: string
  }
  readonly rerank: {
    readonly request: string
    readonly reason: string
    readonly candidates: readonly {
      readonly text: string
      readonly reward: number
      readonly isFirst: boolean
      readonly isWinner: boolean
    }[]
  }
  readonly rounds: readonly {
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

export const ARM_LABELS: Readonly<Record<string, string>> = {
  first: "Claude's first",
  random: 'random',
  longest: 'longest',
  local: 'local only',
  federated: 'federated',
  no_adapter: 'federated, no adapter',
  no_prior: 'federated, no prior',
}

const label = (arm: string): string => ARM_LABELS[arm] ?? arm

/** The tables that end the demo in a terminal. */
export const terminalTables = (report: DemoReport): string => {
  const arms = Object.keys(report.users[0]?.arms ?? report.newUsers.arms)
  const head = ['user', 'choices', ...arms.map(label)]
  const cell = (e: Estimate | undefined) =>
    e ? `${signed(e.value)} [${signed(e.interval[0])}, ${signed(e.interval[1])}]` : ''
  const rows = report.users.map((u) => [
    u.user,
    String(u.choices),
    ...arms.map((a) => cell(u.arms[a])),
  ])
  const fresh = [
    `${report.newUsers.count} new users`,
    String(report.newUsers.budget),
    ...arms.map((a) => cell(report.newUsers.arms[a])),
  ]
  const gains = report.newUsers.gains.map(
    (g) =>
      `  ${g.label} after ${g.budget} choices: ${signed(g.value)} [${signed(g.interval[0])}, ${signed(g.interval[1])}]`,
  )
  return [
    'Share of the reachable utility won on unseen prompts (0 = random pick, 1 = always the best; 95 % interval):',
    alignColumns([head, ...rows, fresh]),
    '',
    `Paired over ${report.newUsers.count} new users:`,
    ...gains,
  ].join('\n')
}

export const htmlReport = (report: DemoReport): string => {
  const { newUsers, rewrite, rerank } = report
  const bars = Object.entries(newUsers.arms).map(([arm, e]) => ({
    label: label(arm),
    value: e.value,
    interval: e.interval,
  }))
  const lines = Object.entries(newUsers.curves).map(([arm, points]) => ({
    label: label(arm),
    points,
  }))
  const arms = Object.keys(report.users[0]?.arms ?? {})
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Loreweave demo</title><style>${STYLE}</style></head><body><main>
<h1>Loreweave demo</h1>
<p class="lead">${report.users.length} devices as programs of their own, a fleet of lighter ones, two federated rounds of LoRA training on <b>${escapeHtml(report.model.name)}</b>, Claude ${report.claude === 'mock' ? 'mocked' : 'hosted'}, seed ${report.seed}. ${escapeHtml(report.createdAt)}</p>
${report.model.isFallback ? '<p class="warning">No source of the real model answered: these figures come from the built-in tiny random model and mean nothing about quality.</p>' : ''}
${report.ablate ? `<p class="warning">Ablated: ${escapeHtml(report.ablate)}.</p>` : ''}
<div class="tiles">${tiles(report)}</div>
<h2>Unseen prompts, new users</h2>
<p>Share of the reachable utility won: 0 is a random pick, 1 always the best answer. ${newUsers.count} people who took no part in the federation, ${newUsers.budget} choices each; whiskers are 95 % intervals over people.</p>
${barChart(bars, (v) => v.toFixed(2))}
<h2>How soon it learns</h2>
${lineChart(lines, 'choices made by the new user (logarithmic)', (v) => v.toFixed(2))}
<ul>${newUsers.gains.map((g) => `<li>${escapeHtml(g.label)} after ${g.budget} choices: <b>${signed(g.value)}</b> [${signed(g.interval[0])}, ${signed(g.interval[1])}], paired over people</li>`).join('')}</ul>
<h2>The devices of the demo</h2>
${table(
  ['user', 'choices', ...arms.map(label)],
  report.users.map((u) => [
    u.user,
    String(u.choices),
    ...arms.map((a) => {
      const e = u.arms[a]!
      return `${signed(e.value)} <small>[${signed(e.interval[0])}, ${signed(e.interval[1])}]</small>`
    }),
  ]),
)}
<h2>One request, before and after rewriting</h2>
<p>${escapeHtml(rewrite.reason)}</p>
<div class="pair"><div><h3>before</h3><pre>${escapeHtml(rewrite.before)}</pre><h4>answer</h4><pre>${escapeHtml(rewrite.answerBefore)}</pre></div>
<div><h3>after</h3><pre>${escapeHtml(rewrite.after)}</pre><h4>answer</h4><pre>${escapeHtml(rewrite.answerAfter)}</pre></div></div>
<h2>One reranking</h2>
<p><b>${escapeHtml(rerank.request)}</b> — ${escapeHtml(rerank.reason)}</p>
${table(
  ['reward', 'answer'],
  rerank.candidates.map((c) => [
    `${c.reward.toFixed(2)}${c.isWinner ? ' <b>returned</b>' : ''}${c.isFirst ? ' <small>Claude’s first</small>' : ''}`,
    `<pre>${escapeHtml(c.text)}</pre>`,
  ]),
)}
<h2>The rounds</h2>
${table(
  ['job', 'round', 'factor', 'updates', 'seconds', 'release'],
  report.rounds.map((r) => [
    escapeHtml(r.job),
    String(r.index + 1),
    r.factor ?? '–',
    String(r.received),
    r.seconds.toFixed(1),
    `<code>${r.release?.slice(0, 12) ?? '–'}</code>`,
  ]),
)}
<h2>All figures</h2>
${table(
  ['name', 'value', 'unit', '95 % interval', 'n'],
  report.results.map((r) => [
    `<code>${escapeHtml(r.name)}</code>`,
    String(Number(r.value.toPrecision(4))),
    escapeHtml(r.unit),
    r.interval ? `${r.interval[0].toFixed(3)} … ${r.interval[1].toFixed(3)}` : '',
    String(r.n ?? ''),
  ]),
)}
</main></body></html>
`
}

const tiles = (report: DemoReport): string =>
  [
    ['time', `${Math.round(report.seconds)} s`],
    [
      'peak memory',
      report.peakBytes === null ? 'unknown' : `${(report.peakBytes / 1e9).toFixed(2)} GB`,
    ],
    ['sent by devices', `${(report.bytesUp / 1e6).toFixed(1)} MB`],
    ['received by devices', `${(report.bytesDown / 1e6).toFixed(1)} MB`],
  ]
    .map(([name, value]) => `<div><span>${name}</span><b>${value}</b></div>`)
    .join('')

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  `<div class="scroll"><table><thead><tr>${head.map((h) => `<th>${h}</th>`).join('')}</tr></thead><tbody>${rows
    .map((row) => `<tr>${row.map((c) => `<td>${c}</td>`).join('')}</tr>`)
    .join('')}</tbody></table></div>`

const signed = (value: number): string => {
  const text = value.toFixed(2).replace(/^(-?)0\./, '$1.')
  return text === '-.00' ? '.00' : text
}

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

const STYLE = `
:root{--c0:#8a8f98;--c1:#b9bec6;--c2:#d0a44c;--c3:#4c8bd0;--c4:#2f9e6e;--c5:#8f6fc9;--c6:#c96f8f;--c7:#5bb0b5;--ink:#1c1f24;--soft:#5b626d;--page:#fff;--card:#f5f6f8;--line:#dfe2e7}
@media(prefers-color-scheme:dark){:root{--ink:#e8eaed;--soft:#a2a9b4;--page:#14161a;--card:#1e2127;--line:#343841}}
body{margin:0;background:var(--page);color:var(--ink);font:16px/1.55 system-ui,sans-serif}
main{max-width:980px;margin:0 auto;padding:32px 20px 80px}
h1{font-size:30px;margin:0 0 6px}h2{margin:44px 0 10px;font-size:21px}h3,h4{margin:8px 0}
.lead{color:var(--soft)}.warning{background:#d0a44c33;border-left:4px solid #d0a44c;padding:8px 12px}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(160px,1fr));gap:12px}
.tiles div{background:var(--card);border-radius:8px;padding:12px 16px}.tiles span{display:block;color:var(--soft);font-size:14px}.tiles b{font-size:22px}
svg{max-width:100%;height:auto;display:block}svg text{fill:var(--ink);font-size:13px}svg .value{fill:var(--soft)}
.axis{stroke:var(--soft);stroke-width:1}.grid{stroke:var(--line)}.whisker{stroke:var(--ink);stroke-width:2}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:14px}th,td{text-align:left;padding:6px 10px;border-bottom:1px solid var(--line);vertical-align:top;white-space:nowrap}
td pre{margin:0}pre{white-space:pre-wrap;background:var(--card);border-radius:8px;padding:10px 12px;font:13px/1.5 ui-monospace,monospace;overflow-wrap:anywhere}
td pre{padding:0;background:none;white-space:pre-wrap;min-width:420px}small{color:var(--soft)}
.pair{display:grid;grid-template-columns:1fr 1fr;gap:16px}@media(max-width:700px){.pair{grid-template-columns:1fr}}`
