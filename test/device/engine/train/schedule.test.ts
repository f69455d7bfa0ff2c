import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { learningRateAt } from '../../../../device/engine/train/schedule.ts'

type Vectors = {
  learning_rate: number
  schedules: {
    schedule: 'constant' | 'cosine'
    warmup_steps: number
    steps: number
    rates: number[]
  }[]
}
// Source: transformers' schedules on PyTorch's AdamW (the folder's README).
const vectors = JSON.parse(
  readFileSync(new URL('../../../vectors/training/schedules.json', import.meta.url), 'utf8'),
) as Vectors

test.each(vectors.schedules)(
  '$schedule, $warmup_steps of $steps steps rising, is that of transformers',
  ({ schedule, warmup_steps: rising, steps, rates }) => {
    const request = { learningRate: vectors.learning_rate, schedule, warmup: rising / steps }
    for (const [step, rate] of rates.entries())
      expect(learningRateAt(request, step, steps)).toBeCloseTo(rate, 12)
  },
)

test('without a schedule the rate is the given one, to the bit', () => {
  expect(learningRateAt({ learningRate: 0.1 + 0.2 }, 3, 7)).toBe(0.1 + 0.2)
})
