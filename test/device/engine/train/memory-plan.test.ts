import { afterAll, beforeAll, expect, test } from 'vitest'
import type { AnswerInput, TrainRequest } from '../../../../device/engine/engine.ts'
import { openService } from '../../../../device/engine/process/service.ts'
import {
  divideLimit,
  planTraining,
  rowLimitUnder,
  type StepNeed,
  trainingBytes,
} from '../../../../device/engine/train/memory-plan.ts'
import {
  type EngineModel,
  engineModel,
  randomAdapter,
  randomAnswers,
  relativeDifference,
} from '../../../support/engine-model.ts'

let engine: EngineModel
beforeAll(async () => {
  engine = await engineModel()
})
afterAll(() => engine.release())

const model = () => ({ config: engine.config, manifest: engine.manifest })
const request = (count = 40): TrainRequest => ({
  objective: { kind: 'completion', examples: randomAnswers(engine.config, count) },
  adapters: [randomAdapter(engine.config)],
  trainable: { index: 0, factors: ['A', 'B'] },
  epochs: 1,
  learningRate: 0.001,
  batch: count,
  maxTokens: 100,
  clipNorm: 0,
  seed: 1,
})
const need = (): StepNeed => ({
  kind: 'completion',
  to: engine.config.shape.layers,
  adapters: [randomAdapter(engine.config).spec],
  index: 0,
})
/** Bytes for rows of so many tokens, and one more. */
const limitFor = (tokens: number) => ({ limitBytes: trainingBytes(model(), need(), tokens) + 1 })

test('longer rows, more layers and a loss over tokens need more', () => {
  const bytes = (changes: Partial<StepNeed>, tokens = 128) =>
    trainingBytes(model(), { ...need(), ...changes }, tokens)
  expect(bytes({}, 256)).toBeGreaterThan(bytes({}, 128))
  expect(bytes({ kind: 'reward', to: 2 })).toBeLessThan(bytes({}))
  expect(bytes({ kind: 'reward', to: 1 })).toBeLessThan(bytes({ kind: 'reward', to: 2 }))
})

test('a request that fits is left as it is', () => {
  const given = request()
  expect(planTraining(model(), given, {})).toBe(given)
  expect(planTraining(model(), given, limitFor(384))).toBe(given)
})

test('under a limit rows are shorter, and texts no longer than a row', () => {
  expect(planTraining(model(), request(), limitFor(128))).toMatchObject({
    rowTokens: 128,
    maxTokens: 100,
  })
  expect(planTraining(model(), request(), limitFor(64))).toMatchObject({
    rowTokens: 64,
    maxTokens: 64,
  })
})

test('two answers of a pair share the row', () => {
  const [chosen, rejected] = randomAnswers(engine.config, 2) as [AnswerInput, AnswerInput]
  const objective = {
    kind: 'dpo' as const,
    beta: 0.1,
    pairs: [{ chosen, rejected, offset: 0, weight: 1 }],
  }
  const planned = planTraining(model(), { ...request(), objective }, limitFor(64))
  expect(planned).toMatchObject({ rowTokens: 64, maxTokens: 32 })
})

test('where no row fits it says what is needed, what there is, and what to do', () => {
  expect(() => planTraining(model(), request(), { limitBytes: 100e6 })).toThrow(
    /^training needs about 2\d\d MB of memory, the memory limit is 100 MB\. Raise it.*--exit.*smaller model/,
  )
  expect(() => rowLimitUnder(model(), need(), { limitBytes: 100e6 })).toThrow(
    expect.objectContaining({ code: 'E_MEMORY' }),
  )
})

test('free memory never changes a result: the training fits, or is refused with the least that would do', () => {
  const freeBytes = limitFor(64).limitBytes
  expect(() => planTraining(model(), request(), { freeBytes })).toThrow(
    /the system has 25\d MB to give\. Close other programs, set a lower limit.*the least is 2\d\d MB/,
  )
  expect(planTraining(model(), request(), { freeBytes, ...limitFor(64) }).rowTokens).toBe(64)
})

test('a training under a limit ends where one without does, but for rounding', async () => {
  const train = async (memoryBytes?: number) => {
    const options = { folder: engine.folder, threads: 1, cacheBytes: 0, memoryBytes }
    const service = openService(options)
    const { flat, losses } = await service.train(request(12), { now: () => 0 })
    await service.release()
    return { flat, losses }
  }
  const [free, limited] = [await train(), await train(limitFor(64).limitBytes)]
  expect(limited.losses[0]).toBeCloseTo(free.losses[0]!, 4)
  expect(limited.flat).not.toEqual(free.flat)
  expect(relativeDifference(limited.flat, free.flat)).toBeLessThan(1e-2)
})

test('a limit is divided between kept states and training', () => {
  expect(divideLimit(undefined, 256)).toEqual({ cacheBytes: 256, limitBytes: undefined })
  expect(divideLimit(800, 256)).toEqual({ cacheBytes: 100, limitBytes: 700 })
  expect(divideLimit(8000, 256)).toEqual({ cacheBytes: 256, limitBytes: 7744 })
})
