import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { adapterLayout } from '../../../../adapters/lora/layout.ts'
import { seededRng } from '../../../../adapters/random.ts'
import { poolAnswers } from '../../../../device/engine/run/score.ts'
import type {
  Objective,
  RatedAnswer,
  RewardPair,
  TrainRequest,
} from '../../../../device/engine/run/types.ts'
import { batchGradient } from '../../../../device/engine/train/gradient.ts'
import { itemsOf } from '../../../../device/engine/train/objectives.ts'
import { withReference } from '../../../../device/engine/train/reference.ts'
import { trainAdapter } from '../../../../device/engine/train/trainer.ts'
import {
  type EngineModel,
  engineModel,
  randomAdapter,
  randomAnswers,
} from '../../../support/engine-model.ts'

let model: EngineModel
let folder: string
beforeAll(async () => {
  model = await engineModel({
    architecture: 'qwen2',
    attentionBias: true,
    tiedHead: false,
    shape: { layers: 4, hidden: 32, heads: 4, kvHeads: 2, headDim: 8, ffn: 48, vocab: 61 },
  })
  folder = mkdtempSync(join(tmpdir(), 'loreweave-train-'))
})
afterAll(async () => {
  await model.release()
  rmSync(folder, { recursive: true })
})

const hooks = { now: () => 0 }

const pairs = (count: number): RewardPair[] => {
  const inputs = randomAnswers(model.config, 2 * count)
  return Array.from({ length: count }, (_, i) => ({
    chosen: inputs[2 * i]!,
    rejected: inputs[2 * i + 1]!,
    offset: i % 2 ? 0.3 : -0.2,
    weight: 1 + (i % 3),
  }))
}
const rated = (count: number): RatedAnswer[] =>
  randomAnswers(model.config, count).map((answer, i) => ({
    answer,
    isDesirable: i % 3 > 0,
    weight: 1 + (i % 2),
  }))
const head = (): Float32Array => {
  const rng = seededRng('head')
  return Float32Array.from({ length: model.config.shape.hidden }, () => rng.normal())
}
const reward = () => ({
  kind: 'reward' as const,
  exitLayer: 3,
  head: new Float32Array(32),
  pairs: [],
})
const OBJECTIVES: [string, () => Objective][] = [
  ['reward', () => ({ kind: 'reward', exitLayer: 3, head: head(), pairs: pairs(5) })],
  ['completion', () => ({ kind: 'completion', examples: randomAnswers(model.config, 5) })],
  ['dpo', () => ({ kind: 'dpo', beta: 0.5, pairs: pairs(5) })],
  ['kto', () => ({ kind: 'kto', beta: 0.1, examples: rated(5), undesirableWeight: 1.5 })],
]

const requestOf = (objective: Objective, changes: Partial<TrainRequest> = {}): TrainRequest => ({
  objective,
  adapters: [
    randomAdapter(model.config, { firstLayer: 1, endLayer: 4, modules: ['k', 'o', 'up'] }),
  ],
  trainable: { index: 0, factors: ['A', 'B'] },
  epochs: 3,
  learningRate: 0.02,
  batch: 2,
  maxTokens: 64,
  clipNorm: 1,
  seed: 5,
  ...changes,
})

// Tolerance: float32 losses of order one, central difference with step 2^-6.
test.each(OBJECTIVES)(
  'the gradient of %s agrees with a central difference, other adapters active',
  async (_, make) => {
    const other = randomAdapter(model.config, { rank: 3 }, 9)
    const request = requestOf(make(), { trainable: { index: 1, factors: ['A', 'B'] } })
    const runner = model.runner()
    const trainable = request.adapters[0]!
    const at = async (flat: Float32Array) => {
      const full = { ...request, adapters: [other, { spec: trainable.spec, flat }] }
      const items = await withReference(runner, full, itemsOf(full.objective, 64))
      return batchGradient(runner, full, items)
    }
    const rng = seededRng('direction')
    const direction = Float64Array.from(trainable.flat, () => rng.normal())
    const { gradient } = await at(trainable.flat)
    const slope = gradient.reduce((sum, g, i) => sum + g * direction[i]!, 0)
    const step = 2 ** -6 / 20
    const moved = async (e: number) =>
      (await at(trainable.flat.map((w, i) => w + e * direction[i]!))).loss
    const difference = ((await moved(step)) - (await moved(-step))) / (2 * step)
    expect(Math.abs(slope - difference) / Math.max(1, Math.abs(difference))).toBeLessThan(5e-3)
  },
)

