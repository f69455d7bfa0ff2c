import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { decodeSafetensors, encodeSafetensors } from '../../../../adapters/formats/safetensors.ts'
import { expectedTensors } from '../../../../device/engine/model/expected-tensors.ts'
import { openGguf } from '../../../../device/engine/model/gguf.ts'
import { ggufSource, openHuggingFace } from '../../../../device/engine/model/tensor-source.ts'
import { tinySource } from '../../../../device/engine/model/tiny.ts'
import { f32 } from './gguf-writer.ts'
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

test('Qwen3 brings the norms of its heads', async () => {
  const config = { ...smallConfig, architecture: 'qwen3' as const }
  await writeFolder(join(root, 'qwen3'), config)
  const { source, close } = await openHuggingFace(join(root, 'qwen3'))
  expect(source.config).toEqual(config)
  expect(source.sourceName('layers.0.q_norm')).toEqual({
    name: 'model.layers.0.self_attn.q_norm.weight',
    present: true,
  })
  await close()
})

test('the index says which files hold the tensors', async () => {
  const folder = join(root, 'shards')
  await writeFolder(folder, smallConfig, { shards: 3 })
  const { source, close } = await openHuggingFace(folder)
  for (const { name } of expectedTensors(smallConfig))
    expect(await source.read(name)).toEqual(await tinySource(smallConfig).read(name))
  await close()
  await rm(join(folder, 'part1.safetensors'))
  await expect(openHuggingFace(folder)).rejects.toMatchObject({
    code: 'E_MODEL_FILE',
    message: expect.stringMatching(/part1.safetensors/),
  })
  for (const file of ['../part0.safetensors', 'part0.bin'])
    await expect(refusedIndex(folder, { weight_map: { a: file } })).rejects.toMatchObject({
      code: 'E_MODEL_FILE',
      message: expect.stringMatching(/outside the folder/),
    })
  await expect(refusedIndex(folder, {})).rejects.toMatchObject({ code: 'E_MODEL_FILE' })
})
const refusedIndex = async (folder: string, index: object) => {
  await writeFile(join(folder, 'model.safetensors.index.json'), JSON.stringify(index))
  return openHuggingFace(folder)
}

test('a tensor that the graph has no place for is refused by name', async () => {
  const bias = { shape: [8], data: new Float32Array(8) }
  const folder = join(root, 'extra')
  await writeFolder(folder)
  const weights = join(folder, 'model.safetensors')
  const tensors = decodeSafetensors(await readFile(weights))
  tensors.set('lm_head.weight', bias)
  tensors.set('model.layers.0.self_attn.rotary_emb.inv_freq', bias)
  await writeFile(weights, encodeSafetensors(tensors))
  // A tied head that is written twice, and a table that older versions of transformers saved,
  // change nothing.
  await (await openHuggingFace(folder)).close()
  const name = 'model.layers.0.self_attn.o_proj.bias'
  await writeFile(weights, encodeSafetensors(tensors.set(name, bias)))
  await expect(openHuggingFace(folder)).rejects.toMatchObject({
    code: 'E_MODEL_UNSUPPORTED',
    message: `tensor ${name} in a model of type llama`,
  })
  const extra = { name: 'blk.0.attn_output.bias', dims: [8], type: 0, data: f32(bias.data) }
  await expect(ggufOf(await ggufBytes(smallConfig, [], [extra]))).rejects.toMatchObject({
    code: 'E_MODEL_UNSUPPORTED',
    message: 'tensor blk.0.attn_output.bias in a model of type llama',
  })
})

test("GGUF: rope_freqs.weight becomes the config's factors", async () => {
  const freqs = { name: 'rope_freqs.weight', dims: [2], type: 0, data: f32([1, 8]) }
  const source = await ggufOf(await ggufBytes(smallConfig, [], [freqs]))
  expect(source.config.ropeFactors).toEqual([1, 8])
})
const ggufOf = async (bytes: Uint8Array) => {
  const path = join(root, 'one.gguf')
  await writeFile(path, bytes)
  const file = await openGguf(path)
  return ggufSource(file, 'f'.repeat(64)).finally(file.close)
}

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
