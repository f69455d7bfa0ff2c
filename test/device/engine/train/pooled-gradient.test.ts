import { afterAll, beforeAll, expect, test } from 'vitest'
import { adapterLayout, type Factor } from '../../../../adapters/lora/layout.ts'
import { seededRng } from '../../../../adapters/random.ts'
import type { AnswerCotangent, GradientRequest } from '../../../../device/engine/engine.ts'
import { poolAnswers } from '../../../../device/engine/run/score.ts'
import { batchGradient } from '../../../../device/engine/train/gradient.ts'
import {
  GRADIENT_ROW_TOKENS,
  planGradient,
  trainingBytes,
} from '../../../../device/engine/train/memory-plan.ts'
import { itemsOf } from '../../../../device/engine/train/objectives.ts'
import { pooledGradient } from '../../../../device/engine/train/pooled-gradient.ts'
import {
  type EngineModel,
  engineModel,
  randomAdapter,
  randomAnswers,
  relativeDifference,
} from '../../../support/engine-model.ts'

let model: EngineModel
beforeAll(async () => {
  model = await engineModel({
    architecture: 'qwen2',
    attentionBias: true,
    tiedHead: false,
    shape: { layers: 4, hidden: 32, heads: 4, kvHeads: 2, headDim: 8, ffn: 48, vocab: 61 },
  })
})
afterAll(() => model.release())

const hooks = { now: () => 0 }
const vector = (seed: string): Float32Array => {
  const rng = seededRng(seed)
  return Float32Array.from({ length: 32 }, () => rng.normal())
}
const answers = (count: number): AnswerCotangent[] =>
  randomAnswers(model.config, count).map((answer, i) => ({
    answer,
    cotangent: vector(`cotangent/${i}`),
  }))
const adapter = () =>
  randomAdapter(model.config, { firstLayer: 1, endLayer: 4, modules: ['k', 'o', 'up'] })
const requestOf = (changes: Partial<GradientRequest> = {}): GradientRequest => ({
  answers: answers(12),
  exitLayer: 3,
  adapters: [adapter()],
  trainable: { index: 0, factors: ['A', 'B'] },
  ...changes,
})
const gradientOf = async (request: GradientRequest, cacheBytes = 0) =>
  (await pooledGradient(model.runner(cacheBytes), request, hooks)).gradient

// Tolerance: float32 sums, central difference with step 2^-6 / 20.
test.each(['A', 'B', 'AB'])(
  'the gradient by %s agrees with a central difference, another adapter active',
  async (named) => {
    const other = randomAdapter(model.config, { rank: 3 }, 9)
    const factors = [...named] as Factor[]
    const request = requestOf({
      adapters: [other, adapter()],
      trainable: { index: 1, factors },
    })
    const { spec, flat } = request.adapters[1]!
    const rng = seededRng('direction')
    const direction = new Float64Array(flat.length)
    for (const { offset, size, factor } of adapterLayout(model.config.shape, spec))
      if (factors.includes(factor))
        for (let i = offset; i < offset + size; i++) direction[i] = rng.normal()
    const valueAt = async (e: number) => {
      const moved = { spec, flat: flat.map((w, i) => w + e * direction[i]!) }
      const pooled = await poolAnswers(
        model.runner(),
        request.answers.map(({ answer }) => answer),
        { exitLayer: 3, adapters: [other, moved] },
      )
      return request.answers.reduce(
        (sum, { cotangent }, i) =>
          sum + cotangent.reduce((total, c, j) => total + c * pooled[i]![j]!, 0),
        0,
      )
    }
    const step = 2 ** -6 / 20
    const difference = ((await valueAt(step)) - (await valueAt(-step))) / (2 * step)
    const gradient = await gradientOf(request)
    const slope = gradient.reduce((sum, g, i) => sum + g * direction[i]!, 0)
    expect(Math.abs(slope - difference) / Math.max(1, Math.abs(difference))).toBeLessThan(5e-3)
    // The other factor, and layers above the exit, have no gradient.
    for (const { offset, size, factor, layer } of adapterLayout(model.config.shape, spec))
      expect(gradient.subarray(offset, offset + size).some((g) => g !== 0)).toBe(
        factors.includes(factor) && layer < 3,
      )
  },
)

test('with the cotangents of the pairs it is the gradient of the reward objective', async () => {
  const head = vector('head')
  const inputs = randomAnswers(model.config, 10)
  const pairs = Array.from({ length: 5 }, (_, i) => ({
    chosen: inputs[2 * i]!,
    rejected: inputs[2 * i + 1]!,
    offset: 0.2 * i,
    weight: 1 + i,
  }))
  const objective = { kind: 'reward' as const, exitLayer: 3, head, pairs }
  const { answers: _, exitLayer: __, ...shared } = requestOf()
  const request = {
    ...shared,
    objective,
    epochs: 1,
    learningRate: 1,
    batch: 5,
    maxTokens: 64,
    clipNorm: 0,
    seed: 1,
  }
  const { gradient: expected } = await batchGradient(
    model.runner(),
    request,
    itemsOf(objective, 64),
  )
  const pooled = await poolAnswers(model.runner(), inputs, {
    exitLayer: 3,
    adapters: shared.adapters,
  })
  const rewards = pooled.map((state) => state.reduce((sum, x, j) => sum + x * head[j]!, 0))
  const given = pairs.flatMap(({ chosen, rejected, offset, weight }, i) => {
    const margin = rewards[2 * i]! - rewards[2 * i + 1]! + offset
    const slope = -weight / (1 + Math.exp(margin)) / pairs.length
    return [
      { answer: chosen, cotangent: head.map((x) => slope * x) },
      { answer: rejected, cotangent: head.map((x) => -slope * x) },
    ]
  })
  // Tolerance: float32 sums in another order.
  expect(
    relativeDifference(await gradientOf(requestOf({ answers: given })), expected),
  ).toBeLessThan(1e-4)
})

