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
