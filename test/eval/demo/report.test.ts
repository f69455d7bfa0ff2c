import { expect, test } from 'vitest'
import { barChart, lineChart } from '../../../eval/demo/charts.ts'
import { type DemoReport, htmlReport, terminalTables } from '../../../eval/demo/report.ts'

const estimate = { value: 0.25, interval: [0.1, 0.4] as const }
const report: DemoReport = {
  createdAt: '2026-01-01T00:00:00.000Z',
  model: { name: 'tiny', isFallback: true },
  claude: 'mock',
  seed: 7,
  ablate: 'prior',
  results: [
    { name: 'rerank.utility.local.10', value: 0.25, unit: 'share', n: 3, interval: [0.1, 0.4] },
  ],
  users: [
    { user: 'user-0', choices: 5, prompts: 4, arms: { first: estimate, federated: estimate } },
  ],
  newUsers: {
    count: 3,
    budget: 30,
    arms: { first: estimate, federated: estimate },
    curves: {
      federated: [
        { x: 10, y: 0.1 },
        { x: 100, y: 0.3 },
      ],
    },
    gains: [
      { label: 'federated over local only', value: -0.001, interval: [-0.1, 0.1], budget: 10 },
    ],
  },
  rewrite: {
    request: 'q',
    before: 'system: (none)\n\nuser: <b>q</b>',
    after: 'system: <reader_preferences>',
    answerBefore: 'a',
    answerAfter: 'b',
    reason: 'because',
  },
  rerank: {
    request: 'q',
    reason: 'likely better',
    candidates: [
      { text: '<script>alert(1)</script>', reward: 1.5, isFirst: false, isWinner: true },
    ],
  },
  rounds: [
    { job: 'prior', index: 0, factor: null, received: 3, seconds: 1.5, release: 'f'.repeat(64) },
  ],
  bytesUp: 1_500_000,
  bytesDown: 2_500_000,
  seconds: 61,
  peakBytes: null,
}

test('the page is one file, says what it is made of, and takes no text for markup', () => {
  const html = htmlReport(report)
  expect(html).not.toMatch(/<script|src=|href=|@import|url\(/)
  expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
  expect(html).toContain('tiny random model')
  expect(html).toContain('Ablated: prior')
  expect(html.match(/<svg /g)).toHaveLength(2)
})

test('the table has a row for each user and one for those who took no part', () => {
  const lines = terminalTables(report).split('\n')
  expect(lines.filter((l) => l.startsWith('user-0')).join()).toContain('.25 [.10, .40]')
  expect(lines.filter((l) => l.startsWith('3 new users')).join()).toContain('.25 [.10, .40]')
  expect(lines.at(-1)).toBe('  federated over local only after 10 choices: .00 [-.10, .10]')
})

test('charts hold every label and stay finite for one point, equal values and none below zero', () => {
  const bars = barChart(
    [
      { label: 'a & b', value: 0 },
      { label: 'c', value: -1, interval: [-2, 0] },
    ],
    String,
  )
  expect(bars).toContain('a &amp; b')
  const lines = lineChart([{ label: 'x', points: [{ x: 10, y: 0 }] }], 'n', String)
  for (const drawn of [bars, lines]) expect(drawn).not.toMatch(/NaN|Infinity/)
})