test('it is the sum over the answers alone, whatever the rows, and cached states change nothing', async () => {
  const request = requestOf({ answers: answers(40) })
  const sum = new Float64Array(request.adapters[0]!.flat.length)
  for (const answer of request.answers)
    for (const [i, g] of (await gradientOf({ ...request, answers: [answer] })).entries())
      sum[i]! += g
  const whole = await gradientOf(request)
  // Tolerance: float32 sums in another order.
  expect(relativeDifference(whole, sum)).toBeLessThan(1e-5)
  expect(relativeDifference(await gradientOf({ ...request, rowTokens: 32 }), sum)).toBeLessThan(
    1e-5,
  )
  expect(await gradientOf(request, 2 ** 24)).toEqual(whole)
})

test('an answer that is given twice passes once, and prompts are shared', async () => {
  const [first, second] = answers(2) as [AnswerCotangent, AnswerCotangent]
  const twice = [first, second, { answer: first.answer, cotangent: second.cotangent }]
  const progress: number[][] = []
  const { gradient, tokens } = await pooledGradient(model.runner(), requestOf({ answers: twice }), {
    ...hooks,
    onProgress: (...done) => progress.push(done),
  })
  expect(progress.at(-1)).toEqual([2, 2])
  expect(tokens).toBeLessThanOrEqual(first.answer.ids.length + second.answer.ids.length)
  const merged = first.cotangent.map((x, j) => x + second.cotangent[j]!)
  expect(gradient).toEqual(
    await gradientOf(requestOf({ answers: [{ ...first, cotangent: merged }, second] })),
  )
  // What was given is left as it was.
  expect(first.cotangent).toEqual(vector('cotangent/0'))
  const sameBegin = randomAnswers(model.config, 12).map((answer) => ({
    answer,
    cotangent: first.cotangent,
  }))
  const shared = await pooledGradient(model.runner(), requestOf({ answers: sameBegin }), hooks)
  const alone = sameBegin.reduce((sum, { answer }) => sum + answer.ids.length, 0)
  expect(shared.tokens).toBeLessThan(alone)
})

test('refuses what does not fit, and numbers that are not finite', async () => {
  const refused = (changes: Partial<GradientRequest>, code: string) =>
    expect(gradientOf(requestOf(changes))).rejects.toMatchObject({ code })
  const [{ answer }] = answers(1) as [AnswerCotangent]
  await refused({ answers: [{ answer, cotangent: new Float32Array(31) }] }, 'E_SHAPE')
  await refused({ exitLayer: 5 }, 'E_SHAPE')
  await refused({ exitLayer: 1 }, 'E_SHAPE')
  await refused({ trainable: { index: 1, factors: ['A'] } }, 'E_SHAPE')
  await refused({ trainable: { index: 0, factors: [] } }, 'E_SHAPE')
  const wrong = new Float32Array(32).fill(Number.NaN)
  await refused({ answers: [{ answer, cotangent: wrong }] }, 'E_DIVERGED')
  expect(await gradientOf(requestOf({ answers: [] }))).toEqual(
    new Float64Array(adapter().flat.length),
  )
})

test('a cancelled pass ends between two rows', async () => {
  let rows = 0
  const pass = pooledGradient(model.runner(), requestOf({ rowTokens: 32 }), {
    ...hooks,
    onProgress: () => rows++,
    isCancelled: () => rows === 2,
  })
  await expect(pass).rejects.toMatchObject({ code: 'E_CANCELLED' })
  expect(rows).toBe(2)
})

test('under a memory limit rows are shorter, and an answer that does not fit is refused', () => {
  const llama = { config: model.config, manifest: model.manifest }
  const request = requestOf()
  const need = { kind: 'gradient' as const, to: 3, adapters: [adapter().spec], index: 0 }
  const limitFor = (tokens: number) => ({ limitBytes: trainingBytes(llama, need, tokens) + 1 })
  expect(planGradient(llama, request, {}).rowTokens).toBe(GRADIENT_ROW_TOKENS)
  expect(planGradient(llama, request, limitFor(192)).rowTokens).toBe(192)
  const long = { ids: Array.from({ length: 200 }, (_, i) => i % 61), answerStart: 5 }
  const answersOfOne = [{ answer: long, cotangent: vector('long') }]
  expect(() => planGradient(llama, { ...request, answers: answersOfOne }, limitFor(192))).toThrow(
    expect.objectContaining({ code: 'E_MEMORY' }),
  )
  expect(() => planGradient(llama, request, { freeBytes: 1e6 })).toThrow(
    expect.objectContaining({ code: 'E_MEMORY' }),
  )
})
