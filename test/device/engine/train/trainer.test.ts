import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { adapterLayout } from '../../../../adapters/lora/layout.ts'
import { seededRng } from '../../../../adapters/random.ts'
import type {
  Objective,
  RatedAnswer,
  RewardPair,
  TrainRequest,
} from '../../../../device/engine/engine.ts'
import { packRows } from '../../../../device/engine/run/rows.ts'
import { poolAnswers } from '../../../../device/engine/run/score.ts'
import { addProximal, batchGradient, batchLoss } from '../../../../device/engine/train/gradient.ts'
import { batchSize, itemsOf } from '../../../../device/engine/train/objectives.ts'
import { withReference } from '../../../../device/engine/train/reference.ts'
import { trainAdapter } from '../../../../device/engine/train/trainer.ts'
import {
  type EngineModel,
  engineModel,
  randomAdapter,
  randomAnswers,
  relativeDifference,
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

/** The objective with `count` examples of its kind. */
const longer = (objective: Objective, count: number): Objective => {
  switch (objective.kind) {
    case 'completion':
      return { ...objective, examples: randomAnswers(model.config, count) }
    case 'kto':
      return { ...objective, examples: rated(count) }
    default:
      return { ...objective, pairs: pairs(count) }
  }
}

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

// Tolerance: float32 sums in another order.
test.each(OBJECTIVES)(
  'a batch of %s over several rows is the sum over its items alone',
  async (_, make) => {
    const request = requestOf(make())
    const runner = model.runner()
    const many = { ...request, objective: longer(request.objective, 40) }
    // Without the mismatched answers, whose mean is over a whole batch.
    const items = (await withReference(runner, many, itemsOf(many.objective, 64))).map(
      ({ mismatched: _, mismatchedLogProb: __, ...item }) => item,
    )
    const rows = packRows(
      items.map(({ inputs }) => inputs),
      model.config.contextLength,
    )
    expect(rows.length).toBeGreaterThan(1)
    const { loss, gradient } = await batchGradient(runner, many, items)
    const size = batchSize(many.objective.kind, items)
    let lossOfAll = 0
    const sum = new Float64Array(gradient.length)
    for (const item of items) {
      const alone = await batchGradient(runner, many, [item])
      const share = batchSize(many.objective.kind, [item]) / size
      lossOfAll += share * alone.loss
      for (const [i, g] of alone.gradient.entries()) sum[i]! += share * g
    }
    expect(loss).toBeCloseTo(lossOfAll, 4)
    expect(relativeDifference(gradient, sum)).toBeLessThan(1e-4)
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

const heldBack = (count: number): Objective => {
  const inputs = randomAnswers(model.config, 2 * count, 77)
  return {
    kind: 'reward',
    exitLayer: 3,
    head: head(),
    pairs: Array.from({ length: count }, (_, i) => ({
      chosen: inputs[2 * i]!,
      rejected: inputs[2 * i + 1]!,
      offset: 0,
      weight: 1,
    })),
  }
}

test('stops when held-back examples no longer gain, and returns the best adapter it saw', async () => {
  const request = requestOf(OBJECTIVES[0]![1](), {
    epochs: 20,
    learningRate: 0.05,
    validation: { objective: heldBack(6), patience: 2 },
  })
  const { flat, evaluations, losses, steps } = await trainAdapter(model.runner(), request, hooks)
  expect(evaluations.map(({ step }) => step)).toEqual(evaluations.map((_, i) => 3 * i))
  const lowest = evaluations.reduce((a, b) => (b.loss < a.loss ? b : a))
  expect(evaluations.at(-1)!.step).toBe(lowest.step + 6)
  expect(steps).toBe(lowest.step + 6)
  expect(losses).toHaveLength(steps)
  expect(steps).toBeLessThan(60)
  const adapters = [{ spec: request.adapters[0]!.spec, flat }]
  const judged = { ...request, objective: heldBack(6), adapters }
  expect(await batchLoss(model.runner(), judged, itemsOf(heldBack(6), 64))).toBe(lowest.loss)
})

test('what does not help held-back examples at all leaves the adapter as it was', async () => {
  const objective = OBJECTIVES[0]![1]()
  if (objective.kind !== 'reward') throw new TypeError('the first objective is the reward')
  const swapped = objective.pairs.map(({ chosen, rejected, offset, weight }) => ({
    chosen: rejected,
    rejected: chosen,
    offset: -offset,
    weight,
  }))
  const validation = { objective: { ...objective, pairs: swapped }, patience: 1 }
  const request = requestOf(objective, { batch: 5, validation })
  const { flat, steps } = await trainAdapter(model.runner(), request, hooks)
  expect(flat).toEqual(request.adapters[0]!.flat)
  expect(steps).toBe(1)
})

test('options at their defaults change no bit', async () => {
  const objective = OBJECTIVES[0]![1]()
  const plain = await trainAdapter(model.runner(), requestOf(objective), hooks)
  const spelled = requestOf(objective, {
    schedule: 'constant',
    warmup: 0,
    proximal: 0,
    weightDecay: 0,
    validation: { objective: heldBack(2), patience: 100, every: 1 },
  })
  const { losses } = await trainAdapter(model.runner(), spelled, hooks)
  expect(losses).toEqual(plain.losses)
})

test('a warm-up begins without moving, and the cosine ends slower than a constant rate', async () => {
  const objective = OBJECTIVES[0]![1]()
  const moved = async (changes: Partial<TrainRequest>) => {
    const request = requestOf(objective, { batch: 5, ...changes })
    const { flat } = await trainAdapter(model.runner(), request, hooks)
    return relativeDifference(flat, request.adapters[0]!.flat)
  }
  expect(await moved({ epochs: 1, warmup: 1 })).toBe(0)
  const constant = await moved({ epochs: 4 })
  const cosine = await moved({ epochs: 4, schedule: 'cosine' })
  expect(cosine).toBeGreaterThan(0)
  expect(cosine).toBeLessThan(constant)
})

test('the proximal term is μ/2·‖w − w₀‖² with its gradient, over the trainable factors alone', () => {
  const rng = seededRng('proximal')
  const numbers = () => Float32Array.from({ length: 8 }, () => rng.normal())
  const [start, flat] = [numbers(), numbers()]
  const segments = [{ offset: 2, size: 3 }]
  const at = (w: Float32Array) => addProximal(0.7, start, w, segments, new Float64Array(8))
  const gradient = new Float64Array(8).fill(1)
  addProximal(0.7, start, flat, segments, gradient)
  for (let i = 0; i < 8; i++) {
    const moved = (e: number) => flat.map((w, k) => (k === i ? w + e : w))
    const slope = (at(moved(2 ** -6)) - at(moved(-(2 ** -6)))) * 2 ** 5
    expect(gradient[i]).toBeCloseTo(1 + slope, 5)
  }
})

test('a proximal term keeps the adapter closer to where it began', async () => {
  const distance = async (proximal: number) => {
    const request = requestOf(OBJECTIVES[0]![1](), { proximal, clipNorm: 0, epochs: 10 })
    const { flat } = await trainAdapter(model.runner(), request, hooks)
    return Math.hypot(...flat.map((w, i) => w - request.adapters[0]!.flat[i]!))
  }
  expect(await distance(10)).toBeLessThan(0.5 * (await distance(0)))
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
  ['a warm-up longer than the run', { warmup: 1.5 }],
  ['a negative μ', { proximal: -1 }],
  ['a beta of nothing', { objective: { kind: 'dpo', beta: 0, pairs: [] } }],
  [
    'held-back examples of another kind',
    { validation: { objective: { kind: 'completion', examples: [] }, patience: 1 } },
  ],
  ['no patience', { validation: { objective: reward(), patience: 0 } }],
] satisfies [string, Partial<TrainRequest>][])('refuses %s with E_SHAPE', async (_, changes) => {
  const run = trainAdapter(model.runner(), requestOf(OBJECTIVES[0]![1](), changes), hooks)
  await expect(run).rejects.toMatchObject({ code: 'E_SHAPE' })
})
