/** What a path may be, and what an export says about its base. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parseGguf } from '../../../adapters/formats/gguf.ts'
import { decodeSafetensors, encodeSafetensors } from '../../../adapters/formats/safetensors.ts'
import { type LocalModel, openModel } from '../../../device/engine/model/open.ts'
import { readManifest, readTensor } from '../../../device/engine/model/weight-store.ts'
import {
  otherBaseNote,
  readAdapterFile,
  writeAdapterFile,
} from '../../../device/reward/adapter-files.ts'
import { randomAdapter } from '../../support/engine-model.ts'
import { expectCode } from '../../support/expect-code.ts'

let root = ''
let model: LocalModel
const here = (...path: string[]) => join(root, ...path)
const own = () => ({ ...model, madeOf: 'owner/Small-1B' })
const feed = () => randomAdapter(model.config, { modules: ['q', 'v'], rank: 2, alpha: 4 }, 7)
const json = (...path: string[]) => JSON.parse(readFileSync(here(...path), 'utf8'))

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'adapter-files-'))
  model = await openModel({ cacheFolder: here('cache'), name: 'tiny' })
  writeAdapterFile(here('peft'), 'peft', own(), feed())
  writeAdapterFile(here('adapter.gguf'), 'gguf', own(), feed())
})
afterAll(() => rmSync(root, { recursive: true }))

/** A copy of the PEFT folder with files in place of others; null removes one. */
const folder = (name: string, files: Record<string, string | Uint8Array | null>): string => {
  cpSync(here('peft'), here(name), { recursive: true })
  for (const [file, content] of Object.entries(files))
    if (content === null) rmSync(here(name, file))
    else writeFileSync(here(name, file), content)
  return here(name)
}
const refusal = (path: string): string => {
  try {
    readAdapterFile(path, model)
    return 'read'
  } catch (error) {
    return `${(error as { code?: string }).code}: ${(error as Error).message}`
  }
}

test('an export names its base, so that the next program needs no other word', () => {
  expect(json('peft', 'adapter_config.json')).toMatchObject({
    base_model_name_or_path: 'owner/Small-1B',
  })
  const bytes = readFileSync(here('adapter.gguf'))
  expect(parseGguf(bytes, bytes.length)!.metadata.get('general.base_model.0.repo_url')).toMatch(
    /owner\/Small-1B$/,
  )
  expect(readAdapterFile(here('peft'), model).madeFor).toBe('owner/Small-1B')
})

test('the folder, its configuration and its weights are the same adapter', () => {
  const whole = readAdapterFile(here('peft'), model)
  for (const file of ['adapter_config.json', 'adapter_model.safetensors'])
    expect(readAdapterFile(here('peft', file), model)).toEqual(whole)
  // A Trainer's checkpoint has more beside it.
  const checkpoint = folder('checkpoint-10', { 'optimizer.pt': 'x', 'trainer_state.json': '{}' })
  expect(readAdapterFile(checkpoint, model)).toEqual(whole)
})

test('a configuration with a byte order mark is the same, and one in UTF-16 is named', () => {
  const whole = readAdapterFile(here('peft'), model)
  const text = readFileSync(here('peft', 'adapter_config.json'), 'utf8')
  const marked = folder('marked', { 'adapter_config.json': `\ufeff${text}` })
  expect(readAdapterFile(marked, model)).toEqual(whole)
  writeFileSync(join(marked, 'adapter_config.json'), `\ufeff${text}`, 'utf16le')
  expect(expectCode('E_MODEL_FILE', () => readAdapterFile(marked, model)).message).toContain(
    'UTF-16',
  )
})

test('an mlx-lm folder is read, by folder, file or checkpoint', () => {
  const config = { fine_tune_type: 'lora', lora_parameters: { rank: 2, scale: 2 }, model: 'a/b' }
  mkdirSync(here('mlx'))
  writeFileSync(here('mlx', 'adapter_config.json'), JSON.stringify(config))
  const tensors = decodeSafetensors(readFileSync(here('peft', 'adapter_model.safetensors')))
  const file = encodeSafetensors(
    new Map(
      [...tensors].map(
        ([
          name,
          {
            shape: [rows = 0, columns = 0],
            data,
          },
        ]) => [
          name.replace('base_model.model.', '').replace('A.weight', 'a').replace('B.weight', 'b'),
          {
            shape: [columns, rows],
            data: data.map((_, i) => data[(i % rows) * columns + Math.floor(i / rows)]!),
          },
        ],
      ),
    ),
  )
  for (const name of ['adapters.safetensors', '0000100_adapters.safetensors'])
    writeFileSync(here('mlx', name), file)
  const expected = { ...feed(), format: 'mlx', madeFor: 'a/b' }
  for (const path of [
    '',
    'adapters.safetensors',
    'adapter_config.json',
    '0000100_adapters.safetensors',
  ])
    expect(readAdapterFile(here('mlx', path), model)).toEqual(expected)
})

