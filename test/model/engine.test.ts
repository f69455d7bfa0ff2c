// Reference values: SmolLM2-135M-Instruct Q4_1, weights dequantized, PyTorch float32; see test/vectors/smollm2/reference.json.
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import type { Engine } from '../../device/engine/engine.ts'
import { defaultCacheFolder } from '../../device/engine/model/cache.ts'
import { type LocalModel, openModel } from '../../device/engine/model/open.ts'
import { pullModel } from '../../device/engine/model/pull.ts'
import { openEngine } from '../../device/engine/process/client.ts'
import { relativeDifference } from '../support/engine-model.ts'

const Reference = z.object({
  scoring: z.array(
    z.object({
      user: z.string(),
      answer: z.string(),
      prompt_tokens: z.int(),
      answer_tokens: z.int(),
      answer_logprob: z.number(),
      first_token_top5_ids: z.array(z.int()),
      first_token_top5_logits: z.array(z.number()),
      pooled_after_layer_12_first8: z.array(z.number()),
      pooled_after_layer_12_norm: z.number(),
      greedy_24: z.array(z.int()),
    }),
  ),
})
const vectors = new URL('../vectors/smollm2/reference.json', import.meta.url)
const { scoring } = Reference.parse(JSON.parse(readFileSync(vectors, 'utf8')))

let model: LocalModel
let engine: Engine
beforeAll(async () => {
  const cacheFolder = defaultCacheFolder(process.env)
  await pullModel({ cacheFolder, name: 'smollm2-135m', fetch })
  model = await openModel({ cacheFolder, name: 'smollm2-135m' })
  engine = openEngine({ folder: model.folder })
})
afterAll(() => engine?.close())

const prompt = (user: string) =>
  model.tokenizer.chat([{ role: 'user', content: user }], { generationPrompt: true }).ids

test.each(scoring)(
  '$user: log-probability within 0.02, five largest logits within 1e-3',
  async (reference) => {
    const ids = prompt(reference.user)
    const answer = model.tokenizer.encode(reference.answer)
    expect([ids.length, answer.length]).toEqual([reference.prompt_tokens, reference.answer_tokens])
    const [score] = await engine.score(ids, [answer], { adapters: [] })
    expect(Math.abs(score!.logProb - reference.answer_logprob)).toBeLessThan(0.02)
    expect(score!.firstLogits.map(({ id }) => id)).toEqual(reference.first_token_top5_ids)
    const logits = score!.firstLogits.map(({ logit }) => logit)
    expect(relativeDifference(logits, reference.first_token_top5_logits)).toBeLessThan(1e-3)
  },
)

test.each(scoring)('$user: the same greedy 24 tokens in full precision', async (reference) => {
  const exact = openEngine({ folder: model.folder, weights: 'float32' })
  const options = { adapters: [], maxTokens: 24, stopIds: [] }
  expect(await exact.generate(prompt(reference.user), options)).toEqual(reference.greedy_24)
  await exact.close()
})

// Rounding turns near ties: what it costs on average is measured by `loreweave model measure`.
test.each(scoring)(
  '$user: quantized weights begin with the same greedy token',
  async (reference) => {
    const options = { adapters: [], maxTokens: 1, stopIds: [] }
    const [first] = await engine.generate(prompt(reference.user), options)
    expect(first).toBe(reference.greedy_24[0])
  },
)

test.each(scoring)('$user: the pooled state after layer 12 within 1e-3', async (reference) => {
  const ids = prompt(reference.user)
  const answer = model.tokenizer.encode(reference.answer)
  const input = { ids: [...ids, ...answer], answerStart: ids.length }
  const [pooled] = await engine.pooled([input], { exitLayer: 12, adapters: [] })
  const first8 = pooled!.subarray(0, 8)
  expect(relativeDifference(first8, reference.pooled_after_layer_12_first8)).toBeLessThan(1e-3)
  const norm = Math.hypot(...pooled!)
  expect(Math.abs(norm / reference.pooled_after_layer_12_norm - 1)).toBeLessThan(1e-3)
})
