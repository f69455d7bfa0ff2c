import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { adapterLayout, segmentOf } from '../../../../adapters/lora/layout.ts'
import { PEFT_MODULES, readPeft } from '../../../../adapters/lora/peft.ts'
import type { LoraFeed, TrainRequest } from '../../../../device/engine/engine.ts'
import { openHuggingFace } from '../../../../device/engine/model/tensor-source.ts'
import type { ModelRunner } from '../../../../device/engine/run/model-runner.ts'
import { batchGradient } from '../../../../device/engine/train/gradient.ts'
import { itemsOf } from '../../../../device/engine/train/objectives.ts'
import { withDivergence, withReference } from '../../../../device/engine/train/reference.ts'
import { convertedModel, type EngineModel } from '../../../support/engine-model.ts'

const vectors = fileURLToPath(new URL('../../../vectors/', import.meta.url))
const text = (path: string) => readFileSync(`${vectors}${path}`, 'utf8')
const cases = JSON.parse(text('tiny-llama/cases.json')) as {
  input_ids: number[][]
  target_mask: number[][]
}
type KtoCase = {
  name: string
  b_sign: number
  beta: number
  desirable_weight: number
  undesirable_weight: number
  mismatched_log_ratios: number[]
  log_ratios: number[]
  loss: number
  factors: Record<string, [norm: number, product: number]>
}
const kto = (JSON.parse(text('training/kto.json')) as { kto: KtoCase[] }).kto

let model: EngineModel
let adapter: LoraFeed
beforeAll(async () => {
  const hf = await openHuggingFace(`${vectors}tiny-llama`)
  model = await convertedModel(hf.source).finally(hf.close)
  adapter = readPeft(
    text('tiny-llama/adapter/adapter_config.json'),
    readFileSync(`${vectors}tiny-llama/adapter/adapter_model.safetensors`),
    model.config.shape,
  )
})
afterAll(() => model.release())

const answers = cases.input_ids.map((ids, i) => {
  const mask = cases.target_mask[i]!
  return { ids: ids.slice(0, mask.lastIndexOf(1) + 1), answerStart: mask.indexOf(1) }
})

const requestOf = ({ b_sign: sign, beta, ...weights }: KtoCase): TrainRequest => {
  const flat = adapter.flat.slice()
  for (const segment of adapterLayout(model.config.shape, adapter.spec))
    if (segment.factor === 'B')
      segmentOf(flat, segment).forEach((b, i, view) => {
        view[i] = sign * b
      })
  return {
    objective: {
      kind: 'kto',
      beta,
      examples: answers.map((answer, i) => ({ answer, isDesirable: i === 0, weight: 1 })),
      desirableWeight: weights.desirable_weight,
      undesirableWeight: weights.undesirable_weight,
    },
    adapters: [{ spec: adapter.spec, flat }],
    trainable: { index: 0, factors: ['A', 'B'] },
    epochs: 1,
    learningRate: 1,
    batch: 2,
    maxTokens: 64,
    clipNorm: 0,
    seed: 1,
  }
}

const prepared = async (runner: ModelRunner, request: TrainRequest) =>
  withReference(runner, request, itemsOf(request.objective, 64))

// Tolerance: both sides are float32; log-ratios are differences of sums near −100.
test.each(kto)('KTO is that of PyTorch and PEFT, the adapter $name', async (expected) => {
  const runner = model.runner()
  const request = requestOf(expected)
  const { loss, gradient } = await batchGradient(runner, request, await prepared(runner, request))
  expect(loss).toBeCloseTo(expected.loss, 5)
  for (const { layer, module, factor, offset, size } of adapterLayout(
    model.config.shape,
    adapter.spec,
  )) {
    const [norm, product] = expected.factors[`${layer}.${PEFT_MODULES[module]}.lora_${factor}`]!
    const ours = gradient.subarray(offset, offset + size)
    const flat = request.adapters[0]!.flat.subarray(offset, offset + size)
    expect(Math.abs(Math.hypot(...ours) - norm) / norm).toBeLessThan(1e-3)
    const dot = ours.reduce((sum, g, i) => sum + g * flat[i]!, 0)
    expect(Math.abs(dot - product)).toBeLessThan(1e-3 * norm * Math.hypot(...flat))
  }
})

test("z0 is beta times the batch's mean mismatched log-ratio, and never below 0", async () => {
  const [expected] = kto
  const runner = model.runner()
  const request = requestOf(expected!)
  const items = await prepared(runner, request)
  const shifts = async (change: number) => {
    const moved = items.map((item) => ({
      ...item,
      mismatchedLogProb: item.mismatchedLogProb! + change,
    }))
    const shifted = await withDivergence(runner, request, moved)
    return shifted.map(({ offset }, i) => offset - items[i]!.offset)
  }
  const ratios = expected!.mismatched_log_ratios
  const z0 = expected!.beta * ((ratios[0]! + ratios[1]!) / 2)
  const [liked, disliked] = await shifts(0)
  expect(liked).toBeCloseTo(-z0, 3)
  expect(disliked).toBeCloseTo(z0, 3)
  expect((await shifts(1000)).map(Math.abs)).toEqual([0, 0])
})

test('the reference is computed once a text, whatever the batch, and kept in the cache', async () => {
  const runner = model.runner(2 ** 20)
  let runs = 0
  const run: ModelRunner['sessions']['run'] = (key, build, feeds) => {
    runs++
    return runner.sessions.run(key, build, feeds)
  }
  const watched = { ...runner, sessions: { ...runner.sessions, run } }
  const request = requestOf(kto[0]!)
  const first = await prepared(watched, request)
  const before = runs
  expect(await prepared(watched, request)).toEqual(first)
  expect(runs).toBe(before)
  const [alone] = await withReference(
    model.runner(),
    request,
    itemsOf(request.objective, 64).slice(0, 1),
  )
  expect(alone!.offset).toBe(first[0]!.offset)
})
