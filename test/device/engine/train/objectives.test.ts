import { expect, test } from 'vitest'
import type { Objective } from '../../../../device/engine/engine.ts'
import { batchSize, itemsOf } from '../../../../device/engine/train/objectives.ts'
import { expectCode } from '../../../support/expect-code.ts'

const chosen = { ids: [1, 2, 3, 4], answerStart: 2 }
const rejected = { ids: [1, 2, 5], answerStart: 2 }
const pairs = [{ chosen, rejected, offset: 0.5, weight: 3 }]
const reward: Objective = { kind: 'reward', exitLayer: 1, head: Float32Array.of(1, 2), pairs }

test("kto's mismatched answer is the next one to another prompt, after this prompt", () => {
  const other = { ids: [7, 8, 9], answerStart: 1 }
  const examples = [chosen, rejected, other].map((answer) => ({
    answer,
    isDesirable: true,
    weight: 1,
  }))
  const items = itemsOf({ kind: 'kto', beta: 1, examples }, 10)
  expect(items.map(({ mismatched }) => mismatched)).toEqual([
    { ids: [1, 2, 8, 9], answerStart: 2 },
    { ids: [1, 2, 8, 9], answerStart: 2 },
    { ids: [7, 3, 4], answerStart: 1 },
  ])
  expect(
    itemsOf({ kind: 'kto', beta: 1, examples: examples.slice(1, 2) }, 10)[0],
  ).not.toHaveProperty('mismatched')
})

test('an example without prompt predicts one token less than it has', () => {
  const items = itemsOf({ kind: 'completion', examples: [{ ids: [1, 2, 3], answerStart: 0 }] }, 10)
  expect(batchSize('completion', items)).toBe(2)
})

test('inputs are cut to maxTokens', () => {
  const [item] = itemsOf(reward, 2)
  expect(item!.inputs).toEqual([
    { ids: [3, 4], answerStart: 0 },
    { ids: [2, 5], answerStart: 1 },
  ])
})

test('refuses an objective without examples with E_SHAPE', () => {
  expectCode('E_SHAPE', () => itemsOf({ ...reward, pairs: [] }, 10))
})
