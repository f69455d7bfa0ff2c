import { expect, test } from 'vitest'
import type { Objective } from '../../../../device/engine/engine.ts'
import { packRows } from '../../../../device/engine/run/rows.ts'
import { batchSize, itemsOf } from '../../../../device/engine/train/objectives.ts'
import { stepFeeds } from '../../../../device/engine/train/step-feeds.ts'
import { PREDICTED_CHUNK } from '../../../../device/engine/train/step-graph.ts'

const chosen = { ids: [1, 2, 3, 4], answerStart: 2 }
const rejected = { ids: [1, 2, 5], answerStart: 2 }
const pairs = [{ chosen, rejected, offset: 0.5, weight: 3 }]
const reward: Objective = { kind: 'reward', exitLayer: 1, head: Float32Array.of(1, 2), pairs }
const feedsOf = (objective: Objective) => {
  const items = itemsOf(objective, 100)
  const [row] = packRows(
    items.map(({ inputs }) => inputs),
    100,
  )
  return { row: row!, ...stepFeeds(objective, row!, items, batchSize(objective.kind, items)) }
}

test('a reward pools each answer alone and weighs its pair by weight over the batch', () => {
  const { feeds, row } = feedsOf(reward)
  const pool = feeds['pool']!.data as Float32Array
  expect([...pool.subarray(0, 6)]).toEqual([0, 0, 0.5, 0.5, 0, 0])
  expect([...pool.subarray(row.size, row.size + 6)]).toEqual([0, 0, 0, 0, 1, 0])
  expect([...(feeds['contrast']!.data as Float32Array).subarray(0, 3)]).toEqual([1, -1, 0])
  expect([feeds['weights']!.data[0], feeds['offset']!.data[0]]).toEqual([3, 0.5])
})

test('dpo scales the contrast by beta and has no offset of its own', () => {
  const { feeds, sizes } = feedsOf({ kind: 'dpo', beta: 0.25, pairs })
  expect([...(feeds['contrast']!.data as Float32Array).subarray(0, 2)]).toEqual([0.25, -0.25])
  expect(feeds['offset']!.data[0]).toBe(0)
  const sum = feeds['sum.0']!.data as Float32Array
  expect([...sum.subarray(0, 4)]).toEqual([1, 1, 0, 0])
  expect([...sum.subarray(PREDICTED_CHUNK, PREDICTED_CHUNK + 4)]).toEqual([0, 0, 1, 0])
  expect(sizes.predicted).toBe(PREDICTED_CHUNK)
})

test('kto signs each answer by its thumb and weighs it by side', () => {
  const examples = [
    { answer: chosen, isDesirable: true, weight: 2 },
    { answer: rejected, isDesirable: false, weight: 1 },
  ]
  const { feeds, sizes } = feedsOf({
    kind: 'kto',
    beta: 0.25,
    examples,
    desirableWeight: 0.5,
    undesirableWeight: 3,
  })
  expect(sizes).toMatchObject({ answers: 8, margins: 8 })
  const contrast = feeds['contrast']!.data as Float32Array
  expect([contrast[0], contrast[1], contrast[8], contrast[9]]).toEqual([0.25, 0, 0, -0.25])
  expect([...(feeds['weights']!.data as Float32Array).subarray(0, 3)]).toEqual([0.5, 1.5, 0])
})

test('a completion predicts each answer token from the state before it', () => {
  const { feeds, row } = feedsOf({ kind: 'completion', examples: [chosen] })
  const labels = feeds['labels.0']!.data as BigInt64Array
  expect([...labels.subarray(0, 2)]).toEqual([3n, 4n])
  const select = feeds['select.0']!.data as Float32Array
  expect([select.indexOf(1), select.indexOf(1, row.size) - row.size]).toEqual([1, 2])
  expect(feeds['weights']!.data[0]).toBe(0.5)
})

test('more predicted tokens than a chunk make another chunk', () => {
  const ids = Array.from({ length: PREDICTED_CHUNK + 2 }, () => 1)
  const { sizes } = feedsOf({ kind: 'completion', examples: [{ ids, answerStart: 1 }] })
  expect(sizes.predicted).toBe(2 * PREDICTED_CHUNK)
})
