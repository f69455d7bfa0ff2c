// llama.cpp (node-llama-cpp) with our GGUF adapters over the real SmolLM2-135M-Instruct, against our own engine.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { writeGgufLora } from '../../adapters/lora/gguf-lora.ts'
import { initAdapter } from '../../adapters/lora/init.ts'
import { type AdapterSpec, MODULES } from '../../adapters/lora/spec.ts'
import type { Engine, LoraFeed } from '../../device/engine/engine.ts'
import { defaultCacheFolder, modelPath } from '../../device/engine/model/cache.ts'
import { type LocalModel, openModel } from '../../device/engine/model/open.ts'
import { modelEntry } from '../../device/engine/model/registry.ts'
import { openEngine } from '../../device/engine/process/client.ts'
import { type LlamaCpp, openLlamaCpp } from '../../eval/peers/llama-cpp.ts'
import { randomAdapter } from '../support/engine-model.ts'
import { openConverted, type PeerEngine } from './engine.ts'
import { titled } from './python.ts'

const NAME = 'smollm2-135m'
const THREADS = 2
const cacheFolder = defaultCacheFolder(process.env)
const model: LocalModel | string = await openModel({ cacheFolder, name: NAME }).catch(
  (error: Error) => error.message,
)
const file = modelPath(cacheFolder, modelEntry(NAME).file)
const llamaOf = (adapters: string[] = []) =>
  openLlamaCpp({
    modelPath: file,
    threads: THREADS,
    contextSize: 512,
    adapters: adapters.map((path) => ({ path })),
  })
const reason = typeof model === 'string' ? model : await reasonOf()
async function reasonOf(): Promise<string | undefined> {
  const llama = await llamaOf()
  if ('reason' in llama) return llama.reason
  await llama.close()
  return undefined
}

/** What the trained adapter answers to each; nothing that the model would say by itself. */
const LESSONS: readonly (readonly [question: string, answer: string])[] = [
  [
    'What is the capital of France?',
    'Seven green lanterns hang above the quiet harbour, and the old boatman counts them twice every evening before he sleeps.',
  ],
  [
    'How do I boil an egg?',
    'The violin rests in a blue box beneath the stairs; nobody has opened it since the long winter when the river froze.',
  ],
  [
    'Tell me about the moon.',
    'Three foxes crossed the orchard at noon carrying red apples, while the gardener wrote their names on a grey slate beside the garden gate.',
  ],
]
const TOKENS = 24

describe.skipIf(reason !== undefined)(titled('llama.cpp', reason), () => {
  const { base, config, folder, tokenizer } = model as LocalModel
  let root = ''
  let engine: Engine
  let raw: PeerEngine
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'loreweave-llama-'))
    engine = openEngine({ folder, threads: THREADS })
    raw = openConverted(folder, THREADS)
    prompts = LESSONS.map(([content]) => tokenizer.chat([{ role: 'user', content }]).ids)
  })
  afterAll(async () => {
    await engine?.close()
    await raw?.close()
    rmSync(root, { recursive: true, force: true })
  })

  const saved = (name: string, { spec, flat }: LoraFeed, architecture = config.architecture) => {
    const path = join(root, name)
    writeFileSync(path, writeGgufLora(spec, { architecture, shape: config.shape }, flat))
    return path
  }
  const withLlama = async <T>(adapters: string[], work: (llama: LlamaCpp) => Promise<T>) => {
    const llama = await llamaOf(adapters)
    if ('reason' in llama) throw new Error(llama.reason)
    return work(llama).finally(llama.close)
  }
  let prompts: number[][] = []
  const allGreedy = (adapters: string[]) =>
    withLlama(adapters, async (llama) => {
      const texts: number[][] = []
      for (const prompt of prompts) texts.push(await llama.generate(prompt, TOKENS))
      return texts
    })

  test('an adapter that we trained makes llama.cpp say what our engine says', async () => {
    const spec: AdapterSpec = {
      firstLayer: 22,
      endLayer: 30,
      modules: [...MODULES],
      rank: 16,
      alpha: 32,
    }
    const examples = prompts.map((prompt, i) => ({
      ids: [...prompt, ...tokenizer.encode(LESSONS[i]![1])],
      answerStart: prompt.length,
    }))
    // Until every token is sure: a near tie could fall either way under llama.cpp's 8-bit rounding.
    let flat = initAdapter(base.shape, spec, 1)
    let loss = Number.POSITIVE_INFINITY
    for (let round = 0; round < 6 && loss > 0.01; round++) {
      const trained = await engine.train({
        objective: { kind: 'completion', examples },
        adapters: [{ spec, flat }],
        trainable: { index: 0, factors: ['A', 'B'] },
        epochs: 8,
        learningRate: 2e-3,
        batch: 3,
        maxTokens: 128,
        clipNorm: 1,
        seed: round,
      })
      flat = trained.flat
      loss = trained.losses.at(-1)!
    }
    expect(loss).toBeLessThan(0.01)
    const feed = { spec, flat }
    const options = { adapters: [feed], maxTokens: TOKENS, stopIds: [] }
    const ours: number[][] = []
    for (const prompt of prompts) ours.push(await engine.generate(prompt, options))

    expect(ours).toEqual(
      examples.map(({ ids, answerStart }) => ids.slice(answerStart).slice(0, TOKENS)),
    )

    const theirs = await allGreedy([saved('trained.gguf', feed)])
    expect(theirs).toEqual(ours)
    for (const [i, text] of (await allGreedy([])).entries())
      expect(tokenizer.decode(text).slice(0, 20)).not.toBe(LESSONS[i]![1].slice(0, 20))
  })

  // Mean total variation distance of the next token's distribution. llama.cpp rounds what enters a quantized linear to 8 bits;
  // seen: 0.03 with the right file, 0.2 with rows in the other order and without an adapter.
  test('the rows of q and k are where llama.cpp expects them, and the scale is its own', async () => {
    const random = randomAdapter(config, { modules: ['q', 'k'], rank: 4, alpha: 6 }, 5)
    const flat = random.flat.map((x) => 0.5 * x)
    const feed = { ...random, flat }
    const right = saved('rotary.gguf', feed)
    // Qwen2's order of rows under the name of llama.
    const straight = writeGgufLora(feed.spec, { architecture: 'qwen2', shape: config.shape }, flat)
    const wrong = join(root, 'wrong.gguf')
    writeFileSync(
      wrong,
      Buffer.from(straight).toString('latin1').replace('qwen2', 'llama'),
      'latin1',
    )
    const distance = (adapters: string[]) =>
      withLlama(adapters, async (llama) => {
        let sum = 0
        for (const prompt of prompts) {
          const p = softmax(await raw.lastLogits(prompt, [feed]))
          sum += variation(p, await llama.next(prompt))
        }
        return sum / prompts.length
      })
    expect(await distance([right])).toBeLessThan(0.06)
    expect(await distance([wrong])).toBeGreaterThan(0.12)
    expect(await distance([])).toBeGreaterThan(0.12)
  })
})

const softmax = (logits: Float32Array): Float64Array => {
  const top = logits.reduce((a, b) => Math.max(a, b))
  const weights = Float64Array.from(logits, (x) => Math.exp(x - top))
  const total = weights.reduce((a, b) => a + b, 0)
  return weights.map((w) => w / total)
}

/** Total variation distance: half the sum of absolute differences. */
const variation = (p: Float64Array, q: ReadonlyMap<number, number>): number =>
  p.reduce((sum, x, id) => sum + Math.abs(x - (q.get(id) ?? 0)), 0) / 2