test('embeddings beside LoRA are held against the model’s own', () => {
  const embed = readTensor(model.folder, readManifest(model.folder), 'embed')
  const { vocab, hidden } = model.config.shape
  const tensors = decodeSafetensors(readFileSync(here('peft', 'adapter_model.safetensors')))
  const withHead = (data: Float32Array) =>
    encodeSafetensors(
      new Map([
        ...tensors,
        ['base_model.model.lm_head.weight', { shape: [vocab, hidden], data }] as const,
      ]),
    )
  const same = folder('same-head', { 'adapter_model.safetensors': withHead(embed) })
  expect(readAdapterFile(same, model)).toEqual(readAdapterFile(here('peft'), model))
  const trained = withHead(embed.map((x, i) => (i === 70 ? x + 1e-3 : x)))
  const other = folder('other-head', { 'adapter_model.safetensors': trained })
  expect(refusal(other)).toMatch(/E_MODEL_UNSUPPORTED: .*lm_head.weight is saved beside LoRA/)
})

test.each<[string, () => string, RegExp]>([
  ['nothing', () => here('nothing'), /^E_DATA: .*no such file or folder; an adapter is a PEFT/],
  [
    'pickled weights alone',
    () => folder('bin', { 'adapter_model.safetensors': null, 'adapter_model.bin': 'x' }),
    /^E_MODEL_UNSUPPORTED: .*adapter_model.bin: PEFT weights in Python.*save_pretrained/,
  ],
  ['a pickled file', () => here('bin', 'adapter_model.bin'), /^E_MODEL_UNSUPPORTED.*pickle/],
  [
    'no weights',
    () => folder('empty', { 'adapter_model.safetensors': null }),
    /^E_DATA: adapter_model.safetensors is missing in/,
  ],
  [
    'weights of another name',
    () => folder('named', { 'adapter_model.safetensors': null, 'step-100.safetensors': 'x' }),
    /^E_DATA: adapter_model.safetensors is missing in .*there is step-100.safetensors: name that/,
  ],
  [
    'a pointer of Git LFS',
    () => folder('lfs', { 'adapter_model.safetensors': 'version https://git-lfs.github.com/spec' }),
    /^E_MODEL_FILE: safetensors: .*Git LFS.*git lfs pull/,
  ],
  [
    'a web page in place of a GGUF file',
    () => join(folder('page', { 'lora.gguf': '<!DOCTYPE html>' }), 'lora.gguf'),
    /^E_MODEL_FILE: .*a web page. Download the file again/,
  ],
  [
    'a model folder',
    () => folder('model', { 'adapter_config.json': null, 'config.json': '{}' }),
    /^E_MODEL_UNSUPPORTED: .*model folder with whole weights.*loreweave init --model/,
  ],
  [
    'a model’s file',
    () => here('model', 'adapter_model.safetensors'),
    /^E_MODEL_UNSUPPORTED: .*model folder/,
  ],
  [
    'the folder above adapters',
    () => root,
    /^E_DATA: .*there are adapters in bin, .*: name one of them/,
  ],
  [
    'weights without a configuration',
    () => join(folder('bare', { 'adapter_config.json': null }), 'adapter_model.safetensors'),
    /^E_DATA: adapter_config.json is missing in .*, beside adapter_model.safetensors/,
  ],
  [
    'a configuration of no known program',
    () => folder('odd', { 'adapter_config.json': '{"a":1}' }),
    /^E_MODEL_UNSUPPORTED: adapter_config.json: peft_type left out/,
  ],
  [
    'a configuration that is no JSON',
    () => folder('text', { 'adapter_config.json': '{' }),
    /^E_MODEL_FILE: adapter_config.json: is not JSON/,
  ],
  [
    'a pattern without end',
    () => {
      const config = {
        ...json('peft', 'adapter_config.json'),
        rank_pattern: { '(\\w+\\w*\\w*\\.?)+!': 2 },
      }
      return folder('endless', { 'adapter_config.json': JSON.stringify(config) })
    },
    /^E_MODEL_FILE: adapter_config.json: a pattern takes more than 1000 ms/,
  ],
  [
    'whole weights of mlx-lm',
    () => folder('full', { 'adapter_config.json': '{"fine_tune_type":"full"}' }),
    /^E_MODEL_UNSUPPORTED: mlx-lm adapter.*mlx_lm.fuse/,
  ],
])('the error for %s names it and says what to do', (_, path, message) => {
  expect(refusal(path())).toMatch(message)
})

// The sizes agree, so only the name can tell.
test.each<[string | undefined, boolean]>([
  [undefined, false],
  ['owner/Small-1B', false],
  ['unsloth/small-1b-unsloth-bnb-4bit', false],
  ['mlx-community/Small-1B-4bit', false],
  ['/home/somebody/models/Small-1B/', false],
  ['C:\\models\\Small-1B.Q4_K_M.gguf', false],
  ['owner/Small-1B-base', true],
  ['other/Large-2B', true],
])('made for %s: a note is %s', (madeFor, isNoted) => {
  const note = otherBaseNote(madeFor, own())
  expect(note !== null).toBe(isNoted)
  if (note) expect(note).toContain(`"${madeFor}"; this model is owner/Small-1B`)
})
