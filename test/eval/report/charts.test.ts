import { expect, test } from 'vitest'
import {
  barChart,
  forestPlot,
  lineChart,
  short,
  signed,
  sortedBars,
} from '../../../eval/report/charts.ts'

const numbersOf = (svg: string, attribute: string): number[] =>
  [...svg.matchAll(new RegExp(`${attribute}="(-?[\\d.]+)"`, 'g'))].map((m) => Number(m[1]))

test('a line rises where its values do, and whiskers span their intervals', () => {
  const svg = lineChart(
    [
      {
        label: 'a <b>',
        points: [
          { x: 0, y: 0 },
          { x: 10, y: 0.2, interval: [0.1, 0.3] },
          { x: 100, y: 0.4 },
        ],
      },
    ],
    { xLabel: 'choices', scale: 'log' },
  )
  const heights = numbersOf(svg, 'cy')
  expect(heights).toEqual(heights.toSorted((a, b) => b - a))
  const places = numbersOf(svg, 'cx')
  expect(places).toEqual(places.toSorted((a, b) => a - b))
  expect(svg).toContain('a &lt;b&gt;')
  expect(svg.match(/class="whisker"/g)).toHaveLength(1)
})

test('bars below zero lie left of it', () => {
  const svg = barChart([
    { label: 'good', value: 0.5, interval: [0.4, 0.6] },
    { label: 'bad', value: -0.25 },
  ])
  const [good, bad] = [...svg.matchAll(/<rect x="([\d.]+)" y="\d+" width="([\d.]+)"/g)].map((m) => [
    Number(m[1]),
    Number(m[2]),
  ])
  expect(bad![0]! + bad![1]!).toBeCloseTo(good![0]!, 0)
  expect(good![1]! / bad![1]!).toBeCloseTo(2, 1)
})

test('a difference is coloured only where its interval leaves zero out', () => {
  const svg = forestPlot([
    { label: 'better', value: 1, interval: [0.5, 1.5] },
    { label: 'worse', value: -1, interval: [-1.5, -0.5] },
    { label: 'open', value: 0.1, interval: [-0.1, 0.3] },
  ])
  expect([...svg.matchAll(/<g class="(\w+)"/g)].map((m) => m[1])).toEqual(['s4', 's6', 'unclear'])
})

test('people stand sorted, each in the colour of its group', () => {
  const svg = sortedBars(
    [
      { value: 3, group: 'a' },
      { value: -1, group: 'b' },
      { value: 2, group: 'a' },
    ],
    ['a', 'b', 'nobody'],
  )
  expect([...svg.matchAll(/<rect class="(s\d)"/g)].map((m) => m[1])).toEqual(['s1', 's0', 's0'])
  expect(svg).not.toContain('nobody')
})

test('nothing at all makes plots without NaN', () => {
  const svgs = [
    lineChart([], { xLabel: 'x' }),
    lineChart([{ label: 'one', points: [{ x: 0, y: 0 }] }], { xLabel: 'x', scale: 'log' }),
    barChart([]),
    forestPlot([]),
    sortedBars([], []),
    sortedBars([{ value: 0, group: 'a' }], ['a']),
  ]
  expect(svgs.join()).not.toMatch(/NaN|Infinity|undefined/)
})

test('numbers are short, and a rounded nothing has no sign', () => {
  expect([0.123, -0.5, 12.34, 1.77, 0, -0.001, 100].map(short)).toEqual([
    '.12',
    '−.50',
    '12',
    '1.8',
    '0',
    '0',
    '100',
  ])
  expect([0.1, 0, -0.1, 0.001].map(signed)).toEqual(['+.10', '0', '−.10', '0'])
})
