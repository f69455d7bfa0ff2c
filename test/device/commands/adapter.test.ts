/** Adapters out of one home and into another, with the program as a value. */
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readAdapterFile } from '../../../device/reward/adapter-files.ts'
import { readPrivate, servingState } from '../../../device/store/private-adapter.ts'
import { openStore } from '../../../device/store/store.ts'
import { call } from '../cli-call.ts'
import { shortChoices, temporaryFolder, tinyModel } from '../device-fixture.ts'

let folder = ''
const here = (name: string) => join(folder, name)
const stored = async (home: string) => {
  const store = openStore(join(home, 'home', 'loreweave.db'))
  try {
    return { feed: readPrivate(store), state: servingState(store) }
  } finally {
    await store.close()
  }
}
beforeAll(async () => {
  folder = temporaryFolder()
  await call(folder, ['init', '--model', 'tiny'])
  writeFileSync(
    here('choices'),
    shortChoices(8)
      .map((c) => JSON.stringify(c))
      .join('\n'),
  )
})
afterAll(() => rmSync(folder, { recursive: true }))

test('there is nothing to export at first, and it says what to do', async () => {
  const out = ['--format', 'gguf', '--out', here('none.gguf')]
  expect(await call(folder, ['adapter', 'export', ...out, '--which', 'private'])).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/E_NOT_FOUND.*train --adapter/),
  })
  expect(await call(folder, ['adapter', 'export', ...out])).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/no release is served/),
  })
})

test('a trained adapter is exported in both formats, and imports unchanged into another home', async () => {
  const trained = await call(folder, ['train', '--data', here('choices'), '--adapter'])
  expect(trained).toMatchObject({ code: 0 })
  const { spec, flat } = (await stored(folder)).feed!
  const feed = { spec, flat }
  const files = { peft: here('peft'), gguf: here('adapter.gguf') } as const
  for (const [format, out] of Object.entries(files)) {
    const args = ['adapter', 'export', '--format', format, '--out', out, '--json']
    const exported = await call(folder, args)
    expect(exported).toMatchObject({ code: 0 })
    expect(JSON.parse(exported.stdout)).toMatchObject({ which: 'private', ...feed.spec })
    for (const path of JSON.parse(exported.stdout).files)
      expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(readAdapterFile(out, await tinyModel())).toEqual({ ...feed, format })
    // Nothing is overwritten.
    expect(await call(folder, args)).toMatchObject({ code: 2 })
  }

  const other = here('other')
  mkdirSync(other)
  await call(other, ['init', '--model', 'tiny'])
  for (const [revision, out] of Object.values(files).entries()) {
    expect(await call(other, ['adapter', 'import', out])).toMatchObject({ code: 0 })
    expect(await stored(other)).toEqual({
      feed: { ...feed, objective: 'reward' },
      state: { release: null, private: true, revision: revision + 1, serves: true },
    })
  }
  const status = await call(other, ['status', '--json'])
  expect(JSON.parse(status.stdout)).toMatchObject({ privateAdapter: true })
})

test('the head is fitted under an imported adapter', async () => {
  const jsonOf = async (args: string[]) => {
    const result = await call(folder, args)
    expect(result).toMatchObject({ code: 0 })
    return JSON.parse(result.stdout)
  }
  const before = (await jsonOf(['train', '--json'])).logLikelihood
  const config = JSON.parse(readFileSync(join(here('peft'), 'adapter_config.json'), 'utf8'))
  const strong = here('strong')
  mkdirSync(strong)
  const other = { ...config, lora_alpha: 400, base_model_name_or_path: 'other/model' }
  writeFileSync(join(strong, 'adapter_config.json'), JSON.stringify(other))
  writeFileSync(
    join(strong, 'adapter_model.safetensors'),
    readFileSync(join(here('peft'), 'adapter_model.safetensors')),
  )
  expect(await jsonOf(['adapter', 'import', strong, '--json'])).toMatchObject({
    format: 'peft',
    madeFor: 'other/model',
    alpha: 400,
    choices: 8,
  })
  expect((await jsonOf(['train', '--json'])).logLikelihood).not.toBe(before)
  // The sizes agree, so nothing but the name tells that it is another model's.
  expect((await call(folder, ['adapter', 'import', strong])).stdout).toMatch(
    /note: its file says that it was made for "other\/model"; this model is tiny/,
  )
})

test('what does not fit the model, or is no adapter, is refused by name and changes nothing', async () => {
  const before = await stored(folder)
  const model = await tinyModel()
  writeFileSync(here('text'), 'no adapter')
  const dora = here('dora')
  mkdirSync(dora)
  const config = JSON.parse(readFileSync(join(here('peft'), 'adapter_config.json'), 'utf8'))
  writeFileSync(join(dora, 'adapter_config.json'), JSON.stringify({ ...config, use_dora: true }))
  writeFileSync(
    join(dora, 'adapter_model.safetensors'),
    readFileSync(join(here('peft'), 'adapter_model.safetensors')),
  )
  const read = (path: string, changes = {}) =>
    readAdapterFile(path, { config: { ...model.config, ...changes } })
  expect(() => read(dora)).toThrow(/use_dora/)
  expect(() => read(here('text'))).toThrow(expect.objectContaining({ code: 'E_MODEL_FILE' }))
  expect(() => read(here('nothing'))).toThrow(expect.objectContaining({ code: 'E_DATA' }))
  expect(() => read(folder)).toThrow(/adapter_config.json is missing/)
  const small = { shape: { ...model.config.shape, hidden: 32 } }
  for (const path of [here('peft'), here('adapter.gguf')])
    expect(() => read(path, small)).toThrow(expect.objectContaining({ code: 'E_SHAPE' }))
  expect(() => read(here('adapter.gguf'), { architecture: 'qwen2' })).toThrow(
    expect.objectContaining({ code: 'E_BASE_MODEL' }),
  )
  expect(await call(folder, ['adapter', 'import', dora])).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/E_MODEL_UNSUPPORTED.*use_dora/),
  })
  expect(await stored(folder)).toEqual(before)
})
