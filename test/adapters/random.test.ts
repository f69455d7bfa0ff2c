import { describe, expect, test } from 'vitest'
import { cryptoRng, type Rng, randomBytes, seededRng } from '../../adapters/random.ts'

const draw = (n: number, next: () => number): number[] => Array.from({ length: n }, next)
const moment = (values: readonly number[], power: number): number =>
  values.reduce((sum, x) => sum + x ** power, 0) / values.length

const sources: [string, () => Rng][] = [
  ['a seeded stream', () => seededRng('moments')],
  ["the platform's generator", cryptoRng],
]

describe.each(sources)('%s', (_, open) => {
  const n = 40_000
  // Six standard errors: a false alarm in a billion runs.
  const within = (standardError: number) => 6 * standardError

  test('is uniform on [0, 1): mean 1/2, variance 1/12, ten equal bins', () => {
    const rng = open()
    const values = draw(n, rng.uniform)
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...values)).toBeLessThan(1)
    expect(Math.abs(moment(values, 1) - 1 / 2)).toBeLessThan(within(Math.sqrt(1 / 12 / n)))
    expect(Math.abs(moment(values, 2) - 1 / 3)).toBeLessThan(within(Math.sqrt(4 / 45 / n)))
    const bins = new Array<number>(10).fill(0)
    for (const v of values) bins[Math.floor(v * 10)]!++
    const chiSquare = bins.reduce((sum, c) => sum + (c - n / 10) ** 2 / (n / 10), 0)
    // χ² with 9 degrees of freedom exceeds 50 once in ten million.
    expect(chiSquare).toBeLessThan(50)
  })

  test('is standard normal: moments 0, 1, 0, 3, and 95 % within 1.96', () => {
    const rng = open()
    const values = draw(n, rng.normal)
    for (const [power, expected, variance] of [
      [1, 0, 1],
      [2, 1, 2],
      [3, 0, 15],
      [4, 3, 96],
    ] as const)
      expect(Math.abs(moment(values, power) - expected)).toBeLessThan(
        within(Math.sqrt(variance / n)),
      )
    const inside = values.filter((v) => Math.abs(v) < 1.959964).length / n
    expect(Math.abs(inside - 0.95)).toBeLessThan(within(Math.sqrt((0.95 * 0.05) / n)))
  })

  test('has no memory: neighbours are uncorrelated', () => {
    const rng = open()
    const values = draw(n, rng.normal)
    const products = values.slice(1).map((v, i) => v * values[i]!)
    expect(Math.abs(moment(products, 1))).toBeLessThan(within(1 / Math.sqrt(n)))
  })

  test('shuffles every order equally often, and keeps the items', () => {
    const rng = open()
    const items = ['a', 'b', 'c']
    const counts = new Map<string, number>()
    for (let i = 0; i < 6000; i++) {
      const order = rng.shuffle(items).join('')
      counts.set(order, (counts.get(order) ?? 0) + 1)
    }
    expect(items).toEqual(['a', 'b', 'c'])
    expect(counts.size).toBe(6)
    const chiSquare = [...counts.values()].reduce((sum, c) => sum + (c - 1000) ** 2 / 1000, 0)
    // χ² with 5 degrees of freedom exceeds 42 once in ten million.
    expect(chiSquare).toBeLessThan(42)
  })

  test('draws integers below n, each of them, and picks among the items', () => {
    const rng = open()
    expect(new Set(draw(500, () => rng.int(4)))).toEqual(new Set([0, 1, 2, 3]))
    expect(draw(20, () => rng.int(1))).toEqual(new Array(20).fill(0))
    expect(new Set(draw(200, () => rng.pick([5, 6])))).toEqual(new Set([5, 6]))
    expect(() => rng.pick([])).toThrow(RangeError)
  })
})

describe('seeded streams', () => {
  test('one seed gives one stream, as a number or as its text', () => {
    const values = draw(10, seededRng(7).uniform)
    expect(draw(10, seededRng(7).uniform)).toEqual(values)
    expect(draw(10, seededRng('7').uniform)).toEqual(values)
  })

  // Not from elsewhere: adapters of released lines are drawn from these, so they must never change.
  test('the streams stay the same from version to version', () => {
    expect(seededRng(1).uniform() * 2 ** 32).toBe(3977518116)
    const rng = seededRng('users/7')
    expect(draw(4, () => rng.uniform() * 2 ** 32)).toEqual([
      750187517, 3370114436, 4071634525, 460747304,
    ])
  })

  test('a thousand neighbouring seeds begin with a thousand values, uniform and uncorrelated', () => {
    const firsts = Array.from({ length: 1000 }, (_, i) => seededRng(i).uniform())
    expect(new Set(firsts).size).toBe(1000)
    expect(Math.abs(moment(firsts, 1) - 0.5)).toBeLessThan(6 * Math.sqrt(1 / 12 / 1000))
    const products = firsts.slice(1).map((v, i) => (v - 0.5) * (firsts[i]! - 0.5))
    expect(Math.abs(moment(products, 1))).toBeLessThan(6 / 12 / Math.sqrt(1000))
  })

  test('two streams share no values', () => {
    const one = new Set(draw(2000, seededRng('users/1').uniform))
    expect(draw(2000, seededRng('users/2').uniform).filter((v) => one.has(v))).toHaveLength(0)
  })
})

test('random bytes have the asked length and differ', () => {
  expect(randomBytes(32)).toHaveLength(32)
  expect(randomBytes(32)).not.toEqual(randomBytes(32))
})
