import { existsSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Engine, GradientRequest, TrainRequest } from '../../../../device/engine/engine.ts'
import { openEngine } from '../../../../device/engine/process/client.ts'
import { poolAnswers } from '../../../../device/engine/run/score.ts'
import { pooledGradient } from '../../../../device/engine/train/pooled-gradient.ts'
import {
  type EngineModel,
  engineModel,
  randomAdapter,
  randomAnswers,
} from '../../../support/engine-model.ts'

let model: EngineModel
let engine: Engine
beforeAll(async () => {
  model = await engineModel()
  engine = openEngine({ folder: model.folder, threads: 1, watchMemory: true })
})
afterAll(async () => {
  await engine.close()
  await model.release()
})

const trainRequest = (): TrainRequest => ({
  objective: { kind: 'completion', examples: randomAnswers(model.config, 6) },
  adapters: [randomAdapter(model.config)],
  trainable: { index: 0, factors: ['B'] },
  epochs: 2,
  learningRate: 0.01,
  batch: 2,
  maxTokens: 64,
  clipNorm: 1,
  seed: 1,
})

test('a child pools what this process would', async () => {
  const inputs = randomAnswers(model.config, 8)
  const adapters = [randomAdapter(model.config)]
  const progress: number[] = []
  const pooled = await engine.pooled(inputs, {
    exitLayer: 2,
    adapters,
    onProgress: (done) => progress.push(done),
  })
  expect(pooled).toEqual(await poolAnswers(model.runner(), inputs, { exitLayer: 2, adapters }))
  expect(progress.at(-1)).toBe(8)
})

test('calls that overlap are answered each with its own', async () => {
  const [scores, tokens, pooled] = await Promise.all([
    engine.score([1, 2], [[3], [4, 5]], { adapters: [] }),
    engine.generate([1, 2], { adapters: [], maxTokens: 3, stopIds: [] }),
    engine.pooled([{ ids: [1, 2], answerStart: 1 }], { exitLayer: 1, adapters: [] }),
  ])
  expect(scores).toHaveLength(2)
  expect(tokens).toHaveLength(3)
  expect(pooled[0]).toHaveLength(64)
})

test('trains with progress, and says how much memory the children took', async () => {
  const steps: number[] = []
  const result = await engine.train(trainRequest(), ({ step }) => steps.push(step))
  expect(steps).toEqual([1, 2, 3, 4, 5, 6])
  expect(result.flat).toHaveLength(trainRequest().adapters[0]!.flat.length)
  expect((await engine.memory()).peakPssBytes).toBeGreaterThan(10_000_000)
})

test('an error crosses with its code', async () => {
  const bad = engine.pooled([{ ids: [1], answerStart: 1 }], { exitLayer: 1, adapters: [] })
  await expect(bad).rejects.toMatchObject({ name: 'FedError', code: 'E_SHAPE' })
})

test('an aborted training fails with E_CANCELLED, and the next one works', async () => {
  const controller = new AbortController()
  const long = { ...trainRequest(), epochs: 10_000 }
  const run = engine.train(long, () => controller.abort(), controller.signal)
  await expect(run).rejects.toMatchObject({ code: 'E_CANCELLED' })
  await expect(engine.train(trainRequest())).resolves.toMatchObject({ steps: 6 })
})

test('a child computes the gradient that this process would, and an abort ends it', async () => {
  const request = (count: number): GradientRequest => ({
    answers: randomAnswers(model.config, count).map((answer) => ({
      answer,
      cotangent: new Float32Array(model.config.shape.hidden).fill(0.1),
    })),
    exitLayer: 2,
    adapters: [randomAdapter(model.config)],
    trainable: { index: 0, factors: ['B'] },
    rowTokens: 64,
  })
  const done: number[] = []
  const { gradient } = await engine.gradient(request(12), (count) => done.push(count))
  const here = await pooledGradient(model.runner(), request(12), { now: () => 0 })
  expect(gradient).toEqual(here.gradient)
  expect(done.at(-1)).toBe(12)
  const controller = new AbortController()
  const run = engine.gradient(request(2000), () => controller.abort(), controller.signal)
  await expect(run).rejects.toMatchObject({ code: 'E_CANCELLED' })
})

test('a closed engine fails with E_ENGINE', async () => {
  const closed = openEngine({ folder: model.folder })
  await closed.close()
  const call = closed.generate([1], { adapters: [], maxTokens: 1, stopIds: [] })
  await expect(call).rejects.toMatchObject({ code: 'E_ENGINE' })
})

test('a folder without weights fails with the code of its reader', async () => {
  const broken = openEngine({ folder: `${model.folder}-missing`, threads: 1 })
  const call = broken.generate([1], { adapters: [], maxTokens: 1, stopIds: [] })
  await expect(call).rejects.toMatchObject({ code: expect.stringMatching(/^E_MODEL/) })
  await broken.close()
})

test('an engine that forgets ends its calls and its state folder, and answers the next call', async () => {
  const stateFolder = mkdtempSync(join(tmpdir(), 'loreweave-states-'))
  writeFileSync(join(stateFolder, 'x.states'), 'derived from a text')
  const forgetful = openEngine({ folder: model.folder, threads: 1, stateFolder })
  const long = forgetful.train({ ...trainRequest(), epochs: 10_000 })
  const ended = expect(long).rejects.toMatchObject({ code: 'E_CANCELLED' })
  await forgetful.forget?.()
  await ended
  expect(existsSync(stateFolder)).toBe(false)
  const pooled = await forgetful.pooled([{ ids: [1, 2], answerStart: 1 }], {
    exitLayer: 1,
    adapters: [],
  })
  expect(pooled).toHaveLength(1)
  await forgetful.close()
})
