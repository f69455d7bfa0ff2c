/** The benchmark of privacy as a table, and as a page with a plot of each part. */
import type { Result } from '../../measure/results.ts'
import { lineChart } from '../../report/charts.ts'
import { page, table } from '../../report/page.ts'

type Row = { readonly part: string; readonly cohort: number; readonly arm: string }
type Share = Row & { readonly value: number; readonly interval?: readonly [number, number] }

const sharesIn = (results: readonly Result[]): Share[] =>
  results.flatMap(({ name, value, interval }) => {
    const [, part, cohort, arm] =
      /^bench\.privacy\.(\w+)\.cohort_(\d+)\.([\w.]+)\.share$/.exec(name) ?? []
    return part && arm
      ? [{ part, cohort: Number(cohort), arm, value, ...(interval && { interval }) }]
      : []
  })

const distinct = <T>(values: readonly T[]): T[] => [...new Set(values)]

const armText = (arm: string): string =>
  arm === 'none'
    ? 'no noise'
    : arm === 'full'
      ? 'full moments, no noise'
      : arm.replace('epsilon_', 'ε ')
const partText = (part: string): string =>
  part === 'adapter' ? 'adapter' : part.replace('prior_', 'prior, k = ')

const HEAD = 'share of the gain without noise'

/** A row for each part and cohort, a column for each arm. */
const rowsOf = (shares: readonly Share[]) => {
  const arms = distinct(shares.map(({ arm }) => arm))
  const at = (row: Row) =>
    shares.find((s) => s.part === row.part && s.cohort === row.cohort && s.arm === row.arm)
  const rows = distinct(shares.map(({ part, cohort }) => `${part} ${cohort}`)).map((key) => {
    const [part, cohort] = key.split(' ') as [string, string]
    const values = arms.map((arm) => at({ part, cohort: Number(cohort), arm })?.value)
    return [partText(part), cohort, ...values.map((value) => value?.toFixed(2) ?? '–')]
  })
  return { head: ['learned', 'cohort', ...arms.map(armText)], rows }
}

export const privacyTable = (results: readonly Result[]): string => {
  const { head, rows } = rowsOf(sharesIn(results))
  const all = [head, ...rows]
  const widths = head.map((_, i) => Math.max(...all.map((row) => row[i]!.length)))
  const line = (row: readonly string[]) => row.map((cell, i) => cell.padEnd(widths[i]!)).join('  ')
  return [`${HEAD}:`, ...all.map(line)].join('\n')
}

/** made: by which command, and when. */
export const privacyPage = (results: readonly Result[], made: string): string => {
  const shares = sharesIn(results)
  const { head, rows } = rowsOf(shares)
  const plots = distinct(shares.map(({ part }) => part)).map((part) => {
    const own = shares.filter((share) => share.part === part)
    const series = distinct(own.map(({ arm }) => arm)).map((arm) => ({
      label: armText(arm),
      isDashed: !arm.startsWith('epsilon_'),
      points: own
        .filter((share) => share.arm === arm)
        .map(({ cohort, value, interval }) => ({ x: cohort, y: value, interval })),
    }))
    const plot = lineChart(series, { xLabel: 'devices in a round', scale: 'log' })
    return `<h2>${partText(part)}: ${HEAD}</h2>${plot}`
  })
  const body = [`<h1>What privacy costs</h1><p>${made}</p>`, table(head, rows), ...plots]
  return page('What privacy costs', body.join('\n'))
}
