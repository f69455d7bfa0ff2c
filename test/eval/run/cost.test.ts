import { expect, test } from 'vitest'
import type { ChoiceLine } from '../../../adapters/formats/choice-log.ts'
import { priceOf } from '../../../device/spending/prices.ts'
import { extraOf, extraUsages, inputTokens } from '../../../eval/run/cost.ts'
import { figuresOf } from '../../../eval/run/figures.ts'

const line: ChoiceLine = {
  user: 'ada',
  id: '1',
  messages: [{ role: 'user', content: 'How do rainbows come about?' }],
  system: 'Be brief.',
  candidates: ['Light.', 'Light is bent in drops.', 'By refraction, which takes a few more words.'],
  chosen: 0,
}
const claude = 'claude-sonnet-5-5'

test('an answer costs its own tokens and the whole input again; the first costs nothing further', () => {
  expect(extraUsages(line, 1)).toEqual([])
  const [second, third] = extraUsages(line, 3)
  expect(second!.input).toBe(inputTokens(line))
  expect(third!.output).toBeGreaterThan(second!.output)
  expect(inputTokens(line)).toBeGreaterThan(inputTokens({ ...line, system: '' }))
})

test('dollars by the price of the model, apart for who has no taste', () => {
  const pick = (asked: number, gain: number) => [
    { utilities: [0, 0, gain], picked: 0, order: [0, 1, 2], asked },
  ]
  const judged = new Map([
    ['first', new Map([[0, [pick(1, 1), pick(1, 0)]]])],
    ['product', new Map([[10, [pick(2, 1), pick(1, 0)]]])],
  ])
  const people = ['a', 'b'].map(() => ({ test: [line], topics: ['rainbows'] }))
  const { results } = figuresOf([{ judged, people }], { prefix: 'run', seed: 1, claude })
  const value = (name: string) => results.find((r) => r.name === name)?.value
  const { input, output } = extraUsages(line, 2)[0]!
  expect(value('run.extra_tokens.with_taste.10')).toBe(input + output)
  const price = priceOf(claude, input)
  expect(value('run.extra_dollars.with_taste.10')).toBeCloseTo(
    (input * price.input + output * price.output) / 1e6,
    12,
  )
  expect(value('run.extra_dollars.with_taste.10')).toBe(extraOf(line, 2, claude).dollars)
  expect(value('run.extra_dollars.indifferent.10')).toBe(0)
  expect(value('run.bought.with_taste.10')).toBe(1)
  expect(value('run.bought.indifferent.10')).toBe(0)
})

test('reranking, rewriting and both are told by worth and cost, over the people that both were judged on', () => {
  const picks = (asked: number, value: number, blockTokens?: number) => [
    { utilities: [0, 1, 2], picked: 0, asked, value, ...(blockTokens && { blockTokens }) },
  ]
  const judged = new Map([
    ['first', new Map([[0, [picks(1, 0), picks(1, 0)]]])],
    ['product', new Map([[30, [picks(2, 1), picks(3, 2)]]])],
    ['rewritten', new Map([[30, [picks(1, 0.5, 40)]]])],
    ['whole', new Map([[30, [picks(2, 1.5, 40)]]])],
  ])
  const people = ['a', 'b'].map(() => ({ test: [line], topics: ['rainbows'] }))
  const { results } = figuresOf([{ judged, people }], { prefix: 'run', seed: 1, claude })
  const found = (name: string) => results.find((r) => r.name === name)
  // One is to be won on average.
  expect(found('run.worth.product.30')).toMatchObject({ value: 100, n: 1, unit: 'points' })
  expect(found('run.worth.rewritten.30')?.value).toBe(50)
  expect(found('run.worth.whole.30')?.value).toBe(150)
  const block = (40 * priceOf(claude, 40).input) / 1e6
  expect(found('run.cost.rewritten.30')?.value).toBeCloseTo(block, 12)
  expect(found('run.cost.product.30')?.value).toBe(extraOf(line, 2, claude).dollars)
  expect(found('run.cost.whole.30')?.value).toBeCloseTo(
    extraOf(line, 2, claude).dollars + 2 * block,
    12,
  )
})
