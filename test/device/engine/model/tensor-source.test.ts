import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openGguf } from '../../../../device/engine/model/gguf.ts'
import { ggufSource, openHuggingFace } from '../../../../device/engine/model/tensor-source.ts'
import { tinySource } from '../../../../device/engine/model/tiny.ts'
import { expectedTensors } from '../../../../device/engine/model/weight-store.ts'
import { ggufBytes, smallConfig, writeFolder } from './model-files.ts'

let root: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'source-'))
})
afterAll(() => rm(root, { recursive: true }))

test('a GGUF file gives the original tensors: q and k rows are back in the half-split layout', async () => {
  const config = { ...smallConfig, shape: { ...smallConfig.shape, layers: 2 }, tiedHead: false }
  const path = join(root, 'model.gguf')
  await writeFile(path, await ggufBytes(config))
  const file = await openGguf(path)
  const got = await ggufSource(file, 'f'.repeat(64))
  expect(got.config).toMatchObject({ shape: config.shape, tiedHead: false, ropeBase: 10_000 })
  for (const { name } of expectedTensors(config))
    expect(await got.read(name)).toEqual(await tinySource(config).read(name))
  await file.close()
})

test('a Hugging Face folder gives the original tensors', async () => {
  const config = {
    ...smallConfig,
    architecture: 'qwen2' as const,
    attentionBias: true,
    tiedHead: false,
  }
  await writeFolder(join(root, 'qwen'), config)
  const { source, close } = await openHuggingFace(join(root, 'qwen'))
  expect(source.config).toEqual(config)
  for (const { name } of expectedTensors(config))
    expect(await source.read(name)).toEqual(await tinySource(config).read(name))
  await close()
})

test('the digest follows the bytes of weights and config', async () => {
  const digest = async (name: string, extra = {}) => {
    await writeFolder(join(root, name), smallConfig, { extra })
    const { source, close } = await openHuggingFace(join(root, name))
    await close()
    return source.sha256
  }
  const first = await digest('one')
  expect(await digest('two')).toBe(first)
  expect(await digest('three', { rope_theta: 5000 })).not.toBe(first)
})

test('a folder without weights, with cut weights or with unreadable types is refused', async () => {
  const folder = join(root, 'bad')
  await writeFolder(folder)
  const weights = join(folder, 'model.safetensors')
  const bytes = await readFile(weights)
  await truncate(weights, bytes.length - 1)
  await expect(openHuggingFace(folder)).rejects.toMatchObject({ code: 'E_MODEL_FILE' })
  await truncate(weights, 100)
  await expect(openHuggingFace(folder)).rejects.toMatchObject({ code: 'E_MODEL_FILE' })
  await truncate(weights, 3)
  await expect(openHuggingFace(folder)).rejects.toMatchObject({ code: 'E_MODEL_FILE' })
  await writeFile(weights, bytes.toString('latin1').replaceAll('"F32"', '"I32"'), 'latin1')
  const { source, close } = await openHuggingFace(folder)
  await expect(source.read('embed')).rejects.toMatchObject({
    code: 'E_MODEL_UNSUPPORTED',
    message: 'tensor model.embed_tokens.weight has type I32',
  })
  await close()
  await rm(weights)
  await expect(openHuggingFace(folder)).rejects.toMatchObject({
    code: 'E_MODEL_FILE',
    message: expect.stringMatching(/model.safetensors is missing/),
  })
  await rm(join(folder, 'config.json'))
  await expect(openHuggingFace(folder)).rejects.toMatchObject({ message: 'config.json is missing' })
})
