import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { BaseModelSchema } from '../../../../adapters/wire/primitives.ts'
import { defaultCacheFolder, modelPath } from '../../../../device/engine/model/cache.ts'
import { openModel } from '../../../../device/engine/model/open.ts'
import { MODELS } from '../../../../device/engine/model/registry.ts'
import { readManifest, readTensor } from '../../../../device/engine/model/weight-store.ts'
import { ggufBytes, smallConfig, writeFolder } from './model-files.ts'

let root: string
let cacheFolder: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'open-'))
  cacheFolder = join(root, 'cache')
})
afterAll(() => rm(root, { recursive: true }))

test('the tiny model is made in code, the same each time, and converted once', async () => {
  let converted = 0
  const first = await openModel({ cacheFolder, name: 'tiny' }, { onConvert: () => converted++ })
  expect(converted).toBeGreaterThan(0)
  converted = 0
  const second = await openModel({ cacheFolder, name: 'tiny' }, { onConvert: () => converted++ })
  expect(converted).toBe(0)
  expect(second.base).toEqual(first.base)
  expect(BaseModelSchema.parse(first.base)).toEqual(first.base)
  expect(first.base.weights).toBe(
    'd1dfce0e0afba09f14f25b8da2dacbd552ea4e476807401e970a5e827232112a',
  )
  expect(first.suggestedExit).toBe(1)
  expect(readManifest(first.folder).config).toEqual(first.config)
})

test('a GGUF file and a Hugging Face folder of the same weights convert to the same numbers', async () => {
  const gguf = join(root, 'Small.gguf')
  await writeFile(gguf, await ggufBytes())
  await writeFolder(join(root, 'small-folder'))
  const fromGguf = await openModel({ cacheFolder, name: gguf })
  const fromFolder = await openModel({ cacheFolder, name: join(root, 'small-folder') })
  expect(fromGguf.base.name).toBe('Small')
  expect(fromFolder.base.name).toBe('small-folder')
  expect(fromGguf.config.shape).toEqual(smallConfig.shape)
  const one = readManifest(fromGguf.folder)
  const two = readManifest(fromFolder.folder)
  for (const name of Object.keys(one.tensors))
    expect(readTensor(fromGguf.folder, one, name)).toEqual(readTensor(fromFolder.folder, two, name))
  expect(fromGguf.tokenizer.encode('abba')).toEqual(fromFolder.tokenizer.encode('abba'))
})

test('damaged converted weights are converted again', async () => {
  const { folder } = await openModel({ cacheFolder, name: 'tiny' })
  const { size } = await stat(join(folder, 'weights.bin'))
  await truncate(join(folder, 'weights.bin'), 100)
  await openModel({ cacheFolder, name: 'tiny' })
  expect((await stat(join(folder, 'weights.bin'))).size).toBe(size)
  await writeFile(join(folder, 'weights.json'), '{')
  await openModel({ cacheFolder, name: 'tiny' })
  expect(JSON.parse(await readFile(join(folder, 'weights.json'), 'utf8')).version).toBe(1)
})

test('the default model is asked to be pulled, and other bytes under its name are E_CHECKSUM', async () => {
  const empty = join(root, 'empty')
  await expect(openModel({ cacheFolder: empty })).rejects.toMatchObject({
    code: 'E_MODEL_MISSING',
    message: expect.stringMatching(/loreweave model pull smollm2-135m/),
  })
  const path = modelPath(empty, MODELS[0]!.file)
  await mkdir(join(empty, 'models'), { recursive: true })
  await writeFile(path, await ggufBytes())
  await expect(openModel({ cacheFolder: empty })).rejects.toMatchObject({ code: 'E_CHECKSUM' })
  expect(existsSync(join(empty, 'converted'))).toBe(false)
})

test('a missing tensor and a tokenizer larger than the embedding are E_MODEL_FILE', async () => {
  const lacking = join(root, 'lacking')
  await writeFolder(lacking, smallConfig, { omit: ['model.layers.0.mlp.up_proj.weight'] })
  await expect(openModel({ cacheFolder, name: lacking })).rejects.toMatchObject({
    code: 'E_MODEL_FILE',
    message: 'tensor model.layers.0.mlp.up_proj.weight is missing',
  })
  const narrow = join(root, 'narrow')
  await writeFolder(narrow, { ...smallConfig, shape: { ...smallConfig.shape, vocab: 9 } })
  await expect(openModel({ cacheFolder, name: narrow })).rejects.toMatchObject({
    code: 'E_MODEL_FILE',
    message: expect.stringMatching(/14 tokens, the embedding 9 rows/),
  })
})

test.each([
  [{ vocab_size: 20 }, /embed_tokens.weight has shape \[14,8\], expected \[20,8\]/],
  [{ num_hidden_layers: 2 }, /model.layers.1.input_layernorm.weight is missing/],
  [{ tie_word_embeddings: false }, /lm_head.weight is missing/],
  [{ intermediate_size: 13 }, /gate_proj.weight has shape \[12,8\], expected \[13,8\]/],
])(
  'a config that disagrees with the weights (%j) is refused by the tensor',
  async (extra, message) => {
    const folder = join(root, 'disagree')
    await writeFolder(folder, smallConfig, { extra })
    await expect(openModel({ cacheFolder, name: folder })).rejects.toMatchObject({
      code: 'E_MODEL_FILE',
      message: expect.stringMatching(message),
    })
  },
)

test('the error for an unknown name lists the possible names', async () => {
  await expect(openModel({ cacheFolder, name: join(root, 'nothing.gguf') })).rejects.toMatchObject({
    code: 'E_MODEL_MISSING',
    message: expect.stringMatching(/smollm2-135m, tiny/),
  })
})

test('the cache folder follows the environment', () => {
  expect(defaultCacheFolder({ LOREWEAVE_CACHE: '/a', XDG_CACHE_HOME: '/b' })).toBe('/a')
  expect(defaultCacheFolder({ XDG_CACHE_HOME: '/b', HOME: '/c' })).toBe('/b/loreweave')
  expect(defaultCacheFolder({ HOME: '/c', LOREWEAVE_CACHE: '' })).toBe('/c/.cache/loreweave')
})
