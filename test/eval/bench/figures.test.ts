import { expect, test } from 'vitest'
import { summary } from '../../../eval/bench/accuracy.ts'
import { decodeSeconds } from '../../../eval/bench/generate.ts'
import { agreement, orderOf, timeResults } from '../../../eval/bench/rerank.ts'

test('the headline of rerank is against the faster way of llama.cpp, and both are shown', () => {
  const times = { ours: [1, 1, 1], llama_whole: [5, 6, 7], llama_shared: [4, 4, 9] }
  expect(timeResults(times, 3).map(({ name, ratio }) => [name, ratio])).toEqual([
    ['bench.rerank.seconds', 4],
    ['bench.rerank.against_whole', 6],
    ['bench.rerank.against_shared', 4],
  ])
  expect(timeResults({ ours: [2] }, 1)).toEqual([
    { name: 'bench.rerank.seconds', value: 2, unit: 's', n: 1 },
  ])
})

test('orders agree as a whole, or in their best candidate alone', () => {
  expect(orderOf([0.1, 3, -2, 3])).toEqual([1, 3, 0, 2])
  const [whole, best] = agreement(
    [
      [0, 1, 2],
      [0, 2, 1],
      [1, 0, 2],
      [2, 1, 0],
    ],
    [
      [0, 1, 2],
      [0, 1, 2],
      [0, 1, 2],
      [2, 1, 0],
    ],
  )
  expect([whole!.value, best!.value]).toEqual([0.5, 0.75])
})

test('accuracy names every arm that took part, and how far ours is from full depth', () => {
  const results = summary({ no_adapter: [0, 1], ours: [1, 0], full_depth: [1, 1], peft: [] })
  expect(results.map(({ name, value }) => [name, value])).toEqual([
    ['bench.accuracy.no_adapter', 0.5],
    ['bench.accuracy.ours', 0.5],
    ['bench.accuracy.full_depth', 1],
    ['bench.accuracy.ours_minus_full_depth', -0.5],
  ])
})

test('decoding is what the tokens after the first took', () => {
  expect(decodeSeconds([5, 7], [1, 2])).toEqual([4, 5])
})
