import { expect, test } from 'vitest'
import { PRICES, PRICES_AS_OF, priceOf, tokensOf, usdOf } from '../../../device/spending/prices.ts'

test.each([
  ['claude-sonnet-5-5', 2, 10],
  ['claude-sonnet-4-5-20250929', 3, 15],
  ['claude-opus-4-1-20250805', 15, 75],
  ['claude-opus-4-6', 5, 25],
  ['claude-opus-5-5', 4, 20],
  ['claude-haiku-4-5', 1, 5],
  ['claude-3-haiku-20240307', 0.25, 1.25],
])('%s costs $%d for a million tokens in, $%d out', (model, input, output) => {
  expect(priceOf(model, 1000)).toMatchObject({ input, output })
})

test('a model that is not in the table, or none, counts as the dearest', () => {
  for (const model of ['', 'claude', 'claude-opus-9', 'another'])
    expect(priceOf(model, 10)).toMatchObject({ input: 15, output: 75 })
})

test('a long prompt is dearer where the price list says so', () => {
  expect(priceOf('claude-haiku-5-5', 100_000).input).toBeCloseTo(0.1, 12)
  expect(priceOf('claude-haiku-5-5', 100_001).output).toBeCloseTo(2.5, 12)
})

test("the user's own rows go before the table, the longest name first", () => {
  const row = (input: number) => ({ input, output: 2 * input, cacheWrite: 0, cacheRead: 0 })
  const own = { claude: row(7), 'claude-sonnet': row(1), 'my-proxy': row(9) }
  expect(priceOf('claude-sonnet-5', 10, own).input).toBe(1)
  expect(priceOf('claude-opus-5', 10, own).input).toBe(7)
  expect(priceOf('my-proxy/x', 10, own).input).toBe(9)
})

test("of the user's own rows an hour of cache is twice the input, unless it is named", () => {
  const usage = { input: 0, output: 0, cacheRead: 0, cacheWrite: 1e6, cacheWriteHour: 4e5 }
  const row = { input: 3, output: 9, cacheWrite: 4, cacheRead: 1 }
  expect(usdOf(usage, row)).toBeCloseTo(0.6 * 4 + 0.4 * 6, 12)
  expect(usdOf(usage, { ...row, cacheWriteHour: 5 })).toBeCloseTo(0.6 * 4 + 0.4 * 5, 12)
})

test('the user’s own prices apply unchanged, except for US inference and batches', () => {
  const own = { 'claude-opus-5-5': { input: 3, output: 9, cacheWrite: 4, cacheRead: 1 } }
  const terms = { isFast: true, isUs: true, isBatch: true }
  const price = priceOf('claude-opus-5-5', 10, own, terms)
  expect(price.input).toBeCloseTo(3 * 1.1 * 0.5, 12)
  expect(price.cacheWriteHour).toBeCloseTo(6 * 1.1 * 0.5, 12)
})

test("a provider's beginning of a name changes nothing", () => {
  for (const name of ['anthropic/claude-opus-5-5', 'us.anthropic.claude-opus-5-5-v1:0'])
    expect(priceOf(name, 10)).toEqual(priceOf('claude-opus-5-5', 10))
})

test('no row is hidden by an earlier one', () => {
  for (const [i, [family]] of PRICES.entries())
    for (const [earlier] of PRICES.slice(0, i))
      expect(family.startsWith(earlier), `${family} behind ${earlier}`).toBe(false)
  expect(PRICES_AS_OF).toMatch(/^\d{4}-\d\d-\d\d$/)
})

test('each kind of tokens has its price', () => {
  const usage = { input: 1000, output: 500, cacheWrite: 2000, cacheRead: 10_000 }
  expect(tokensOf(usage)).toBe(13_500)
  const usd = usdOf(usage, { input: 2, output: 10, cacheWrite: 2.5, cacheRead: 0.2 })
  expect(usd).toBeCloseTo(0.002 + 0.005 + 0.005 + 0.002, 12)
})