test.each(OBJECTIVES)('training on %s lowers the loss and repeats bit for bit', async (_, make) => {
  const request = requestOf(make(), { epochs: 12, batch: 5 })
  const result = await trainAdapter(model.runner(), request, hooks)
  const again = await trainAdapter(model.runner(), request, hooks)
  expect(result.losses.at(-1)).toBeLessThan(0.8 * result.losses[0]!)
  expect(again.flat).toEqual(result.flat)
})

test('the reward loss is the weighted mean of −log σ(margin + offset)', async () => {
  const list = pairs(4)
  const objective: Objective = { kind: 'reward', exitLayer: 3, head: head(), pairs: list }
  const request = requestOf(objective)
  const { loss } = await batchGradient(model.runner(), request, itemsOf(objective, 64))
  let expected = 0
  for (const { chosen, rejected, offset, weight } of list) {
    const pooled = await poolAnswers(model.runner(), [chosen, rejected], {
      exitLayer: 3,
      adapters: request.adapters,
    })
    const [c, r] = pooled.map((state) => state.reduce((sum, x, i) => sum + x * head()[i]!, 0))
    expected += (weight * Math.log(1 + Math.exp(-(c! - r! + offset)))) / list.length
  }
  expect(loss).toBeCloseTo(expected, 4)
})

test('cached states below the trained layers change nothing', async () => {
  const adapters = [
    randomAdapter(model.config, { firstLayer: 2, modules: ['q', 'down'] }),
    randomAdapter(model.config, {}, 3),
  ]
  const request = requestOf(OBJECTIVES[0]![1](), { adapters })
  const cached = await trainAdapter(model.runner(2 ** 24), request, hooks)
  const fresh = await trainAdapter(model.runner(0), request, hooks)
  expect(cached.flat).toEqual(fresh.flat)
})

test('an interrupted run resumes to the same bytes', async () => {
  const request = requestOf(OBJECTIVES[0]![1]())
  const whole = await trainAdapter(model.runner(), request, hooks)
  const resumable = { ...request, checkpoint: join(folder, 'resumed') }
  let steps = 0
  const interrupted = trainAdapter(model.runner(), resumable, {
    now: () => 0,
    onProgress: () => steps++,
    isCancelled: () => steps === 4,
  })
  await expect(interrupted).rejects.toMatchObject({ code: 'E_CANCELLED' })
  const rest: number[] = []
  const resumed = await trainAdapter(model.runner(), resumable, {
    now: () => 0,
    onProgress: ({ step }) => rest.push(step),
  })
  expect(rest).toEqual([5, 6, 7, 8, 9])
  expect(resumed.flat).toEqual(whole.flat)
  expect(resumed.losses).toEqual(whole.losses)
  expect(resumed.tokens).toBe(whole.tokens)
})

test('only the named factor moves, and only below the exit layer', async () => {
  const request = requestOf(OBJECTIVES[0]![1](), { trainable: { index: 0, factors: ['B'] } })
  const { flat } = await trainAdapter(model.runner(), request, hooks)
  const { spec, flat: before } = request.adapters[0]!
  for (const { offset, size, factor, layer } of adapterLayout(model.config.shape, spec)) {
    const range = [offset, offset + size] as const
    const isSame =
      Buffer.compare(
        Buffer.from(flat.slice(...range).buffer),
        Buffer.from(before.slice(...range).buffer),
      ) === 0
    expect(isSame).toBe(factor === 'A' || layer >= 3)
  }
})

test('stops with E_DIVERGED when the loss is not finite', async () => {
  const adapter = randomAdapter(model.config)
  const adapters = [{ ...adapter, flat: adapter.flat.map(() => 1e30) }]
  const run = trainAdapter(model.runner(), requestOf(OBJECTIVES[1]![1](), { adapters }), hooks)
  await expect(run).rejects.toMatchObject({ code: 'E_DIVERGED' })
})

test.each([
  ['no example', { objective: { kind: 'completion', examples: [] } }],
  ['an adapter index that is not there', { trainable: { index: 3, factors: ['B'] } }],
  ['a batch of nothing', { batch: 0 }],
  ['an exit layer that is not there', { objective: { ...reward(), exitLayer: 5 } }],
  ['a head of another size', { objective: { ...reward(), head: new Float32Array(3) } }],
  ['no factor to move', { trainable: { index: 0, factors: [] } }],
] satisfies [string, Partial<TrainRequest>][])('refuses %s with E_SHAPE', async (_, changes) => {
  const run = trainAdapter(model.runner(), requestOf(OBJECTIVES[0]![1](), changes), hooks)
  await expect(run).rejects.toMatchObject({ code: 'E_SHAPE' })
})
