import { expect, test } from 'vitest'
import { allResults, valueText } from '../../../eval/report/content.ts'
import { htmlReport } from '../../../eval/report/html.ts'
import { markdownReport } from '../../../eval/report/markdown.ts'
import { findings } from '../../../eval/report/words.ts'
import { sampleReport } from './fixture.ts'

const report = sampleReport()
const html = htmlReport(report)
const markdown = markdownReport(report)

test('both reports hold every figure, with its interval', () => {
  for (const { name, value, unit, interval } of allResults(report)) {
    const numbers = [`${valueText(value)} ${unit}`, interval?.map(valueText).join(' … ') ?? '']
    expect(html).toContain(`<code>${name}</code></td><td>${numbers[0]}</td><td>${numbers[1]}</td>`)
    expect(markdown).toContain(`| \`${name}\` | ${numbers.join(' | ')} |`)
  }
})

test('the page is one file: no script, no address, nothing fetched', () => {
  expect(html).not.toMatch(/<script|<link|<img|<iframe|@import|url\(|https?:|src=|href=/i)
  expect(html).toContain('prefers-color-scheme:dark')
  expect(html).toContain('name="viewport"')
})

test('it has its plots: curves, differences, arms, people, rounds', () => {
  expect(html.match(/<svg /g)!.length).toBe(1 + 1 + 2 + 1 + 1)
  for (const heading of [
    'How soon it learns',
    'Differences',
    'Every arm',
    'Person by person',
    'Round by round',
    'Rewriting',
    'Limits',
  ])
    expect(html).toContain(`<h2>${heading}</h2>`)
})

test('text of a scenario is text', () => {
  expect(html).toContain('Of &lt;made-up&gt; people &amp; &quot;answers&quot;.')
  expect(html).not.toContain('<made-up>')
})

test('three sentences say what came out, by the figures', () => {
  const said = findings(report)
  expect(said).toHaveLength(3)
  expect(said[0]).toMatch(/win 60 % .* after 10 choices .*: more than the 40 % .* after 30/)
  expect(said[1]).toContain('the prior alone is worth +.20')
  expect(said[2]).toMatch(/worst-served tenth/)
  expect(said[2]).toContain('$0.0008')
})

test('a difference whose interval holds 0 is not told as one', () => {
  const { figures } = report
  const unclear = {
    ...report,
    figures: {
      ...figures,
      differences: figures.differences.map((d) => ({ ...d, interval: [-1, 1] as const })),
    },
  }
  expect(findings(unclear)[0]).toContain('no clear difference')
  const worse = {
    ...report,
    figures: {
      ...figures,
      differences: figures.differences.map((d) => ({ ...d, interval: [-1, -0.5] as const })),
    },
  }
  expect(findings(worse)[0]).toContain('less than')
})

test('what was left out leaves no hole: a run without federation has a report too', () => {
  const alone = {
    ...report,
    rounds: [],
    figures: {
      ...report.figures,
      differences: [],
      lift: [],
      arms: report.figures.arms.filter((a) => a.arm === 'first' || a.arm === 'local'),
    },
  }
  expect(findings(alone)).toEqual([])
  expect(htmlReport(alone)).not.toMatch(/undefined|NaN|Infinity/)
  expect(markdownReport(alone)).not.toMatch(/undefined|NaN|Infinity/)
  expect(html + markdown).not.toMatch(/undefined|NaN|Infinity/)
})

test('an ablation and a tiny model are told before anything else', () => {
  const page = htmlReport({ ...report, ablate: ['prior', 'lora'], model: 'tiny' })
  expect(page.indexOf('Taken away: prior, lora')).toBeLessThan(page.indexOf('What came out'))
  expect(page.indexOf('say nothing about quality')).toBeLessThan(page.indexOf('What came out'))
})
