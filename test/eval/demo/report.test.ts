import { expect, test } from 'vitest'
import { type DemoReport, demoPage, terminalTables } from '../../../eval/demo/report.ts'
import { sampleReport } from '../report/fixture.ts'

const estimate = { value: 0.25, interval: [0.1, 0.4] as const }
const report: DemoReport = {
  ...sampleReport(),
  ablate: ['prior'],
  model: 'tiny',
  createdAt: '2026-01-01T00:00:00.000Z',
  isFallback: true,
  claude: 'mock',
  users: [
    { user: 'user-0', choices: 5, prompts: 4, arms: { first: estimate, federated: estimate } },
  ],
  rewrite: {
    request: 'q',
    before: 'system: (none)\n\nuser: <b>q</b>',
    after: 'system: <reader_preferences>',
    answerBefore: 'a',
    answerAfter: 'b',
    reason: 'because',
    chosenFrom: 5,
  },
  rerank: {
    request: 'q',
    reason: 'likely better',
    chosenFrom: 6,
    candidates: [
      { text: '<script>alert(1)</script>', reward: 1.5, isFirst: false, isWinner: true },
    ],
  },
  jobs: [
    { job: '2 prior', index: 0, factor: null, received: 3, seconds: 1.5, release: 'f'.repeat(64) },
  ],
  bytesUp: 1_500_000,
  bytesDown: 2_500_000,
  seconds: 61,
  peakBytes: null,
}

test('the page is one file, says what it is made of, and takes no text for markup', () => {
  const html = demoPage(report)
  expect(html).not.toMatch(/<script|src=|href=|@import|url\(/)
  expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
  expect(html).toContain('&lt;b&gt;q&lt;/b&gt;')
  expect(html).toContain('tiny random')
  expect(html).toContain('Taken away: prior')
  expect(html).toContain('2 prior')
  expect(html).toContain('chosen from 5 unseen requests')
  expect(html).toContain('chosen from 6 unseen requests')
  expect(html).toContain('1.5 MB sent and 2.5 MB received')
})

test('the terminal has a row for each arm and each device program, and what came out in words', () => {
  const lines = terminalTables(report).split('\n')
  const user = lines.find((line) => line.startsWith('user-0'))!
  expect(user.match(/\.25 \[\.10, \.40\]/g)).toHaveLength(2)
  for (const { arm, budget } of report.figures.arms)
    if (budget === null)
      expect(
        lines.some((line) => line.startsWith(`Claude's first`)),
        arm,
      ).toBe(true)
  expect(lines.at(-1)).toMatch(/^• /)
})
