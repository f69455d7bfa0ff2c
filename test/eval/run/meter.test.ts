import { expect, test } from 'vitest'
import type { Engine, TrainRequest } from '../../../device/engine/engine.ts'
import {
  childCpuSeconds,
  measuredResults,
  meteredEngine,
  WATTS_A_CORE,
} from '../../../eval/run/meter.ts'

const result = {
  flat: new Float32Array(),
  losses: [],
  steps: 0,
  evaluations: [],
  tokens: 0,
  seconds: 0,
}
const engine: Engine = {
  pooled: async (inputs) => inputs.map(() => new Float32Array(1)),
  score: async () => [],
  generate: async () => [],
  train: async () => result,
  gradient: async () => ({ gradient: new Float64Array(), tokens: 0, seconds: 0 }),
  memory: async () => ({ peakPssBytes: 0 }),
  close: async () => {},
}
const answer = { ids: [1, 2], answerStart: 1 }
const request: TrainRequest = {
  objective: {
    kind: 'dpo',
    beta: 0.1,
    pairs: Array.from({ length: 5 }, () => ({
      chosen: answer,
      rejected: answer,
      offset: 0,
      weight: 1,
    })),
  },
  adapters: [],
  trainable: { index: 0, factors: ['B'] },
  epochs: 2,
  learningRate: 1,
  batch: 1,
  maxTokens: 8,
  clipNorm: 0,
  seed: 1,
}

test('energy is processor time by the stated watts, for each answer read, each pair trained on and each answer of a gradient', async () => {
  let cpu = 0
  // Every look at the clock is two processor seconds later.
  const meter = meteredEngine(engine, () => (cpu += 2))
  await meter.engine.pooled([answer, answer, answer, answer], { exitLayer: 1, adapters: [] })
  await meter.engine.train(request)
  const cotangents = [answer, answer].map((each) => ({
    answer: each,
    cotangent: new Float32Array(1),
  }))
  const { adapters, trainable } = request
  await meter.engine.gradient({ answers: cotangents, exitLayer: 1, adapters, trainable })
  const results = measuredResults(meter, [3, 1, 2])
  const find = (name: string) => results.find((r) => r.name === name)
  expect(find('measured.answer_read.energy')).toMatchObject({ value: (WATTS_A_CORE * 2) / 4, n: 4 })
  expect(find('measured.answer_gradient.energy')).toMatchObject({ value: WATTS_A_CORE, n: 2 })
  expect(find('measured.pair_trained.energy')).toMatchObject({
    value: (WATTS_A_CORE * 2) / 10,
    n: 10,
  })
  expect(find('measured.scoring_4x200')).toMatchObject({ value: 2, n: 3, unit: 's' })
})

test('what was not computed is not told', () => {
  const names = measuredResults(meteredEngine(engine), [1]).map((r) => r.name)
  expect(names).toEqual(['measured.scoring_4x200'])
})

test('the processor time of processes that this one started is not negative', async () => {
  expect(await childCpuSeconds()).toBeGreaterThanOrEqual(0)
})
