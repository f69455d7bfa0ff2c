import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  canQuantize,
  openQuantized,
  QUANTIZED_FILE,
  readQuantized,
} from '../../../../device/engine/model/quantized-store.ts'
import { TINY_CONFIG } from '../../../../device/engine/model/tiny.ts'
import { openService } from '../../../../device/engine/process/service.ts'
import { decoder, generateTokens } from '../../../../device/engine/run/generate.ts'
import { modelRunner } from '../../../../device/engine/run/model-runner.ts'
import { openSessions } from '../../../../device/engine/run/sessions.ts'
import {
  type EngineModel,
  engineModel,
  randomAdapter,
  relativeDifference,
} from '../../../support/engine-model.ts'

let model: EngineModel
beforeAll(async () => {
  model = await engineModel({ attentionBias: true })
})
afterAll(() => model.release())

const prompt = [5, 80, 13, 200, 7]

test('made once, with a table of every linear and the head, and found again', async () => {
  const { folder, manifest } = model
  expect(await readQuantized(folder, manifest.source)).toBeUndefined()
  const made = await openQuantized(folder, manifest)
  expect(Object.keys(made.tensors)).toHaveLength(1 + 7 * manifest.config.shape.layers)
  const { mtimeMs, size } = await stat(join(folder, QUANTIZED_FILE))
  expect(await openQuantized(folder, manifest)).toEqual(made)
  expect((await stat(join(folder, QUANTIZED_FILE))).mtimeMs).toBe(mtimeMs)
  expect(size % 4096).toBe(0)
})

test('a damaged table, or another model’s, is made again', async () => {
  const { folder, manifest } = model
  const table = join(folder, 'quantized.json')
  await openQuantized(folder, manifest)
  const right = await readFile(table, 'utf8')
  for (const wrong of ['{', right.replace(manifest.source, 'f'.repeat(64)), '{"version":2}']) {
    await writeFile(table, wrong)
    expect(await readQuantized(folder, manifest.source)).toBeUndefined()
    await openQuantized(folder, manifest)
    expect(await readFile(table, 'utf8')).toBe(right)
  }
})

test('a cut file counts as none', async () => {
  const { folder, manifest } = model
  await openQuantized(folder, manifest)
  const path = join(folder, QUANTIZED_FILE)
  const whole = await readFile(path)
  await writeFile(path, whole.subarray(0, whole.length - 4096))
  expect(await readQuantized(folder, manifest.source)).toBeUndefined()
  await openQuantized(folder, manifest)
  expect(await readFile(path)).toEqual(whole)
})

// 8-bit weights times 8-bit activations, two layers: within 5 % of the largest logit.
test('logits by quantized weights are near those in full precision, adapters and a bias included', async () => {
  const { folder, manifest, config } = model
  const quantized = await openQuantized(folder, manifest)
  const sessions = openSessions(folder, 1)
  const rounded = modelRunner({ config, manifest, quantized }, sessions, 0)
  const adapters = [randomAdapter(config)]
  const [exact, near] = await Promise.all(
    [model.runner(), rounded].map((runner) => decoder(runner, adapters, 20)(prompt)),
  )
  await sessions.release()
  const difference = relativeDifference(near!, exact!)
  expect(difference).toBeGreaterThan(0)
  expect(difference).toBeLessThan(0.05)
})

test('decoding reads quantized weights by default, scoring only on request', async () => {
  const { folder, config } = model
  const options = { folder, threads: 1, cacheBytes: 0 }
  const long = { adapters: [randomAdapter(config)], maxTokens: 8, stopIds: [] }
  const exact = await generateTokens(model.runner(), prompt, long)
  const answer = [{ ids: prompt, answerStart: 2 }]
  const pooling = { exitLayer: 2, adapters: [] }
  const results: Record<string, unknown[]> = {}
  for (const weights of [undefined, 'float32', 'quantized'] as const) {
    const service = openService({ ...options, weights })
    results[String(weights)] = [
      await service.generate(prompt, long),
      await service.pooled(answer, pooling),
    ]
    await service.release()
  }
  expect(results['float32']![0]).toEqual(exact)
  expect(results['undefined']![0]).toEqual(results['quantized']![0])
  expect(results['undefined']![1]).toEqual(results['float32']![1])
  expect(results['quantized']![1]).not.toEqual(results['float32']![1])
})

test('a model whose rows are not whole blocks is refused by name, and decodes in full precision', async () => {
  const shape = { ...TINY_CONFIG.shape, ffn: 80 }
  expect(canQuantize({ ...TINY_CONFIG, shape })).toBe(false)
  const odd = await engineModel({ shape })
  await expect(openQuantized(odd.folder, odd.manifest)).rejects.toMatchObject({
    code: 'E_MODEL_UNSUPPORTED',
  })
  const options = { folder: odd.folder, threads: 1, cacheBytes: 0 }
  const service = openService(options)
  const long = { adapters: [], maxTokens: 4, stopIds: [] }
  expect(await service.generate(prompt, long)).toEqual(
    await generateTokens(odd.runner(), prompt, long),
  )
  await service.release()
  const strict = openService({ ...options, weights: 'quantized' })
  await expect(strict.generate(prompt, long)).rejects.toMatchObject({ code: 'E_MODEL_UNSUPPORTED' })
  await odd.release()
})
